// Households with their attributed income, and one household's income explained. Row scope decides who sees which: a helper
// the own households, a desk those of its area, a farmer the own one, staff all.
import { and, eq, like, or, sql } from 'drizzle-orm'
import type { z } from 'zod'
import type { getHouseholdIncome, HouseholdSummary } from '#shared/contracts/http/money.ts'
import { incomeOfHouseholds, listIncome } from '../incomes/list-income.ts'
import type { NamedPageRequest, Page, PageRequest } from '../db/keyset.ts'
import { behindName, inNameOrder, pageOfRows } from '../db/keyset.ts'
import { one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { householdScope } from '../personal-data/row-scope.ts'
import type { Viewer } from '../personal-data/row-scope.ts'

export type HouseholdView = z.input<typeof HouseholdSummary>
export type HouseholdIncome = z.input<(typeof getHouseholdIncome)['reply']>

export interface HouseholdQuery extends NamedPageRequest {
  readonly townCode?: string | undefined
  readonly search?: string | undefined
  readonly hasIncome?: boolean | undefined
}

const summaryColumns = ({ tables: { households: h, villages: v } }: UnitContext) => ({
  householdCode: h.householdCode,
  headName: h.headName,
  villageName: v.name,
  townName: v.townName,
  kind: h.kind,
  population: h.population,
  helperName: h.helperName,
})

/** Households by code. */
export function* listHouseholds(ctx: UnitContext, viewer: Viewer, query: HouseholdQuery): Unit<Page<HouseholdView>> {
  const { households: h, villages: v, ledgerAccounts: a } = ctx.tables
  // An account that was never credited does not exist: a household has income when its account was opened.
  const earns = sql`exists (select 1 from ${a} where ${a.id} = 'household:' || ${h.householdCode})`
  const found = yield* rows(
    ctx.db
      .select(summaryColumns(ctx))
      .from(h)
      .innerJoin(v, eq(v.villageCode, h.villageCode))
      .where(
        and(
          householdScope(ctx, viewer),
          behindName([h.householdCode], query),
          query.townCode === undefined ? undefined : eq(v.townCode, query.townCode),
          query.search === undefined ? undefined : matches(ctx, query.search),
          query.hasIncome === undefined ? undefined : query.hasIncome ? earns : sql`not ${earns}`,
        ),
      )
      .orderBy(...inNameOrder([h.householdCode], query))
      .limit(query.limit + 1),
  )
  const incomes = yield* incomeOfHouseholds(
    ctx,
    found.map((row) => row.householdCode),
  )
  return pageOfRows(
    found,
    query.limit,
    (row) => [row.householdCode],
    (row) => show(row, incomes.get(row.householdCode) ?? 0),
  )
}

function matches({ tables: { households: h } }: UnitContext, search: string) {
  const pattern = `%${search.replaceAll(/[%_]/g, '')}%`
  return or(like(h.headName, pattern), like(h.householdCode, pattern))
}

function show(
  { helperName, ...row }: Omit<HouseholdView, 'incomeFen' | 'helperName'> & { helperName: string | null },
  incomeFen: number,
): HouseholdView {
  return { ...row, ...(helperName === null ? {} : { helperName }), incomeFen }
}

/** One household's income. A household outside the viewer's scope looks like none at all. */
export function* findHouseholdIncome(
  ctx: UnitContext,
  viewer: Viewer,
  householdCode: string,
  query: PageRequest,
): Unit<HouseholdIncome> {
  const { households: h, villages: v } = ctx.tables
  const found = yield* one(
    ctx.db
      .select(summaryColumns(ctx))
      .from(h)
      .innerJoin(v, eq(v.villageCode, h.villageCode))
      .where(and(eq(h.householdCode, householdCode), householdScope(ctx, viewer))),
  )
  if (found === undefined) throw new RefusalError('household.not_found')
  const income = yield* listIncome(ctx, householdCode, query)
  return { household: show(found, income.totalFen), ...income }
}
