// The batch jobs there are, by noun.
import { personalDataJobs } from '../personal-data/batch.ts'
import { payoutJobs } from '../payouts/batch.ts'
import type { BatchJob } from './job.ts'

export const batchJobs: readonly BatchJob[] = [...personalDataJobs, ...payoutJobs]
