// Payouts as people see them: batches, lines, who was left out, the dry run of what will be booked, files and returns.
import { and, asc, eq, isNull, sql } from 'drizzle-orm'
import type { z } from 'zod'
import type * as contract from '#shared/contracts/http/payouts.ts'
import { countRows, sumOf } from '../db/expressions.ts'
import type { Page, PageRequest, TimedPageRequest } from '../db/keyset.ts'
import { behindInTime, behindKey, inTimeOrder, keyOfCursor, pageOfRows } from '../db/keyset.ts'
import { one, rows, sqlRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { householdScope } from '../personal-data/row-scope.ts'
import type { Viewer } from '../personal-data/row-scope.ts'
import { isPending, outcomeIn } from './attempts.ts'
import { fileNameOf } from './bank-file.ts'
import { postingsOf } from './postings.ts'
import { batchMoves, nextBatchState } from './rules.ts'
import type { BatchMove, BatchState, PayoutKind } from './rules.ts'
import { partsOf, requireBatch, requireProfile } from './store.ts'
import type { BatchRow } from './store.ts'

export type PayoutView = z.input<typeof contract.Payout>
type DetailView = z.input<typeof contract.PayoutDetail>

/** Leaves out what is NULL. */
export function withoutNulls<T extends object>(row: T): { [K in keyof T]: Exclude<T[K], null> } {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as {
    [K in keyof T]: Exclude<T[K], null>
  }
}

/** The bank should have answered by now and has not for every line; a batch of which only some files are made is due for those. */
export const isOverdue = ({ state, returnDueMs }: BatchRow, nowMs: number): boolean =>
  ['APPROVED', 'EXPORTED'].includes(state) && returnDueMs !== null && returnDueMs < nowMs

export function showBatch(ctx: Pick<UnitContext, 'now'>, batch: BatchRow): PayoutView {
  return {
    ...(withoutNulls(batch) as unknown as PayoutView),
    isDrafted: batch.draftCursor === null,
    isOverdue: isOverdue(batch, ctx.now()),
  }
}

export interface BatchQuery extends TimedPageRequest {
  readonly state?: BatchState | undefined
  readonly incomeKind?: PayoutKind | undefined
}

export function* listBatches(ctx: UnitContext, query: BatchQuery): Unit<Page<PayoutView>> {
  const { payoutBatches: b } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select()
      .from(b)
      .where(
        and(
          behindInTime([b.batchId], query),
          query.state === undefined ? undefined : eq(b.state, query.state),
          query.incomeKind === undefined ? undefined : eq(b.incomeKind, query.incomeKind),
        ),
      )
      .orderBy(...inTimeOrder([b.batchId], query))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    (row) => [row.batchId],
    (row) => showBatch(ctx, row),
  )
}

export function* findBatch(ctx: UnitContext, batchId: string): Unit<DetailView> {
  const batch = yield* requireBatch(ctx, batchId)
  const { payoutAttempts: a, payoutBatches: b, payoutObjections: o, accounts } = ctx.tables
  const parts: DetailView['parts'] = []
  for (const { accountId, step, atMs } of yield* partsOf(ctx, batchId)) {
    const person = yield* one(
      ctx.db.select({ name: accounts.displayName }).from(accounts).where(eq(accounts.accountId, accountId)),
    )
    parts.push({ accountId, name: person?.name ?? accountId, part: step, atMs })
  }
  const outcomes = yield* rows(
    ctx.db
      .select({ outcome: outcomeIn(ctx.tables), count: countRows(), amountFen: sumOf(a.amountFen) })
      .from(a)
      .innerJoin(b, eq(b.batchId, a.batchId))
      .where(eq(a.batchId, batchId))
      .groupBy(outcomeIn(ctx.tables))
      .orderBy(asc(outcomeIn(ctx.tables))),
  )
  const open = yield* one(
    ctx.db
      .select({ count: countRows() })
      .from(o)
      .where(and(eq(o.batchId, batchId), isNull(o.decision))),
  )
  return {
    ...showBatch(ctx, batch),
    parts,
    required: {
      review: batch.reviewsRequired,
      approve: batch.approvalsRequired,
      release: batch.releasesRequired,
    },
    outcomes,
    moves: (Object.keys(batchMoves) as BatchMove[]).filter((move) => nextBatchState(batch.state, move) !== undefined),
    openObjections: open?.count ?? 0,
  }
}

export function* listSkips(ctx: UnitContext, batchId: string, query: PageRequest) {
  const { payoutCandidates: c } = ctx.tables
  yield* requireBatch(ctx, batchId)
  const found = yield* rows(
    ctx.db
      .select({ householdCode: c.householdCode, amountFen: c.amountFen, reason: sql<string>`${c.reason}` })
      .from(c)
      .where(and(eq(c.batchId, batchId), behindKey([c.householdCode], keyOfCursor(query.cursor, 1), 'ascending')))
      .orderBy(asc(c.householdCode))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    (row) => [row.householdCode],
    (row) => row,
  )
}

