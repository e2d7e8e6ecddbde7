// HTTP routes of sales by category and channel, and of the sales before the books began.
import * as contract from '#shared/contracts/http/sales.ts'
import type { NounRoutes } from '../context.ts'
import { registerRoute } from '../http/register-route.ts'
import { approveOpenings, enterOpenings } from './enter-openings.ts'
import { showOpening, sumSales } from './sum-sales.ts'

export const salesRoutes: NounRoutes = (app, { database, clock }) => {
  registerRoute(app, contract.getSales, ({ query: { fromMs, beforeMs } }) =>
    database.read((ctx) => sumSales(ctx, { fromMs, beforeMs: beforeMs ?? clock.now() + 1 })),
  )
  registerRoute(app, contract.enterSalesOpenings, async ({ body, account }) => ({
    rows: (await database.run((ctx) => enterOpenings(ctx, body, account.accountId))).map(showOpening),
  }))
  registerRoute(app, contract.approveSalesOpenings, async ({ body, account }) => ({
    rows: (await database.run((ctx) => approveOpenings(ctx, body.documentNumber, account.accountId))).map(showOpening),
  }))
}
