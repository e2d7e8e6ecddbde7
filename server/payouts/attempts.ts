// What SQL must put together to say where an attempt is: making a file writes nothing per line, so that whether an unanswered attempt
// has been sent, and in which file, follows from its place in the batch.
import { and, eq, gt, lte, ne, or, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { UnitContext } from '../db/unit.ts'
import type { AttemptOutcome } from './rules.ts'

type Tables = UnitContext['tables']

/** The outcome as people see it (rules.ts); the batch is joined. */
export const outcomeIn = ({ payoutAttempts: a, payoutBatches: b }: Tables): SQL<AttemptOutcome> => sql<AttemptOutcome>`
  case when ${a.outcome} <> 'unanswered' then ${a.outcome} when ${a.seq} <= ${b.exportedSeq} then 'exported' else 'pending' end`

/** True of what `outcomeIn` shows as that outcome, in one batch whose files hold the lines through `exportedSeq`; joins nothing. */
export function isOutcome(
  { payoutAttempts: a }: Pick<Tables, 'payoutAttempts'>,
  outcome: AttemptOutcome,
  exportedSeq: number,
): SQL | undefined {
  if (outcome !== 'exported' && outcome !== 'pending') return eq(a.outcome, outcome)
  return and(eq(a.outcome, 'unanswered'), (outcome === 'exported' ? lte : gt)(a.seq, exportedSeq))
}

/** True while the money is in transit: sent and not answered, or not known. The batch is joined. */
export const isInTransit = ({ payoutAttempts: a, payoutBatches: b }: Tables): SQL | undefined =>
  or(eq(a.outcome, 'unknown'), and(eq(a.outcome, 'unanswered'), lte(a.seq, b.exportedSeq)))

/** True before a file holds it. The batch is joined. */
export const isPending = ({ payoutAttempts: a, payoutBatches: b }: Tables): SQL | undefined =>
  and(eq(a.outcome, 'unanswered'), gt(a.seq, b.exportedSeq))

/** Joins an attempt to the file that holds it. */
export const isInFile = ({ payoutAttempts: a, payoutFiles: f }: Tables): SQL | undefined =>
  and(eq(f.batchId, a.batchId), lte(f.fromSeq, a.seq), lte(a.seq, f.throughSeq), ne(a.outcome, 'withdrawn'))
