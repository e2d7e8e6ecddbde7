// The desk's SQL: notices with the household they belong to, lines with order and notice.
import { and, asc, eq, inArray } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { TimeSorted } from '../db/keyset.ts'
import { inTimeOrder } from '../db/keyset.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { householdScope } from '../personal-data/row-scope.ts'
import type { Viewer } from '../personal-data/row-scope.ts'

export type NoticeRow = UnitContext['tables']['surplusNotices']['$inferSelect']
export type OrderRow = UnitContext['tables']['surplusOrders']['$inferSelect']

/** A notice with what a viewer in scope may know of its household. */
export interface PlacedNotice {
  readonly notice: NoticeRow
  readonly headName: string
  readonly helperName: string | null
  readonly villageName: string
  readonly townName: string
}

/** Notices in the viewer's scope, newest first unless sorted otherwise. */
export function* findNotices(
  ctx: UnitContext,
  viewer: Viewer,
  where: SQL | undefined,
  limit: number,
  sorted: TimeSorted = {},
): Unit<PlacedNotice[]> {
  const { surplusNotices: n, households: h, villages: v } = ctx.tables
  return yield* rows(
    ctx.db
      .select({
        notice: n,
        headName: h.headName,
        helperName: h.helperName,
        villageName: v.name,
        townName: v.townName,
      })
      .from(n)
      .innerJoin(h, eq(h.householdCode, n.householdCode))
      .innerJoin(v, eq(v.villageCode, h.villageCode))
      .where(and(householdScope(ctx, viewer), where))
      .orderBy(...inTimeOrder([n.noticeId], sorted))
      .limit(limit),
  )
}

/** Notices by id among those in scope, in the order of their household codes. */
export function* findNoticesById(ctx: UnitContext, viewer: Viewer, noticeIds: readonly string[]): Unit<NoticeRow[]> {
  const { surplusNotices: n, households: h } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select({ notice: n })
      .from(n)
      .innerJoin(h, eq(h.householdCode, n.householdCode))
      .where(and(householdScope(ctx, viewer), inArray(n.noticeId, [...noticeIds])))
      .orderBy(asc(n.householdCode), asc(n.noticeId)),
  )
  return found.map(({ notice }) => notice)
}

/** Lines in the viewer's scope, newest first unless sorted otherwise. */
export function* findLines(
  ctx: UnitContext,
  viewer: Viewer,
  where: SQL | undefined,
  limit: number,
  sorted: TimeSorted = {},
) {
  const { surplusLines: l, surplusOrders: o, surplusNotices: n, households: h } = ctx.tables
  return yield* rows(
    ctx.db
      .select({
        lineId: l.lineId,
        orderId: l.orderId,
        noticeId: l.noticeId,
        householdCode: n.householdCode,
        headName: h.headName,
        productName: n.productName,
        channel: o.channel,
        buyerName: o.buyerName,
        massMg: l.massMg,
        amountFen: l.amountFen,
        state: o.state,
        agreedAtMs: o.agreedAtMs,
        endedAtMs: o.endedAtMs,
      })
      .from(l)
      .innerJoin(o, eq(o.orderId, l.orderId))
      .innerJoin(n, eq(n.noticeId, l.noticeId))
      .innerJoin(h, eq(h.householdCode, n.householdCode))
      .where(and(householdScope(ctx, viewer), where))
      .orderBy(...inTimeOrder([l.lineId], sorted))
      .limit(limit),
  )
}

export type LineRow = ReturnType<typeof findLines> extends Unit<Array<infer T>> ? T : never
