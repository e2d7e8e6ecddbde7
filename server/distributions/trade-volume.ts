// What each household traded with its co-op in a period, lot by lot: the evidence behind a distribution by trade volume.
// Delivered is what the lots' sources brought; sold is what buyers took and kept of a lot, by its sources' parts.
import { and, eq, gte, inArray, lt, sql } from 'drizzle-orm'
import { splitByLargestRemainder } from '#shared/units/fen.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import type { VolumeBasis } from './rules.ts'

export interface TradedLot {
  readonly lotId: string
  readonly householdCode: string
  /** Milligrams, > 0. */
  readonly massMg: number
}

interface Period {
  readonly organisationId: string
  readonly periodFromMs: number
  readonly periodToMs: number
}

/** Lots asked for in one statement; both dialects bind far more. */
const lotsPerStatement = 500

/** Mass by lot and household, in that order; a lot nobody is named for gives none. */
export function* findTradeVolume(ctx: UnitContext, period: Period, basis: VolumeBasis): Unit<TradedLot[]> {
  const traded = basis === 'delivered' ? yield* deliveredMass(ctx, period) : yield* soldMass(ctx, period)
  return traded
    .filter((row) => row.massMg > 0)
    .toSorted((a, b) => (`${a.lotId} ${a.householdCode}` < `${b.lotId} ${b.householdCode}` ? -1 : 1))
}

/** Mass of a source: weighed, or its units by the label. */
const sourceMass = ({ tables: { lotSources: s, skus } }: UnitContext) =>
  sql<number>`sum(coalesce(${s.massMg}, ${s.units} * ${skus.labelUnitMassMg}))`.mapWith(Number)

function* deliveredMass(ctx: UnitContext, { organisationId, periodFromMs, periodToMs }: Period): Unit<TradedLot[]> {
  const { lots, lotSources: s, suppliers, skus } = ctx.tables
  return yield* rows(
    ctx.db
      .select({ lotId: s.lotId, householdCode: s.householdCode, massMg: sourceMass(ctx) })
      .from(lots)
      .innerJoin(suppliers, eq(suppliers.supplierId, lots.supplierId))
      .innerJoin(skus, eq(skus.skuId, lots.skuId))
      .innerJoin(s, eq(s.lotId, lots.lotId))
      .where(
        and(
          eq(suppliers.organisationId, organisationId),
          gte(lots.receivedAtMs, periodFromMs),
          lt(lots.receivedAtMs, periodToMs),
        ),
      )
      .groupBy(s.lotId, s.householdCode),
  )
}

/** Sold mass by lot. A refunded part of a line's amount counts as not sold, whole milligrams rounded down per line. */
function* soldMassByLot(ctx: UnitContext, period: Period): Unit<Array<{ lotId: string; massMg: number }>> {
  const { attributedLines: l, saleLines: sale, lots, suppliers, skus, refundedParts: r } = ctx.tables
  const refunded = sql`(select coalesce(sum(${r.takenFen} + ${r.borneFen}), 0) from ${r} where ${eq(r.saleLineId, l.saleLineId)})`
  const mass = sql`coalesce(${sale.massMg}, ${sale.count} * ${skus.labelUnitMassMg})`
  // The sum of bigint is numeric on PostgreSQL, whose division would keep fractions.
  const kept = sql`cast(${l.amountFen} - ${refunded} as bigint)`
  return yield* rows(
    ctx.db
      .select({ lotId: lots.lotId, massMg: sql<number>`sum(${mass} * ${kept} / ${l.amountFen})`.mapWith(Number) })
      .from(lots)
      .innerJoin(suppliers, eq(suppliers.supplierId, lots.supplierId))
      .innerJoin(skus, eq(skus.skuId, lots.skuId))
      .innerJoin(l, eq(l.lotId, lots.lotId))
      .innerJoin(sale, eq(sale.saleLineId, l.saleLineId))
      .where(
        and(
          eq(suppliers.organisationId, period.organisationId),
          gte(l.soldAtMs, period.periodFromMs),
          lt(l.soldAtMs, period.periodToMs),
        ),
      )
      .groupBy(lots.lotId),
  )
}

function* soldMass(ctx: UnitContext, period: Period): Unit<TradedLot[]> {
  const { lots, lotSources: s, skus } = ctx.tables
  const sold = (yield* soldMassByLot(ctx, period)).filter((lot) => lot.massMg > 0)
  const traded: TradedLot[] = []
  for (let from = 0; from < sold.length; from += lotsPerStatement) {
    const asked = sold.slice(from, from + lotsPerStatement)
    const lotIds = asked.map((lot) => lot.lotId)
    const sources = yield* rows(
      ctx.db
        .select({ lotId: s.lotId, householdCode: s.householdCode, massMg: sourceMass(ctx) })
        .from(s)
        .innerJoin(lots, eq(lots.lotId, s.lotId))
        .innerJoin(skus, eq(skus.skuId, lots.skuId))
        .where(inArray(s.lotId, lotIds))
        .groupBy(s.lotId, s.householdCode),
    )
    const byLot = new Map<string, TradedLot[]>(lotIds.map((lotId) => [lotId, []]))
    for (const source of sources) byLot.get(source.lotId)?.push(source)
    for (const { lotId, massMg } of asked) {
      const ofLot = (byLot.get(lotId) ?? []).toSorted((a, b) => (a.householdCode < b.householdCode ? -1 : 1))
      if (ofLot.length === 0) continue
      const parts = splitByLargestRemainder(
        massMg,
        ofLot.map((source) => source.massMg),
      )
      traded.push(...ofLot.map(({ householdCode }, index) => ({ lotId, householdCode, massMg: parts[index] ?? 0 })))
    }
  }
  return traded
}
