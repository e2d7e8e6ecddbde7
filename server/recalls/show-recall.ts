// What a recall reaches: the cabinets and lanes, whether each cabinet has taken the lock over, the orders, and, for those who
// may, the buyers.
import { and, asc, eq, gt, isNotNull, isNull, sql } from 'drizzle-orm'
import type { z } from 'zod'
import type { Recall, RecallBuyer, RecallPlace } from '#shared/contracts/http/recalls.ts'
import { sumOf } from '../db/expressions.ts'
import {
  behindInTime,
  behindKey,
  inTimeOrder,
  keyOfCursor,
  type Page,
  pageOfRows,
  type PageRequest,
  type TimedPageRequest,
} from '../db/keyset.ts'
import { one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { findRecall } from './find-recalls.ts'

type RecallView = z.input<typeof Recall>

export function* requireRecall(ctx: UnitContext, recallId: string) {
  const recall = yield* findRecall(ctx, recallId)
  if (recall === undefined) throw new RefusalError('recall.unknown')
  return recall
}

function selectRecalls({ db, tables: { recalls: t, lots, skus } }: UnitContext) {
  return db
    .select({ recall: t, traceCode: lots.traceCode, skuName: skus.name })
    .from(t)
    .innerJoin(lots, eq(lots.lotId, t.lotId))
    .innerJoin(skus, eq(skus.skuId, lots.skuId))
}
type Found = Awaited<ReturnType<typeof selectRecalls>>[number]

function showRecall({ recall, traceCode, skuName }: Found): RecallView {
  const { closedAtMs, closedBy: _by, closeNote, openedBy: _opener, ...shown } = recall
  return {
    ...shown,
    traceCode,
    skuName,
    ...(closedAtMs === null ? {} : { closedAtMs }),
    ...(closeNote === null ? {} : { closeNote }),
  }
}

/** Refuses with recall.unknown. */
export function* getRecall(ctx: UnitContext, recallId: string): Unit<RecallView> {
  const found = yield* one(selectRecalls(ctx).where(eq(ctx.tables.recalls.recallId, recallId)))
  if (found === undefined) throw new RefusalError('recall.unknown')
  return showRecall(found)
}

export function* listRecalls(
  ctx: UnitContext,
  query: TimedPageRequest & { readonly isOpen?: boolean | undefined },
): Unit<Page<RecallView>> {
  const { recalls: t } = ctx.tables
  const isWanted =
    query.isOpen === undefined ? undefined : query.isOpen ? isNull(t.closedAtMs) : isNotNull(t.closedAtMs)
  const found = yield* rows(
    selectRecalls(ctx)
      .where(and(isWanted, behindInTime([t.recallId], query)))
      .orderBy(...inTimeOrder([t.recallId], query))
      .limit(query.limit + 1),
  )
  return pageOfRows(found, query.limit, ({ recall }) => [recall.recallId], showRecall)
}

/** Lanes locked for the recall, with what the books say lies there. */
export function* listPlaces(
  ctx: UnitContext,
  recallId: string,
  query: PageRequest,
): Unit<Page<z.input<typeof RecallPlace>>> {
  const { laneLocks: k, cabinets: c, hostSites: h, cabinetStatuses: s, laneStock: l, cabinetTwins: w } = ctx.tables
  const { lotId } = yield* requireRecall(ctx, recallId)
  const found = yield* rows(
    ctx.db
      .select({
        lockId: k.lockId,
        cabinetId: k.cabinetId,
        cabinetCode: c.code,
        hostSiteName: h.name,
        laneId: k.laneId,
        units: sql<number>`coalesce(${l.units}, 0)`.mapWith(Number),
        isOnline: s.isOnline,
        reported: s.reported,
        version: w.version,
        releasedAtMs: k.releasedAtMs,
      })
      .from(k)
      .innerJoin(c, eq(c.cabinetId, k.cabinetId))
      .innerJoin(h, eq(h.hostSiteId, c.hostSiteId))
      .innerJoin(s, eq(s.cabinetId, k.cabinetId))
      .innerJoin(w, eq(w.cabinetId, k.cabinetId))
      .leftJoin(l, and(eq(l.cabinetId, k.cabinetId), eq(l.laneId, k.laneId), eq(l.lotId, lotId)))
      .where(and(eq(k.causeId, recallId), behindKey([k.lockId], keyOfCursor(query.cursor, 1), 'ascending')))
      .orderBy(asc(k.lockId))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    ({ lockId }) => [lockId],
    ({ lockId: _lock, reported, version: _version, releasedAtMs, ...place }) => ({
      ...place,
      isLockedThere: reported?.lockedLaneIds?.includes(place.laneId) === true,
      isReleased: releasedAtMs !== null,
    }),
  )
}

/** Orders with the lot, and who bought; for those who may know. */
export function* listBuyers(
  ctx: UnitContext,
  recallId: string,
  query: PageRequest,
): Unit<Page<z.input<typeof RecallBuyer>>> {
  const { saleLines: l, shoppingSessions: s, saleRefunds: r } = ctx.tables
  const { lotId } = yield* requireRecall(ctx, recallId)
  const refunded = ctx.db
    .select({ saleLineId: r.saleLineId, fen: sumOf(r.amountFen).as('refunded_fen') })
    .from(r)
    .groupBy(r.saleLineId)
    .as('refunded')
  const found = yield* rows(
    ctx.db
      .select({
        saleLineId: l.saleLineId,
        sessionId: l.sessionId,
        cabinetCode: s.cabinetCode,
        accountId: s.accountId,
        buyerName: s.accountName,
        count: l.count,
        massMg: l.massMg,
        amountFen: l.amountFen,
        refundedFen: sql<number>`coalesce(${refunded.fen}, 0)`.mapWith(Number),
        atMs: l.atMs,
      })
      .from(l)
      .innerJoin(s, eq(s.sessionId, l.sessionId))
      .leftJoin(refunded, eq(refunded.saleLineId, l.saleLineId))
      .where(and(eq(l.lotId, lotId), behindKey([l.saleLineId], keyOfCursor(query.cursor, 1), 'ascending')))
      .orderBy(asc(l.saleLineId))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    ({ saleLineId }) => [saleLineId],
    ({ count, massMg, ...order }) => ({
      ...order,
      ...(count === null ? {} : { count }),
      ...(massMg === null ? {} : { massMg }),
    }),
  )
}

/** Lines of the lot with money that was not given back, oldest first. */
export function* findRefundable(ctx: UnitContext, lotId: string, limit: number) {
  const { saleLines: l, saleRefunds: r } = ctx.tables
  const backFen = sql<number>`coalesce((select sum(${r.amountFen}) from ${r} where ${r.saleLineId} = ${l.saleLineId}), 0)`
  return yield* rows(
    ctx.db
      .select({
        saleLineId: l.saleLineId,
        sessionId: l.sessionId,
        leftFen: sql<number>`${l.amountFen} - ${backFen}`.mapWith(Number),
      })
      .from(l)
      .where(and(eq(l.lotId, lotId), gt(l.amountFen, backFen)))
      .orderBy(asc(l.saleLineId))
      .limit(limit),
  )
}

export function* countBuyers({ db, tables: { saleLines: l, shoppingSessions: s } }: UnitContext, lotId: string) {
  const found = yield* one(
    db
      .select({
        orders: sql<number>`count(distinct ${l.sessionId})`.mapWith(Number),
        buyers: sql<number>`count(distinct ${s.accountId})`.mapWith(Number),
        soldFen: sumOf(l.amountFen),
      })
      .from(l)
      .innerJoin(s, eq(s.sessionId, l.sessionId))
      .where(eq(l.lotId, lotId)),
  )
  return found ?? { orders: 0, buyers: 0, soldFen: 0 }
}