/** The transfers that making the files will book, by the very SELECT that the ledger posts. */
export function* listPostings(ctx: UnitContext, batchId: string, query: PageRequest) {
  const { exportedSeq } = yield* requireBatch(ctx, batchId)
  const [cursorSeq] = keyOfCursor(query.cursor, 1) ?? []
  const afterSeq = Math.max(exportedSeq, Number(cursorSeq ?? 0))
  const { payoutAttempts: a, payoutBatches: b } = ctx.tables
  const [sum] = yield* rows(
    ctx.db
      .select({ count: countRows(), totalFen: sumOf(a.amountFen) })
      .from(a)
      .innerJoin(b, eq(b.batchId, a.batchId))
      .where(and(eq(a.batchId, batchId), isPending(ctx.tables))),
  )
  const pending = sql`a.batch_id = ${batchId} and a.outcome = 'unanswered' and a.seq > cast(${afterSeq} as bigint)`
  const found = yield* sqlRows<{
    seq: number
    transferId: string
    debitAccountId: string
    creditAccountId: string
    amountFen: number
  }>(sql`
    select n.seq, s.cause_kind || ':' || s.cause_id || ':' || s.leg as "transferId",
      s.debit_account_id as "debitAccountId", s.credit_account_id as "creditAccountId", s.amount_fen as "amountFen"
    from (${postingsOf('out', pending)}) s
    join payout_attempt n on n.line_id = s.cause_id and n.batch_id = ${batchId}
    order by n.seq limit ${sql.raw(String(query.limit + 1))}`)
  const page = pageOfRows(
    found,
    query.limit,
    (row) => [row.seq],
    ({ seq: _seq, ...row }) => row,
  )
  return { ...page, count: sum?.count ?? 0, totalFen: sum?.totalFen ?? 0 }
}

export function* listObjections(ctx: UnitContext, batchId: string, query: PageRequest) {
  const { payoutObjections: o } = ctx.tables
  yield* requireBatch(ctx, batchId)
  const found = yield* rows(
    ctx.db
      .select()
      .from(o)
      .where(and(eq(o.batchId, batchId), behindKey([o.objectionId], keyOfCursor(query.cursor, 1), 'ascending')))
      .orderBy(asc(o.objectionId))
      .limit(query.limit + 1),
  )
  return pageOfRows(found, query.limit, (row) => [row.objectionId], withoutNulls)
}

export function* listFiles(ctx: UnitContext, batchId: string, query: PageRequest) {
  const { payoutFiles: f } = ctx.tables
  const batch = yield* requireBatch(ctx, batchId)
  const profile = yield* requireProfile(ctx, batch.profileId, batch.profileVersion)
  const found = yield* rows(
    ctx.db
      .select()
      .from(f)
      .where(and(eq(f.batchId, batchId), behindKey([f.fileNo], keyOfCursor(query.cursor, 1), 'ascending')))
      .orderBy(asc(f.fileNo))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    (row) => [row.fileNo],
    (row) => ({ ...row, fileName: fileNameOf(profile, batch.batchNo, row.fileNo) }),
  )
}

export function* listReturns(ctx: UnitContext, batchId: string, query: PageRequest) {
  const { payoutReturns: r } = ctx.tables
  yield* requireBatch(ctx, batchId)
  const found = yield* rows(
    ctx.db
      .select()
      .from(r)
      .where(and(eq(r.batchId, batchId), behindKey([r.returnId], keyOfCursor(query.cursor, 1), 'ascending')))
      .orderBy(asc(r.returnId))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    (row) => [row.returnId],
    (row) => row,
  )
}

/** Of a helper only the own households. */
export function* listVerifications(ctx: UnitContext, viewer: Viewer, batchId: string, query: PageRequest) {
  const { payoutVerifications: v, payoutAttempts: a, households: h } = ctx.tables
  yield* requireBatch(ctx, batchId)
  const found = yield* rows(
    ctx.db
      .select({
        lineId: v.lineId,
        householdCode: a.householdCode,
        headName: sql<string>`coalesce(${h.headName}, '')`,
        amountFen: a.amountFen,
        answer: v.answer,
        note: v.note,
        askedAtMs: v.askedAtMs,
      })
      .from(v)
      .innerJoin(a, and(eq(a.lineId, v.lineId), eq(a.batchId, v.batchId)))
      .leftJoin(h, eq(h.householdCode, a.householdCode))
      .where(
        and(
          eq(v.batchId, batchId),
          householdScope(ctx, viewer),
          behindKey([v.lineId], keyOfCursor(query.cursor, 1), 'ascending'),
        ),
      )
      .orderBy(asc(v.lineId))
      .limit(query.limit + 1),
  )
  return pageOfRows(found, query.limit, (row) => [row.lineId], withoutNulls)
}
