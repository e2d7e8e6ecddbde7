// HTTP routes of the catalog.
import * as contract from '#shared/contracts/http/catalog.ts'
import type { NounRoutes } from '../context.ts'
import { registerRoute } from '../http/register-route.ts'
import { recordAudit } from '../identity/record-audit.ts'
import { listLots, showLot } from './list-lots.ts'
import { receiveLot } from './receive-lot.ts'
import { registerSku } from './register-sku.ts'
import { registerSupplier } from './register-supplier.ts'
import { findSkus, findSuppliers } from './store.ts'
import type { SkuRow } from './store.ts'

/** A lot may name 2,000 households. */
const lotBodyBytes = 1_048_576

function showSku({ grade, ...sku }: SkuRow) {
  return { ...sku, ...(grade === null ? {} : { grade }) }
}

export const catalogRoutes: NounRoutes = (app, { database }) => {
  registerRoute(app, contract.listSuppliers, ({ query }) => database.read((ctx) => findSuppliers(ctx, query)))
  registerRoute(app, contract.createSupplier, ({ body, account: { accountId } }) =>
    database.run(function* (ctx) {
      const supplier = yield* registerSupplier(ctx, body)
      yield* recordAudit(ctx, { accountId, action: 'supplier.registered', subjectId: supplier.supplierId })
      return supplier
    }),
  )
  registerRoute(app, contract.listSkus, async ({ query }) => {
    const page = await database.read((ctx) => findSkus(ctx, query))
    return { ...page, rows: page.rows.map(showSku) }
  })
  registerRoute(app, contract.createSku, ({ body, account: { accountId } }) =>
    database.run(function* (ctx) {
      const sku = yield* registerSku(ctx, body)
      yield* recordAudit(ctx, { accountId, action: 'sku.registered', subjectId: sku.skuId })
      return showSku(sku)
    }),
  )
  registerRoute(app, contract.listLots, ({ query }) => database.read((ctx) => listLots(ctx, query)))
  registerRoute(
    app,
    contract.receiveLot,
    async ({ body, account }) => {
      const received = await database.run((ctx) => receiveLot(ctx, { ...body, byAccountId: account.accountId }))
      const { lot, sku, supplier } = received
      const sources = body.sources.map(({ householdCode, massMg, units }) => ({
        householdCode,
        massMg: massMg ?? null,
        units: units ?? null,
      }))
      return showLot({ lot, skuName: sku.name, supplierName: supplier.name }, sources, 0)
    },
    { bodyLimitBytes: lotBodyBytes },
  )
}
