// HTTP routes of goods granted in kind.
import * as contract from '#shared/contracts/http/in-kind.ts'
import type { NounRoutes } from '../context.ts'
import { rehearse } from '../db/unit.ts'
import { registerRoute } from '../http/register-route.ts'
import { importGrants, readGrantFile } from './import-grants.ts'
import { reverseImport } from './reverse-import.ts'
import { listGrants, listImports, showTotals } from './show-grants.ts'

export const inKindRoutes: NounRoutes = (app, { database }) => {
  registerRoute(app, contract.importInKindGrants, async ({ query, body, account: { accountId: byAccountId } }) => {
    const file = await readGrantFile(body)
    return database.run((ctx) => importGrants(ctx, { byAccountId, ...query, ...file }))
  })
  registerRoute(app, contract.previewInKindGrants, async ({ query, body, account: { accountId: byAccountId } }) => {
    const file = await readGrantFile(body)
    return database.run((ctx) => rehearse(importGrants(ctx, { byAccountId, ...query, ...file })))
  })
  registerRoute(app, contract.listInKindImports, ({ query }) => database.read((ctx) => listImports(ctx, query)))
  registerRoute(app, contract.reverseInKindImport, ({ params, body, account: { accountId: byAccountId } }) =>
    database.run((ctx) => reverseImport(ctx, { ...params, ...body, byAccountId })),
  )
  registerRoute(app, contract.listInKindGrants, ({ query, account }) =>
    database.read((ctx) => listGrants(ctx, account, query)),
  )
  registerRoute(app, contract.getInKindTotals, ({ account }) => database.read((ctx) => showTotals(ctx, account)))
}
