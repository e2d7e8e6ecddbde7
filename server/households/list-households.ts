// Households with their attributed income, and one household's income explained. Row scope decides who sees which: a helper
// the own households, a desk those of its area, a farmer the own one, staff all.
import { and, asc, desc, eq, like, or, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { z } from 'zod'
import type { getHouseholdIncome, HouseholdSummary } from '#shared/contracts/http/money.ts'
import { incomeOfHouseholds, listIncome } from '../incomes/list-income.ts'
import { incomeSums } from '../incomes/roll-up-incomes.ts'
import type { Page, PageRequest } from '../db/keyset.ts'
import { behindName, foreignCursor, inNameOrder, keyOfCursor, pageOfRows } from '../db/keyset.ts'
import { one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { householdScope } from '../personal-data/row-scope.ts'
import type { Viewer } from '../personal-data/row-scope.ts'

export type HouseholdView = z.input<typeof HouseholdSummary>
export type HouseholdIncome = z.input<(typeof getHouseholdIncome)['reply']>

export interface HouseholdQuery extends PageRequest {
  /** By code unless asked otherwise. */
  readonly order?: 'ascending' | 'descending' | 'income-lowest' | 'income-highest' | undefined
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

/** Which households the viewer asked for. */
function isChosen(ctx: UnitContext, viewer: Viewer, query: HouseholdQuery): SQL | undefined {
  const { households: h, villages: v, ledgerAccounts: a } = ctx.tables
  // An account that was never credited does not exist: a household has income when its account was opened.
  const earns = sql`exists (select 1 from ${a} where ${a.id} = 'household:' || ${h.householdCode})`
  return and(
    householdScope(ctx, viewer),
    query.townCode === undefined ? undefined : eq(v.townCode, query.townCode),
    query.search === undefined ? undefined : matches(ctx, query.search),
    query.hasIncome === undefined ? undefined : query.hasIncome ? earns : sql`not ${earns}`,
  )
}

/** Households by code, or by income and code. */
export function* listHouseholds(ctx: UnitContext, viewer: Viewer, query: HouseholdQuery): Unit<Page<HouseholdView>> {
  const { order } = query
  if (order === 'income-lowest' || order === 'income-highest')
    return yield* listByIncome(ctx, viewer, query, order === 'income-lowest')
  const { households: h, villages: v } = ctx.tables
  const named = { ...query, order }
  const found = yield* rows(
    ctx.db
      .select(summaryColumns(ctx))
      .from(h)
      .innerJoin(v, eq(v.villageCode, h.villageCode))
      .where(and(isChosen(ctx, viewer, query), behindName([h.householdCode], named)))
      .orderBy(...inNameOrder([h.householdCode], named))
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

/** More than a province has. */
const mostHouseholds = 10_000_000

function* listByIncome(
  ctx: UnitContext,
  viewer: Viewer,
  query: HouseholdQuery,
  isLowestFirst: boolean,
): Unit<Page<HouseholdView>> {
  const { households: h, villages: v } = ctx.tables
  const { rolled, recorded, wholeOf } = incomeSums(ctx)
  // Limited, so that either dialect sums each income once and not again for the page's place and its order.
  const ranked = ctx.db
    .select({ householdCode: h.householdCode, incomeFen: wholeOf(h.householdCode).as('income_fen') })
    .from(h)
    .innerJoin(v, eq(v.villageCode, h.villageCode))
    .leftJoin(rolled, eq(rolled.householdCode, h.householdCode))
    .leftJoin(recorded, eq(recorded.householdCode, h.householdCode))
    .where(isChosen(ctx, viewer, query))
    .limit(mostHouseholds)
    .as('ranked')
  const key = keyOfCursor(query.cursor, 2)
  if (key !== undefined && (typeof key[0] !== 'number' || typeof key[1] !== 'string')) throw foreignCursor()
  const place = sql`(${ranked.incomeFen}, ${ranked.householdCode})`
  const last = key === undefined ? undefined : sql`(cast(${key[0]} as bigint), ${key[1]})`
  const turn = isLowestFirst ? asc : desc
  const found = yield* rows(
    ctx.db
      .select({ ...summaryColumns(ctx), incomeFen: ranked.incomeFen })
      .from(ranked)
      .innerJoin(h, eq(h.householdCode, ranked.householdCode))
      .innerJoin(v, eq(v.villageCode, h.villageCode))
      .where(last === undefined ? undefined : isLowestFirst ? sql`${place} > ${last}` : sql`${place} < ${last}`)
      .orderBy(turn(ranked.incomeFen), turn(ranked.householdCode))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    (row) => [row.incomeFen, row.householdCode],
    ({ incomeFen, ...row }) => show(row, incomeFen),
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
