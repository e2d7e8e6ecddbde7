// Explains a payout line down to the ledger: the entries of its income kind on the household's account since the household's last
// paid line of the kind. What that one left unpaid is carried in, what these entries came to beyond the line is held back:
// carried in + Σ entries − held back = amount. Each entry explains itself further, to its sale or distribution.
import { and, asc, desc, eq, gt, lt, lte, not, or, sql } from 'drizzle-orm'
import { like } from 'drizzle-orm'
import { sumOf } from '../db/expressions.ts'
import { behindKey, keyOfCursor, pageOfRows } from '../db/keyset.ts'
import type { PageRequest } from '../db/keyset.ts'
import { one, rows } from '../db/unit.ts'
import type { UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { accountIdOf } from '../ledger/account-kinds.ts'
import { isInTransit, outcomeIn } from './attempts.ts'
import { isOfKind, isPaidOut } from './income-entries.ts'
import { withoutNulls } from './show-payouts.ts'

export function* explainLine(ctx: UnitContext, batchId: string, lineId: string, query: PageRequest) {
  const { payoutAttempts: a, payoutBatches: b, ledgerEntries: e } = ctx.tables
  const line = yield* one(
    ctx.db
      .select({
        householdCode: a.householdCode,
        incomeKind: a.incomeKind,
        amountFen: a.amountFen,
        state: outcomeIn(ctx.tables),
        // A follow-up has the cut-off of the batch it follows.
        throughMs: b.cutoffMs,
      })
      .from(a)
      .innerJoin(b, eq(b.batchId, a.batchId))
      .where(eq(a.lineId, lineId))
      .orderBy(desc(a.attempt))
      .limit(1),
  )
  const attempts = yield* rows(
    ctx.db
      .select({
        batchId: a.batchId,
        attempt: a.attempt,
        batchNo: b.batchNo,
        outcome: outcomeIn(ctx.tables),
        failReason: a.failReason,
        bankSerialNo: a.bankSerialNo,
        draftedAtMs: b.createdAtMs,
      })
      .from(a)
      .innerJoin(b, eq(b.batchId, a.batchId))
      .where(eq(a.lineId, lineId))
      .orderBy(asc(a.attempt)),
  )
  const [first] = attempts
  if (line === undefined || first === undefined || !attempts.some((attempt) => attempt.batchId === batchId))
    throw new RefusalError('payout.line_unknown')
  const before = yield* one(
    ctx.db
      .select({ throughMs: b.cutoffMs })
      .from(a)
      .innerJoin(b, eq(b.batchId, a.batchId))
      .where(
        and(
          eq(a.householdCode, line.householdCode),
          eq(a.incomeKind, line.incomeKind),
          lt(a.lineId, lineId),
          or(eq(a.outcome, 'paid'), isInTransit(ctx.tables)),
        ),
      )
      .orderBy(desc(b.cutoffMs))
      .limit(1),
  )
  const fromMs = before?.throughMs ?? -1
  const isOurs = and(
    eq(e.accountId, accountIdOf('household', line.householdCode)),
    isOfKind(sql`${e.transferId}`, line.incomeKind),
  )
  const isPayout = or(like(e.transferId, 'payout-line:%'), like(e.transferId, 'payout-return:%'))
  // Ids sort by the line behind the cause: this line's own movements, and those of lines after it, are none of its income.
  const isOfLineBefore = or(
    and(like(e.transferId, 'payout-line:%'), lt(e.transferId, `payout-line:${lineId}`)),
    and(like(e.transferId, 'payout-return:%'), lt(e.transferId, `payout-return:${lineId}`)),
  )
  const isEarnedBefore = and(not(sql`${isPayout}`), lte(e.atMs, Math.min(fromMs, line.throughMs)))
  const isPaidBefore = and(isOfLineBefore, isPaidOut(sql`${e.transferId}`, sql`${e.atMs}`, first.draftedAtMs))
  const carried = yield* one(
    ctx.db
      .select({ totalFen: sumOf(e.amountFen) })
      .from(e)
      .where(and(isOurs, or(isEarnedBefore, isPaidBefore))),
  )
  const isIncome = and(isOurs, gt(e.atMs, fromMs), lte(e.atMs, line.throughMs), sql`not ${isPayout}`)
  const earned = yield* one(
    ctx.db
      .select({ totalFen: sumOf(e.amountFen) })
      .from(e)
      .where(isIncome),
  )
  const found = yield* rows(
    ctx.db
      .select({ transferId: e.transferId, atMs: e.atMs, amountFen: e.amountFen })
      .from(e)
      .where(and(isIncome, behindKey([e.atMs, e.transferId], keyOfCursor(query.cursor, 2), 'ascending')))
      .orderBy(asc(e.atMs), asc(e.transferId))
      .limit(query.limit + 1),
  )
  const carriedInFen = carried?.totalFen ?? 0
  const page = pageOfRows(
    found,
    query.limit,
    (row) => [row.atMs, row.transferId],
    (row) => row,
  )
  return {
    lineId,
    householdCode: line.householdCode,
    amountFen: line.amountFen,
    state: line.state,
    attempts: attempts.map(({ draftedAtMs: _draftedAtMs, ...attempt }) => withoutNulls(attempt)),
    carriedInFen,
    heldBackFen: carriedInFen + (earned?.totalFen ?? 0) - line.amountFen,
    ...page,
  }
}
