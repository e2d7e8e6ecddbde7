// HTTP of the public status, and the job that shows the quality of service in the metrics.
import { getMoneyAccuracy } from '#shared/contracts/http/service-quality.ts'
import type { NounRoutes, ServerContext } from '../context.ts'
import { registerRoute } from '../http/register-route.ts'
import { measureFleet, measureSales, share, showMoneyAccuracy } from './measure-service.ts'

export const serviceQualityRoutes: NounRoutes = (app, { database }) => {
  registerRoute(app, getMoneyAccuracy, () => database.read(showMoneyAccuracy))
}

/** The job: a share of nothing is not shown, since neither 0 nor 1 would be true. */
export async function showServiceQuality({ database, metrics }: ServerContext): Promise<void> {
  const { sales, fleet } = await database.read(function* (unit) {
    return { sales: yield* measureSales(unit), fleet: yield* measureFleet() }
  })
  const shares = {
    open_success: share(sales.opened, sales.unlocks),
    automatic_settlement: share(sales.ended - sales.reviewed, sales.ended),
    review: share(sales.reviewed, sales.ended),
    online: share(fleet.online, fleet.live),
  }
  for (const [quality, value] of Object.entries(shares)) {
    if (value === undefined) metrics.serviceShare.remove({ quality })
    else metrics.serviceShare.set({ quality }, value)
  }
}
