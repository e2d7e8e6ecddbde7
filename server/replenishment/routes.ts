// HTTP routes of replenishment.
import { asc, eq } from 'drizzle-orm'
import * as contract from '#shared/contracts/http/replenishment.ts'
import type { Forecast } from '#shared/contracts/http/replenishment.ts'
import type { NounRoutes } from '../context.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { registerRoute } from '../http/register-route.ts'
import { proposeRestock } from './propose-restock.ts'
import { trackLots } from './track-lots.ts'

export const replenishmentRoutes: NounRoutes = (app, { database }) => {
  registerRoute(app, contract.listForecasts, async ({ query }) => ({
    rows: await database.read((ctx) => findForecasts(ctx, query.cabinetId)),
  }))
  registerRoute(app, contract.proposeRestock, ({ query: { servicePercent, ...query } }) =>
    database.read((ctx) => proposeRestock(ctx, { ...query, serviceLevel: servicePercent / 100 })),
  )
  registerRoute(app, contract.trackLots, ({ params, query, account }) =>
    database.read((ctx) => trackLots(ctx, account, { ...params, ...query })),
  )
}

function* findForecasts(
  { db, tables: { demandForecasts: t, skus } }: UnitContext,
  cabinetId: string,
): Unit<Forecast[]> {
  return yield* rows(
    db
      .select({
        cabinetId: t.cabinetId,
        skuId: t.skuId,
        skuName: skus.name,
        firstDay: t.firstDay,
        milliUnitsByDay: t.milliUnitsByDay,
        dispersionMilli: t.dispersionMilli,
        madeAtMs: t.madeAtMs,
      })
      .from(t)
      .innerJoin(skus, eq(skus.skuId, t.skuId))
      .where(eq(t.cabinetId, cabinetId))
      .orderBy(asc(skus.name)),
  )
}
