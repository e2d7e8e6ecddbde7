// What was sold, as the forecast wants it: a series for each SKU in each cabinet's planogram, by day in China Standard Time.
import { and, asc, eq, gte, lt, sql } from 'drizzle-orm'
import { sumOf, countRows } from '../db/expressions.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { startOfDay } from '../calendar/rules.ts'
import { addDays } from './day-classes.ts'
import type { DemandHistory } from './forecast.ts'

const dayMs = 86_400_000

/** `days` whole days that end before `today`. Goods by weight count as label pieces of their mass. */
export function* readHistory(ctx: UnitContext, today: string, days: number): Unit<DemandHistory> {
  const { db, tables: t } = ctx
  const firstDay = addDays(today, -days)
  const fromMs = startOfDay(firstDay)
  const pieceMg = new Map(
    (yield* rows(db.select({ skuId: t.skus.skuId, massMg: t.skus.labelUnitMassMg }).from(t.skus))).map((sku) => [
      sku.skuId,
      sku.massMg,
    ]),
  )
  const sold = new Map<string, number[]>()
  for (const sale of yield* soldByDay(ctx, fromMs, startOfDay(today))) {
    const key = `${sale.cabinetId}\n${sale.skuId}`
    const byDay = sold.get(key) ?? Array.from({ length: days }, () => 0)
    const pieces = sale.units + Math.round(sale.massMg / Math.max(1, pieceMg.get(sale.skuId) ?? 1))
    byDay[sale.day] = (byDay[sale.day] ?? 0) + pieces
    sold.set(key, byDay)
  }
  const shelves = yield* rows(
    db
      .select({
        cabinetId: t.cabinets.cabinetId,
        group: t.hostSites.kind,
        planogram: t.cabinetTwins.planogram,
        changedAtMs: t.cabinetTwins.changedAtMs,
      })
      .from(t.cabinets)
      .innerJoin(t.hostSites, eq(t.hostSites.hostSiteId, t.cabinets.hostSiteId))
      .innerJoin(t.cabinetTwins, eq(t.cabinetTwins.cabinetId, t.cabinets.cabinetId))
      .orderBy(asc(t.cabinets.cabinetId)),
  )
  const series = shelves.flatMap(({ cabinetId, group, planogram, changedAtMs }) =>
    [...new Set(planogram.lanes.map(({ skuId }) => skuId))].map((skuId) => {
      const byDay = sold.get(`${cabinetId}\n${skuId}`)
      // On sale since it first sold; what never sold, since the cabinet's shelf last changed.
      const firstSale = byDay?.findIndex((units) => units > 0) ?? -1
      const since = firstSale >= 0 ? firstSale : Math.ceil((changedAtMs - fromMs) / dayMs)
      const soldByDay = Array.from({ length: days }, (_, day) => (day < since ? -1 : (byDay?.[day] ?? 0)))
      return { cabinetId, skuId, group, soldByDay }
    }),
  )
  return { firstDay, days, series }
}

function* soldByDay({ db, tables: t }: UnitContext, fromMs: number, toMs: number) {
  // Whole-number division in both dialects; as a literal, so that PostgreSQL sees the same expression in both places.
  const day = sql<number>`(${t.saleLines.atMs} - ${sql.raw(String(fromMs))}) / ${sql.raw(String(dayMs))}`.mapWith(
    Number,
  )
  return yield* rows(
    db
      .select({
        cabinetId: t.shoppingSessions.cabinetId,
        skuId: t.saleLines.skuId,
        day,
        units: sumOf(t.saleLines.count),
        massMg: sumOf(t.saleLines.massMg),
        lines: countRows(),
      })
      .from(t.saleLines)
      .innerJoin(t.shoppingSessions, eq(t.shoppingSessions.sessionId, t.saleLines.sessionId))
      .where(and(gte(t.saleLines.atMs, fromMs), lt(t.saleLines.atMs, toMs)))
      .groupBy(t.shoppingSessions.cabinetId, t.saleLines.skuId, day),
  )
}
