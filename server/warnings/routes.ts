// HTTP routes of warnings and of what their rules compare with.
import * as contract from '#shared/contracts/http/warnings.ts'
import type { NounRoutes } from '../context.ts'
import { registerRoute } from '../http/register-route.ts'
import { closeWarning, listWarnings } from './handle-warnings.ts'
import { enterMonitoringLine, listMonitoringLines, listProductSeasons, setProductSeason } from './reference-data.ts'

export const warningRoutes: NounRoutes = (app, { database }) => {
  registerRoute(app, contract.listMonitoringLines, ({ query }) =>
    database.read((ctx) => listMonitoringLines(ctx, query)),
  )
  registerRoute(app, contract.enterMonitoringLine, ({ body, account: { accountId: byAccountId } }) =>
    database.run((ctx) => enterMonitoringLine(ctx, { byAccountId, ...body })),
  )
  registerRoute(app, contract.listProductSeasons, ({ query }) => database.read((ctx) => listProductSeasons(ctx, query)))
  registerRoute(app, contract.setProductSeason, ({ params, body, account: { accountId: byAccountId } }) =>
    database.run((ctx) => setProductSeason(ctx, { byAccountId, ...params, ...body })),
  )
  registerRoute(app, contract.listWarnings, ({ query, account }) =>
    database.read((ctx) => listWarnings(ctx, account, query)),
  )
  registerRoute(app, contract.closeWarning, ({ params, body, account: viewer }) =>
    database.run((ctx) => closeWarning(ctx, { viewer, ...params, ...body })),
  )
}
