// Batch job of retention; the server does the same by itself every hour.
import type { BatchJob } from '../batch/job.ts'
import { applyRetention, rehearseRetention, type Removed } from './apply-retention.ts'

const sentence = ({ name, keptDays, why, count }: Removed, verb: string) =>
  `${name.padEnd(20)} ${count} ${verb} (kept ${keptDays} days: ${why})`

export const retentionJobs: readonly BatchJob[] = [
  {
    name: 'retention',
    describe: 'Lets go of what was kept long enough, by class of data',
    options: { 'dry-run': { describe: 'Only counts what would go' } },
    async run(parts, args, progress) {
      if (args['dry-run'] === true) return (await rehearseRetention(parts)).map((one) => sentence(one, 'would go'))
      return (await applyRetention(parts, { progress })).map((one) => sentence(one, 'removed'))
    },
  },
]
