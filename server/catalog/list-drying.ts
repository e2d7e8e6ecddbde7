// What cabinets learned of how goods dry, SKU by SKU over all of them, and the water that was booked as lost in place of sold
// or shrunk. Source: weighing.md, rule 8.
import { inArray, sql } from 'drizzle-orm'
import type { LearnedDrying } from '#shared/contracts/http/catalog.ts'
import { countRows, sumOf } from '../db/expressions.ts'
import type { Page, PageRequest } from '../db/keyset.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { rows } from '../db/unit.ts'
import { findSkus } from './store.ts'

/** A page of SKUs by name, those of which nothing is known with zeros. The rate is the mean of the cabinets', weighted by looks. */
export function* listDrying(ctx: UnitContext, query: PageRequest): Unit<Page<LearnedDrying>> {
  const page = yield* findSkus(ctx, query)
  const skuIds = page.rows.map(({ skuId }) => skuId)
  const rates = new Map((yield* findRates(ctx, skuIds)).map((row) => [row.skuId, row]))
  const losses = new Map((yield* findLosses(ctx, skuIds)).map((row) => [row.skuId, row]))
  const show = (skuId: string, skuName: string): LearnedDrying => {
    const rate = rates.get(skuId)
    const loss = losses.get(skuId)
    return {
      skuId,
      skuName,
      cabinets: rate?.cabinets ?? 0,
      looks: rate?.looks ?? 0,
      ...(rate === undefined || rate.looks === 0
        ? {}
        : {
            ppmPerHour: Math.round(rate.weightedPpm / rate.looks),
            sdPpmPerHour: Math.round(Math.sqrt(rate.weightedVariance) / rate.looks),
          }),
      lossCount: loss?.lossCount ?? 0,
      lostMg: loss?.lostMg ?? 0,
      ...(loss === undefined ? {} : { lastLossAtMs: loss.lastLossAtMs }),
    }
  }
  return { ...page, rows: page.rows.map(({ skuId, name }) => show(skuId, name)) }
}

function* findRates({ db, tables: { dryingRates: t } }: UnitContext, skuIds: readonly string[]) {
  if (skuIds.length === 0) return []
  return yield* rows(
    db
      .select({
        skuId: t.skuId,
        cabinets: countRows(),
        looks: sumOf(t.looks),
        weightedPpm: sumOf(sql`${t.ppmPerHour} * ${t.looks}`),
        weightedVariance: sumOf(sql`${t.sdPpmPerHour} * ${t.sdPpmPerHour} * ${t.looks} * ${t.looks}`),
      })
      .from(t)
      .where(inArray(t.skuId, [...skuIds]))
      .groupBy(t.skuId),
  )
}

function* findLosses({ db, tables: { moistureLosses: t } }: UnitContext, skuIds: readonly string[]) {
  if (skuIds.length === 0) return []
  return yield* rows(
    db
      .select({
        skuId: t.skuId,
        lossCount: countRows(),
        lostMg: sumOf(t.lostMg),
        lastLossAtMs: sql<number>`max(${t.untilMs})`.mapWith(Number),
      })
      .from(t)
      .where(inArray(t.skuId, [...skuIds]))
      .groupBy(t.skuId),
  )
}
