// What a person must look at: batches whose bank has not answered in time, and any fen in transit that no line accounts for. Run
// hourly; found things are logged as errors and counted in gauges that alerts watch.
import { and, eq, gt, inArray, lt } from 'drizzle-orm'
import type { ServerContext } from '../context.ts'
import { sumOf } from '../db/expressions.ts'
import { one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { namedAccounts } from '../ledger/account-kinds.ts'
import { balanceOf } from '../ledger/balances.ts'
import { isInTransit } from './attempts.ts'

export interface PayoutFindings {
  /** Numbers of batches that the bank has not answered by their day. */
  readonly overdue: readonly string[]
  /** Sentences; empty when every fen in transit belongs to a line. */
  readonly problems: readonly string[]
}

export function* findPayoutProblems(ctx: UnitContext): Unit<PayoutFindings> {
  const { payoutBatches: b, payoutAttempts: a } = ctx.tables
  const overdue = yield* rows(
    ctx.db
      .select({ batchNo: b.batchNo })
      .from(b)
      .where(and(inArray(b.state, ['APPROVED', 'EXPORTED']), lt(b.returnDueMs, ctx.now()))),
  )
  const inTransit = yield* one(
    ctx.db
      .select({ totalFen: sumOf(a.amountFen) })
      .from(b)
      .innerJoin(a, eq(a.batchId, b.batchId))
      // The others have sent nothing yet, or every line of theirs is answered.
      .where(and(inArray(b.state, ['APPROVED', 'EXPORTED']), gt(b.exportedSeq, 0), isInTransit(ctx.tables))),
  )
  const problems: string[] = []
  const held = yield* balanceOf(ctx, namedAccounts.payouts)
  if (held !== (inTransit?.totalFen ?? 0))
    problems.push(`${namedAccounts.payouts} holds ${held} fen, lines in transit come to ${inTransit?.totalFen ?? 0}`)
  return { overdue: overdue.map(({ batchNo }) => batchNo), problems }
}

export async function checkPayouts({ database, logger, metrics }: ServerContext): Promise<void> {
  const { overdue, problems } = await database.read(findPayoutProblems)
  metrics.payoutsOverdue.set(overdue.length)
  metrics.payoutProblems.set(problems.length)
  if (overdue.length > 0) logger.error({ overdue }, 'the bank has not answered payouts in time')
  if (problems.length > 0) logger.error({ problems }, 'payouts and ledger disagree')
}
