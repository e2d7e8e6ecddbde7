// Batch jobs of personal data.
import type { BatchJob } from '../batch/job.ts'
import { resealPersonalData } from './reseal.ts'

export const personalDataJobs: readonly BatchJob[] = [
  {
    name: 'reseal',
    describe: 'Seals phone and bank numbers anew with the newest key, so that older keys may go',
    options: {},
    async run({ database, sealer }, _, progress) {
      const { resealed, retiredKeys } = await resealPersonalData(database, sealer, progress)
      return [`${resealed} values are sealed anew.`, `${retiredKeys} older keys are needed no more.`]
    },
  },
]
