// The batch jobs there are, by noun.
import { distributionJobs } from '../distributions/batch.ts'
import { incomeJobs } from '../incomes/batch.ts'
import { auditJobs } from '../audit/batch.ts'
import { cabinetJobs } from '../cabinets/batch.ts'
import { commandKeyJobs } from '../command-keys/batch.ts'
import { organisationJobs } from '../organisations/batch.ts'
import { personalDataJobs } from '../personal-data/batch.ts'
import { payoutJobs } from '../payouts/batch.ts'
import { reconciliationJobs } from '../reconciliation/batch.ts'
import { replenishmentJobs } from '../replenishment/batch.ts'
import { retentionJobs } from '../retention/batch.ts'
import { restockTaskJobs } from '../restock-tasks/batch.ts'
import type { BatchJob } from './job.ts'

export const batchJobs: readonly BatchJob[] = [
  ...distributionJobs,
  ...organisationJobs,
  ...incomeJobs,
  ...personalDataJobs,
  ...auditJobs,
  ...cabinetJobs,
  ...commandKeyJobs,
  ...payoutJobs,
  ...reconciliationJobs,
  ...replenishmentJobs,
  ...restockTaskJobs,
  ...retentionJobs,
]
