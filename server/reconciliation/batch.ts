// `npm run batch -- reconcile`: days or batches compared again, with what is open of each.
import { reconcileSubject } from '#shared/contracts/http/reconciliation.ts'
import { formatYuan } from '#shared/units/fen.ts'
import type { BatchJob } from '../batch/job.ts'
import { InvalidRequestError } from '../http/problem.ts'
import { dueSubjects, reconcileAll } from './reconcile.ts'
import type { Subject } from './reconcile.ts'

/** By the contract of the request. Refuses, naming the option. */
function readSubject(option: string, named: Subject): Subject {
  const subject = reconcileSubject.body.safeParse(named)
  if (subject.success) return subject.data
  throw new InvalidRequestError(subject.error.issues.map(({ message }) => ({ field: option, message })))
}

const reconcileJob: BatchJob = {
  name: 'reconcile',
  describe: 'Compares books and statements: one day of top-ups, one payout batch, or all that is due.',
  options: {
    day: { value: 'DAY', describe: 'a day of the top-ups, as 2026-11-27' },
    batch: { value: 'NUMBER', describe: 'a payout batch' },
  },
  async run({ database }, { day, batch }, progress) {
    const named: Subject[] = [
      ...(typeof day === 'string' ? [readSubject('day', { channel: 'top-ups', subject: day })] : []),
      ...(typeof batch === 'string' ? [readSubject('batch', { channel: 'payouts', subject: batch })] : []),
    ]
    const subjects = named.length > 0 ? named : await database.read(dueSubjects)
    const found = await reconcileAll(database, subjects, progress)
    return found.map(
      ({ channel, subject, differenceFen, openCount }) =>
        `${channel} ${subject}: ${openCount === 0 ? 'agrees' : `${openCount} open, ${formatYuan(differenceFen)} yuan`}`,
    )
  },
}

export const reconciliationJobs: readonly BatchJob[] = [reconcileJob]
