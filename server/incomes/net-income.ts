// What a household has per head over any twelve months (domain.md, income kinds): (produce + property + wages + transfers −
// operating cost) ÷ population.
import { and, eq } from 'drizzle-orm'
import { one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { householdScope } from '../personal-data/row-scope.ts'
import type { Viewer } from '../personal-data/row-scope.ts'
import { incomeBetween } from './income-between.ts'
import { netOfKinds, perCapitaOf, sumOfKinds, twelveMonthsBefore } from './rules.ts'

export interface NetIncome {
  readonly householdCode: string
  readonly fromMs: number
  /** Excluded. */
  readonly beforeMs: number
  readonly population: number
  readonly totalsFen: Record<string, number>
  readonly grossFen: number
  readonly netFen: number
  readonly perCapitaFen: number
}

/** The twelve months that end with the day before `beforeMs`. A household out of the viewer's scope looks like none. */
export function* findNetIncome(
  ctx: UnitContext,
  viewer: Viewer,
  householdCode: string,
  beforeMs: number,
): Unit<NetIncome> {
  const { households: h } = ctx.tables
  const household = yield* one(
    ctx.db
      .select({ population: h.population })
      .from(h)
      .where(and(eq(h.householdCode, householdCode), householdScope(ctx, viewer))),
  )
  if (household === undefined) throw new RefusalError('household.not_found')
  const { population } = household
  const fromMs = twelveMonthsBefore(beforeMs)
  const kinds = (yield* incomeBetween(ctx, [householdCode], { fromMs, beforeMs })).get(householdCode)
  const netFen = netOfKinds(kinds)
  return {
    householdCode,
    fromMs,
    beforeMs,
    population,
    totalsFen: Object.fromEntries(kinds ?? []),
    grossFen: sumOfKinds(kinds),
    netFen,
    perCapitaFen: perCapitaOf(netFen, population),
  }
}
