// Batch jobs of the audit trail.
import type { BatchJob } from '../batch/job.ts'
import { RefusalError } from '../errors/refusal.ts'
import { checkAudit, describeBroken } from './check-audit.ts'

export const auditJobs: readonly BatchJob[] = [
  {
    name: 'audit-check',
    describe: 'Proves the audit trail; fails and names the first row that is wrong of each broken chain',
    options: {},
    async run({ database }, _, progress) {
      const { checkedRows, checkedChains, broken } = await checkAudit(database, progress)
      const sentences = broken.map(describeBroken)
      if (sentences.length > 0) throw new RefusalError('audit.broken', sentences.join('\n'))
      return [`${checkedRows} rows in ${checkedChains} chains are as they were written.`]
    },
  },
]
