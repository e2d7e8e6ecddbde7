// HTTP routes of the catalog.
import * as contract from '#shared/contracts/http/catalog.ts'
import type { NounRoutes } from '../context.ts'
import { registerRoute } from '../http/register-route.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { listDrying } from './list-drying.ts'
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
      const supplier = yield* registerSupplier(ctx, { ...body, byAccountId: accountId })
      const { contact: _contact, benefitLinks: _links, ...after } = body
      yield* recordAudit(ctx, { accountId, action: 'supplier.registered', subjectId: supplier.supplierId, after })
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
      yield* recordAudit(ctx, { accountId, action: 'sku.registered', subjectId: sku.skuId, after: body })
      return showSku(sku)
    }),
  )
  registerRoute(app, contract.listDrying, ({ query }) => database.read((ctx) => listDrying(ctx, query)))
  registerRoute(app, contract.listLots, ({ query }) => database.read((ctx) => listLots(ctx, query)))
  registerRoute(
    app,
    contract.receiveLot,
    async ({ body, account: { accountId } }) => {
      const { lot, sku, supplier } = await database.run(function* (ctx) {
        const received = yield* receiveLot(ctx, { ...body, byAccountId: accountId })
        const { sources, ...rest } = body
        const after = { ...rest, sources: sources.length }
        yield* recordAudit(ctx, { accountId, action: 'lot.received', subjectId: received.lot.lotId, after })
        return received
      })
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
