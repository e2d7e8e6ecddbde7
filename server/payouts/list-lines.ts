// The lines of a payout as people see them, by their place in it or by amount.
import { and, eq, inArray, sql } from 'drizzle-orm'
import type { z } from 'zod'
import type { PayoutLine } from '#shared/contracts/http/payouts.ts'
import type { Page, PageRequest } from '../db/keyset.ts'
import { behindKey, inNameOrder, keyOfCursor, pageOfRows } from '../db/keyset.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { isInFile, isOutcome, outcomeIn } from './attempts.ts'
import type { AttemptOutcome } from './rules.ts'
import { withoutNulls } from './show-payouts.ts'
import { requireBatch } from './store.ts'

type LineView = z.input<typeof PayoutLine>

export interface LineQuery extends PageRequest {
  readonly outcome?: AttemptOutcome | undefined
  /** By place in the batch unless asked otherwise. */
  readonly order?: 'ascending' | 'descending' | 'amount-lowest' | 'amount-highest' | undefined
}

/** Lines by place, or by amount and place. */
export function* listLines(ctx: UnitContext, batchId: string, query: LineQuery): Unit<Page<LineView>> {
  const { payoutAttempts: a, payoutBatches: b, payoutFiles: f, payeeAccounts: p, households: h } = ctx.tables
  const isByAmount = query.order === 'amount-lowest' || query.order === 'amount-highest'
  const direction = query.order === 'descending' || query.order === 'amount-highest' ? 'descending' : 'ascending'
  const key = isByAmount ? [a.amountFen, a.seq] : [a.seq]
  const { exportedSeq } = yield* requireBatch(ctx, batchId)
  // No index goes by amount: the batch's lines are sorted by themselves, before anything but the page is joined.
  const page = ctx.db
    .select({ seq: a.seq })
    .from(a)
    .where(
      and(
        eq(a.batchId, batchId),
        behindKey(key, keyOfCursor(query.cursor, key.length), direction),
        query.outcome === undefined ? undefined : isOutcome(ctx.tables, query.outcome, exportedSeq),
      ),
    )
    .orderBy(...inNameOrder(key, { order: direction }))
    .limit(query.limit + 1)
  const found = yield* rows(
    ctx.db
      .select({
        seq: a.seq,
        lineId: a.lineId,
        householdCode: a.householdCode,
        headName: sql<string>`coalesce(${h.headName}, ${p.name})`,
        amountFen: a.amountFen,
        attempt: a.attempt,
        outcome: outcomeIn(ctx.tables),
        accountLast4: p.last4,
        fileNo: f.fileNo,
        failCode: a.failCode,
        failReason: a.failReason,
        bankSerialNo: a.bankSerialNo,
        settledAtMs: a.settledAtMs,
        queriedAtMs: a.queriedAtMs,
      })
      .from(a)
      .innerJoin(b, eq(b.batchId, a.batchId))
      .innerJoin(p, eq(p.payeeAccountId, a.payeeAccountId))
      .leftJoin(f, isInFile(ctx.tables))
      .leftJoin(h, eq(h.householdCode, a.householdCode))
      .where(and(eq(a.batchId, batchId), inArray(a.seq, page)))
      .orderBy(...inNameOrder(key, { order: direction })),
  )
  return pageOfRows(found, query.limit, ({ amountFen, seq }) => (isByAmount ? [amountFen, seq] : [seq]), withoutNulls)
}
