// The log of calls on households (走访) by phone, WeChat or at home. A row stays as it was written.
import { and, eq } from 'drizzle-orm'
import type { z } from 'zod'
import type { Visit } from '#shared/contracts/http/assistance.ts'
import type { Page, TimedPageRequest } from '../db/keyset.ts'
import { behindInTime, inTimeOrder, pageOfRows } from '../db/keyset.ts'
import { insertRows, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { findHousehold } from '../households/find-household.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { refuseNumbers } from '../personal-data/refuse-numbers.ts'
import { householdScope } from '../personal-data/row-scope.ts'
import type { Viewer } from '../personal-data/row-scope.ts'
import { requirePast } from './require-past.ts'

export type VisitView = z.input<typeof Visit>

export function* logVisit(
  ctx: UnitContext,
  input: {
    readonly viewer: Viewer & { readonly displayName: string }
    readonly householdCode: string
    readonly channel: VisitView['channel']
    readonly atMs: number
    readonly note: string
  },
): Unit<VisitView> {
  const { viewer, householdCode, channel, atMs, note } = input
  const { headName } = yield* findHousehold(ctx, viewer, householdCode)
  requirePast(ctx, atMs, 'atMs')
  refuseNumbers({ note })
  const visit = {
    visitId: ctx.newId(),
    householdCode,
    channel,
    atMs,
    note,
    byAccountId: viewer.accountId,
    byName: viewer.displayName,
    recordedAtMs: ctx.now(),
  }
  yield* insertRows(ctx.tables.visits, [visit])
  yield* recordAudit(ctx, {
    accountId: viewer.accountId,
    action: 'visit.logged',
    subjectId: visit.visitId,
    detail: { householdCode, channel, atMs },
  })
  return { ...visit, headName }
}

/** Visits in the viewer's scope, newest first. */
export function* listVisits(
  ctx: UnitContext,
  viewer: Viewer,
  query: TimedPageRequest & {
    readonly householdCode?: string | undefined
    readonly channel?: VisitView['channel'] | undefined
  },
): Unit<Page<VisitView>> {
  const { visits: t, households: h } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select({ visit: t, headName: h.headName })
      .from(t)
      .innerJoin(h, eq(h.householdCode, t.householdCode))
      .where(
        and(
          householdScope(ctx, viewer),
          query.householdCode === undefined ? undefined : eq(t.householdCode, query.householdCode),
          query.channel === undefined ? undefined : eq(t.channel, query.channel),
          behindInTime([t.atMs, t.visitId], query),
        ),
      )
      .orderBy(...inTimeOrder([t.atMs, t.visitId], query))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    ({ visit }) => [visit.atMs, visit.visitId],
    ({ visit, headName }) => ({ ...visit, headName }),
  )
}
