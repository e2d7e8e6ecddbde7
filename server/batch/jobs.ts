// The batch jobs there are, by noun.
import { distributionJobs } from '../distributions/batch.ts'
import { personalDataJobs } from '../personal-data/batch.ts'
import { payoutJobs } from '../payouts/batch.ts'
import type { BatchJob } from './job.ts'

export const batchJobs: readonly BatchJob[] = [...distributionJobs, ...personalDataJobs, ...payoutJobs]
