// The newest demand forecast of each cabinet and SKU; made anew as a whole, the older ones are of no use.
import type { Kit } from '../db/kit.ts'

export function replenishmentTables({ table, column: c, primaryKey }: Kit) {
  const demandForecasts = table(
    'demand_forecast',
    {
      cabinetId: c.text().notNull(),
      skuId: c.text().notNull(),
      /** First day it speaks of, `YYYY-MM-DD` in China Standard Time. */
      firstDay: c.text().notNull(),
      /** Thousandths of a unit expected on each day from the first on. */
      milliUnitsByDay: c.json<number[]>().notNull(),
      /** Variance ÷ mean of a day's demand, thousandths. */
      dispersionMilli: c.int().notNull(),
      madeAtMs: c.int().notNull(),
    },
    (t) => [primaryKey({ columns: [t.cabinetId, t.skuId] })],
  )
  return { demandForecasts }
}
