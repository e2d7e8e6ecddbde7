// Registers a supplier together with the legal entity behind it. A certified one brings a signed benefit link (domain.md, A20).
import type { z } from 'zod'
import type { createSupplier } from '#shared/contracts/http/catalog.ts'
import { signLinks } from '../benefit-links/links.ts'
import { insertRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { ensureOrganisation } from '../organisations/found-organisation.ts'
import type { SupplierRow } from './store.ts'
import { supplierNameExists } from './store.ts'

export function* registerSupplier(
  ctx: UnitContext,
  input: z.output<(typeof createSupplier)['body']> & { readonly byAccountId: string },
): Unit<SupplierRow> {
  if (yield* supplierNameExists(ctx, input.name)) {
    throw new RefusalError('catalog.name_taken', `There is a supplier named ${input.name} already.`, { field: 'name' })
  }
  const { benefitLinks: links = [], byAccountId, ...facts } = input
  if (facts.isCertified && links.length === 0)
    throw new RefusalError('catalog.benefit_link_missing', undefined, { field: 'benefitLinks' })
  const { name, kind, townCode } = facts
  const organisationId = yield* ensureOrganisation(ctx, { name, legalType: kind, townCode })
  const supplier: SupplierRow = { ...facts, supplierId: ctx.newId(), organisationId, createdAtMs: ctx.now() }
  yield* insertRows(ctx.tables.suppliers, [supplier])
  if (links.length > 0) yield* signLinks(ctx, { supplierId: supplier.supplierId, links, byAccountId })
  return supplier
}
