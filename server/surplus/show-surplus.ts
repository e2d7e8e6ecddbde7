// What people see of the desk: notices, lines, and the desk at a glance; all within the viewer's scope.
import { and, asc, eq, gte, isNotNull, isNull, lt, sql } from 'drizzle-orm'
import type { z } from 'zod'
import type { getSurplusDesk, getSurplusNotice, SurplusLine, SurplusNotice } from '#shared/contracts/http/surplus.ts'
import { countRows, sumOf } from '../db/expressions.ts'
import type { Page, TimedPageRequest } from '../db/keyset.ts'
import { behindInTime, pageOfRows } from '../db/keyset.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { householdScope } from '../personal-data/row-scope.ts'
import type { Viewer } from '../personal-data/row-scope.ts'
import type { SurplusChannel, SurplusLevel } from './schema.ts'
import { findLines, findNotices } from './store.ts'
import type { LineRow, PlacedNotice } from './store.ts'

export type NoticeView = z.input<typeof SurplusNotice>
export type LineView = z.input<typeof SurplusLine>
export type NoticeDetail = z.input<(typeof getSurplusNotice)['reply']>
export type DeskView = z.input<(typeof getSurplusDesk)['reply']>

/** Lines shown with one notice; a notice of some tonnes has a few. */
const maxLinesOfNotice = 200

function showNotice({ notice, headName, helperName, villageName, townName }: PlacedNotice, nowMs: number): NoticeView {
  const { massMg, agreedMg, deliveredMg, deadlineAtMs, closedAtMs } = notice
  const { noticeId, householdCode, productName, category, level, levelDueAtMs, openedAtMs } = notice
  return {
    noticeId,
    householdCode,
    headName,
    villageName,
    townName,
    helperName: helperName ?? undefined,
    productName,
    category,
    massMg,
    agreedMg,
    deliveredMg,
    leftMg: massMg - deliveredMg,
    deadlineAtMs,
    level,
    levelDueAtMs,
    isOverdue: closedAtMs === null && deadlineAtMs < nowMs,
    openedAtMs,
    closedAtMs: closedAtMs ?? undefined,
  }
}

function showLine({ endedAtMs, ...line }: LineRow): LineView {
  return { ...line, endedAtMs: endedAtMs ?? undefined }
}

export interface NoticeQuery extends TimedPageRequest {
  readonly isOpen?: boolean | undefined
  readonly level?: SurplusLevel | undefined
  readonly townCode?: string | undefined
  readonly householdCode?: string | undefined
}

export function* listNotices(ctx: UnitContext, viewer: Viewer, query: NoticeQuery): Unit<Page<NoticeView>> {
  const { surplusNotices: n } = ctx.tables
  const { isOpen, level, townCode, householdCode } = query
  const where = and(
    behindInTime([n.noticeId], query),
    isOpen === undefined ? undefined : isOpen ? isNull(n.closedAtMs) : isNotNull(n.closedAtMs),
    level === undefined ? undefined : eq(n.level, level),
    townCode === undefined ? undefined : and(gte(n.householdCode, townCode), lt(n.householdCode, `${townCode}:`)),
    householdCode === undefined ? undefined : eq(n.householdCode, householdCode),
  )
  const found = yield* findNotices(ctx, viewer, where, query.limit + 1, query)
  return pageOfRows(
    found,
    query.limit,
    ({ notice }) => [notice.noticeId],
    (row) => showNotice(row, ctx.now()),
  )
}

/** One notice. Refuses with surplus.notice_unknown, also out of scope. */
export function* findNotice(ctx: UnitContext, viewer: Viewer, noticeId: string): Unit<NoticeView> {
  const [found] = yield* findNotices(ctx, viewer, eq(ctx.tables.surplusNotices.noticeId, noticeId), 1)
  if (found === undefined) throw new RefusalError('surplus.notice_unknown')
  return showNotice(found, ctx.now())
}

export function* showNoticeDetail(ctx: UnitContext, viewer: Viewer, noticeId: string): Unit<NoticeDetail> {
  const { surplusEscalations: e, surplusLines: l } = ctx.tables
  const notice = yield* findNotice(ctx, viewer, noticeId)
  const escalations = yield* rows(ctx.db.select().from(e).where(eq(e.noticeId, noticeId)).orderBy(asc(e.atMs)))
  const lines = yield* findLines(ctx, viewer, eq(l.noticeId, noticeId), maxLinesOfNotice)
  return {
    ...notice,
    escalations: escalations.map(({ level, atMs, byAccountId, reason }) => ({
      level,
      atMs,
      byAccountId: byAccountId ?? undefined,
      reason,
    })),
    lines: lines.map(showLine),
  }
}

export function* listLines(
  ctx: UnitContext,
  viewer: Viewer,
  query: TimedPageRequest & {
    readonly channel?: SurplusChannel | undefined
    readonly householdCode?: string | undefined
  },
): Unit<Page<LineView>> {
  const { surplusLines: l, surplusOrders: o, surplusNotices: n } = ctx.tables
  const where = and(
    behindInTime([l.lineId], query),
    query.channel === undefined ? undefined : eq(o.channel, query.channel),
    query.householdCode === undefined ? undefined : eq(n.householdCode, query.householdCode),
  )
  const found = yield* findLines(ctx, viewer, where, query.limit + 1, query)
  return pageOfRows(found, query.limit, ({ lineId }) => [lineId], showLine)
}

/** The lines of one order that the viewer may see. */
export function* linesOfOrder(ctx: UnitContext, viewer: Viewer, orderId: string): Unit<LineView[]> {
  const { surplusLines: l } = ctx.tables
  return (yield* findLines(ctx, viewer, eq(l.orderId, orderId), maxLinesOfOrder)).map(showLine)
}

/** The contract's own limit. */
const maxLinesOfOrder = 500

export function* showDesk(ctx: UnitContext, viewer: Viewer): Unit<DeskView> {
  const { surplusNotices: n, surplusLines: l, surplusOrders: o, households: h } = ctx.tables
  const levels = yield* rows(
    ctx.db
      .select({ level: n.level, notices: countRows(), leftMg: sumOf(sql`${n.massMg} - ${n.deliveredMg}`) })
      .from(n)
      .innerJoin(h, eq(h.householdCode, n.householdCode))
      .where(and(isNull(n.closedAtMs), householdScope(ctx, viewer)))
      .groupBy(n.level)
      .orderBy(asc(n.level)),
  )
  const channels = yield* rows(
    ctx.db
      .select({ channel: o.channel, massMg: sumOf(l.massMg), amountFen: sumOf(l.amountFen) })
      .from(l)
      .innerJoin(o, and(eq(o.orderId, l.orderId), eq(o.state, 'delivered')))
      .innerJoin(n, eq(n.noticeId, l.noticeId))
      .innerJoin(h, eq(h.householdCode, n.householdCode))
      .where(householdScope(ctx, viewer))
      .groupBy(o.channel)
      .orderBy(asc(o.channel)),
  )
  return {
    openNotices: levels.reduce((sum, { notices }) => sum + notices, 0),
    leftMg: levels.reduce((sum, { leftMg }) => sum + leftMg, 0),
    levels,
    channels,
  }
}
