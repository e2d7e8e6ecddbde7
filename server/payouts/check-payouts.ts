// What a person must look at: batches whose bank has not answered in time, and any fen in transit that no line accounts for. Run
// hourly; found things are logged as errors and counted in gauges that alerts watch.
import { and, eq, inArray, lt, sql } from 'drizzle-orm'
import type { ServerContext } from '../context.ts'
import { sumOf } from '../db/expressions.ts'
import { one, rows, sqlRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { namedAccounts } from '../ledger/account-kinds.ts'
import { balanceOf } from '../ledger/balances.ts'

export interface PayoutFindings {
  /** Numbers of batches that the bank has not answered by their day. */
  readonly overdue: readonly string[]
  /** Sentences; empty when every fen in transit belongs to a line. */
  readonly problems: readonly string[]
}

export function* findPayoutProblems(ctx: UnitContext): Unit<PayoutFindings> {
  const { payoutBatches: b, payoutAttempts: a, payoutLines: l } = ctx.tables
  const overdue = yield* rows(
    ctx.db
      .select({ batchNo: b.batchNo })
      .from(b)
      .where(and(eq(b.state, 'EXPORTED'), lt(b.returnDueMs, ctx.now()))),
  )
  const inTransit = yield* one(
    ctx.db
      .select({ totalFen: sumOf(l.amountFen) })
      .from(a)
      .innerJoin(l, eq(l.lineId, a.lineId))
      .where(inArray(a.outcome, ['exported', 'unknown'])),
  )
  const problems: string[] = []
  const held = yield* balanceOf(ctx, namedAccounts.payouts)
  if (held !== (inTransit?.totalFen ?? 0))
    problems.push(`${namedAccounts.payouts} holds ${held} fen, lines in transit come to ${inTransit?.totalFen ?? 0}`)
  const disagreeing = yield* sqlRows<{ lineId: string }>(sql`
    select l.line_id as "lineId" from payout_line l
    join payout_attempt a on a.line_id = l.line_id
    where not exists (select 1 from payout_attempt n where n.line_id = a.line_id and n.attempt > a.attempt)
      and case l.state when 'drafted' then 'pending' else l.state end <> a.outcome
      and not (l.state = 'failed' and a.outcome = 'pending')
    order by l.line_id limit 20`)
  problems.push(...disagreeing.map(({ lineId }) => `line ${lineId} and its newest attempt disagree`))
  return { overdue: overdue.map(({ batchNo }) => batchNo), problems }
}

export async function checkPayouts({ database, logger, metrics }: ServerContext): Promise<void> {
  const { overdue, problems } = await database.read(findPayoutProblems)
  metrics.payoutsOverdue.set(overdue.length)
  metrics.payoutProblems.set(problems.length)
  if (overdue.length > 0) logger.error({ overdue }, 'the bank has not answered payouts in time')
  if (problems.length > 0) logger.error({ problems }, 'payouts and ledger disagree')
}
