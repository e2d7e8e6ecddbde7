// HTTP routes of benefit links and of the certification that rests on them.
import * as contract from '#shared/contracts/http/benefit-links.ts'
import { certifySupplier } from '../catalog/certify-supplier.ts'
import { findSuppliersById } from '../catalog/find-goods.ts'
import type { NounRoutes } from '../context.ts'
import { RefusalError } from '../errors/refusal.ts'
import { registerRoute } from '../http/register-route.ts'
import { endLink, listLinks, signLinks } from './links.ts'

export const benefitLinkRoutes: NounRoutes = (app, { database }) => {
  registerRoute(app, contract.signBenefitLinks, ({ params, body, account: { accountId: byAccountId } }) =>
    database.run(function* (ctx) {
      if (!(yield* findSuppliersById(ctx, [params.supplierId])).has(params.supplierId))
        throw new RefusalError('catalog.supplier_unknown')
      return { signed: yield* signLinks(ctx, { ...params, ...body, byAccountId }) }
    }),
  )
  registerRoute(app, contract.listBenefitLinks, ({ query, account }) =>
    database.read((ctx) => listLinks(ctx, account, query)),
  )
  registerRoute(app, contract.endBenefitLink, ({ params, body, account: { accountId: byAccountId } }) =>
    database.run((ctx) => endLink(ctx, { ...params, ...body, byAccountId })),
  )
  registerRoute(app, contract.certifySupplier, ({ params, body, account: { accountId: byAccountId } }) =>
    database.run((ctx) => certifySupplier(ctx, { ...params, ...body, byAccountId })),
  )
}
