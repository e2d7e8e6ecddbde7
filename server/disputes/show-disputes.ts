// Disputes as their buyer and staff see them.
import { and, eq, isNotNull, isNull } from 'drizzle-orm'
import type { z } from 'zod'
import type { Dispute } from '#shared/contracts/http/disputes.ts'
import { behindInTime, inTimeOrder, type Page, pageOfRows, type TimedPageRequest } from '../db/keyset.ts'
import { one, rows, type Unit, type UnitContext } from '../db/unit.ts'

type DisputeView = z.input<typeof Dispute>

function selectDisputes({ db, tables: { disputes: d, shoppingSessions: s, cabinets: c, hostSites: h } }: UnitContext) {
  return db
    .select({ dispute: d, totalFen: s.totalFen, cabinetCode: c.code, hostSiteName: h.name })
    .from(d)
    .innerJoin(s, eq(s.sessionId, d.sessionId))
    .innerJoin(c, eq(c.cabinetId, s.cabinetId))
    .innerJoin(h, eq(h.hostSiteId, c.hostSiteId))
}
type Found = Awaited<ReturnType<typeof selectDisputes>>[number]

function showDispute({ dispute, totalFen, cabinetCode, hostSiteName }: Found): DisputeView {
  const { disputeId, sessionId, complaint, raisedAtMs, answer, refundedFen, answeredAtMs } = dispute
  return {
    disputeId,
    sessionId,
    cabinetCode,
    hostSiteName,
    totalFen: totalFen ?? 0,
    complaint,
    raisedAtMs,
    ...(answer === null ? {} : { answer }),
    ...(refundedFen === null ? {} : { refundedFen }),
    ...(answeredAtMs === null ? {} : { answeredAtMs }),
  }
}

export function* findDispute(ctx: UnitContext, sessionId: string): Unit<DisputeView | undefined> {
  const { disputes: d } = ctx.tables
  const found = yield* one(selectDisputes(ctx).where(eq(d.sessionId, sessionId)))
  return found === undefined ? undefined : showDispute(found)
}

export function* listDisputes(
  ctx: UnitContext,
  query: TimedPageRequest & { readonly isOpen?: boolean | undefined },
): Unit<Page<DisputeView>> {
  const { disputes: d } = ctx.tables
  const { isOpen, limit } = query
  const isWanted = isOpen === undefined ? undefined : isOpen ? isNull(d.answeredAtMs) : isNotNull(d.answeredAtMs)
  const found = yield* rows(
    selectDisputes(ctx)
      .where(and(isWanted, behindInTime([d.disputeId], query)))
      .orderBy(...inTimeOrder([d.disputeId], query))
      .limit(limit + 1),
  )
  return pageOfRows(found, limit, ({ dispute }) => [dispute.disputeId], showDispute)
}
