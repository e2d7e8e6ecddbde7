// Registers a supplier together with the legal entity behind it.
import type { z } from 'zod'
import type { createSupplier } from '#shared/contracts/http/catalog.ts'
import { insertRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { ensureOrganisation } from '../organisations/found-organisation.ts'
import type { SupplierRow } from './store.ts'
import { supplierNameExists } from './store.ts'

export function* registerSupplier(
  ctx: UnitContext,
  input: z.output<(typeof createSupplier)['body']>,
): Unit<SupplierRow> {
  if (yield* supplierNameExists(ctx, input.name)) {
    throw new RefusalError('catalog.name_taken', `There is a supplier named ${input.name} already.`, { field: 'name' })
  }
  const { name, kind, townCode } = input
  const organisationId = yield* ensureOrganisation(ctx, { name, legalType: kind, townCode })
  const supplier: SupplierRow = { ...input, supplierId: ctx.newId(), organisationId, createdAtMs: ctx.now() }
  yield* insertRows(ctx.tables.suppliers, [supplier])
  return supplier
}
