// How well households are helped: helpers with what they do, and coverage by town and village (domain.md, A5 and A6).
import { and, asc, eq, gte, inArray, ne, sql } from 'drizzle-orm'
import type { z } from 'zod'
import type { listHelperCoverage, listHelpers as listHelpersRoute } from '#shared/contracts/http/households.ts'
import { dayMs } from '#shared/time/district-time.ts'
import { countRows, sumOf } from '../db/expressions.ts'
import type { Page, PageRequest } from '../db/keyset.ts'
import { behindKey, keyOfCursor, pageOfRows } from '../db/keyset.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { householdScope } from '../personal-data/row-scope.ts'
import type { Viewer } from '../personal-data/row-scope.ts'

type RowOf<R extends { readonly reply: z.ZodType }> = z.input<R['reply']> extends { rows: Array<infer T> } ? T : never
export type HelperView = RowOf<typeof listHelpersRoute>
export type CoverageView = RowOf<typeof listHelperCoverage>

/** Days that count as lately in the list of helpers. */
const latelyDays = 30

/** Helpers who help at least one household in the viewer's scope, by account, with their calls on households in that scope. */
export function* listHelpers(ctx: UnitContext, viewer: Viewer, query: PageRequest): Unit<Page<HelperView>> {
  const { households: h, accounts: a, visits: v } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select({ helperAccountId: a.accountId, name: a.displayName, households: countRows() })
      .from(h)
      .innerJoin(a, eq(a.accountId, h.helperAccountId))
      .where(and(householdScope(ctx, viewer), behindKey([a.accountId], keyOfCursor(query.cursor, 1), 'ascending')))
      .groupBy(a.accountId, a.displayName)
      .orderBy(asc(a.accountId))
      .limit(query.limit + 1),
  )
  const ids = found.map(({ helperAccountId }) => helperAccountId)
  const sinceMs = ctx.now() - latelyDays * dayMs
  const called =
    ids.length === 0
      ? []
      : yield* rows(
          ctx.db
            .select({
              byAccountId: v.byAccountId,
              visits: sumOf(sql`case when ${v.atMs} >= ${sinceMs} then 1 else 0 end`),
              lastVisitAtMs: sql<number>`max(${v.atMs})`.mapWith(Number),
            })
            .from(v)
            .innerJoin(h, eq(h.householdCode, v.householdCode))
            .where(and(householdScope(ctx, viewer), inArray(v.byAccountId, ids)))
            .groupBy(v.byAccountId),
        )
  const calls = new Map(called.map((row) => [row.byAccountId, row]))
  return pageOfRows(
    found,
    query.limit,
    ({ helperAccountId }) => [helperAccountId],
    (row) => {
      const call = calls.get(row.helperAccountId)
      return { ...row, visits: call?.visits ?? 0, lastVisitAtMs: call?.lastVisitAtMs }
    },
  )
}

export interface CoverageQuery extends PageRequest {
  readonly level: 'town' | 'village'
  readonly townCode?: string | undefined
  readonly windowDays: number
}

/** Per town or village, all relief households of the viewer's scope in one statement. */
export function* listCoverage(ctx: UnitContext, viewer: Viewer, query: CoverageQuery): Unit<Page<CoverageView>> {
  const { households: h, villages: v, visits, accounts: a, accountRoles: r } = ctx.tables
  // Whose account was closed, or may help no more, does not; a helper of the paper register has none.
  const hasHelper = sql`${h.helperName} is not null and (${h.helperAccountId} is null or ${r.accountId} is not null)`
  const ofChannel = (channel: string) =>
    sql<number>`sum(case when ${visits.channel} = ${sql.raw(`'${channel}'`)} then 1 else 0 end)`
  const called = ctx.db
    .select({
      householdCode: visits.householdCode,
      phone: ofChannel('PHONE').as('phone_visits'),
      wechat: ofChannel('WECHAT').as('wechat_visits'),
      home: ofChannel('HOME').as('home_visits'),
    })
    .from(visits)
    .where(gte(visits.atMs, ctx.now() - query.windowDays * dayMs))
    .groupBy(visits.householdCode)
    .as('called')
  const [code, name] = query.level === 'town' ? [v.townCode, v.townName] : [v.villageCode, v.name]
  const found = yield* rows(
    ctx.db
      .select({
        areaCode: code,
        areaName: name,
        households: countRows(),
        withHelper: sumOf(sql`case when ${hasHelper} then 1 else 0 end`),
        visited: sumOf(sql`case when ${called.householdCode} is null then 0 else 1 end`),
        phoneVisits: sumOf(sql`${called.phone}`),
        wechatVisits: sumOf(sql`${called.wechat}`),
        homeVisits: sumOf(sql`${called.home}`),
      })
      .from(h)
      .innerJoin(v, eq(v.villageCode, h.villageCode))
      .leftJoin(called, eq(called.householdCode, h.householdCode))
      .leftJoin(a, and(eq(a.accountId, h.helperAccountId), eq(a.isActive, true)))
      .leftJoin(r, and(eq(r.accountId, a.accountId), eq(r.role, 'helper')))
      .where(
        and(
          ne(h.kind, 'ORDINARY'),
          householdScope(ctx, viewer),
          query.townCode === undefined ? undefined : eq(v.townCode, query.townCode),
          behindKey([code], keyOfCursor(query.cursor, 1), 'ascending'),
        ),
      )
      .groupBy(code, name)
      .orderBy(asc(code))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    ({ areaCode }) => [areaCode],
    (row) => row,
  )
}
