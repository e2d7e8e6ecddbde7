// Gives a supplier's products certification (产品认定) or takes it back. It rests on a signed benefit link with a household
// (domain.md, A20); past sales keep what was true of them.
import { eq } from 'drizzle-orm'
import { recordAudit } from '../audit/record-audit.ts'
import { hasLiveLink } from '../benefit-links/links.ts'
import { exec } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { findSupplier } from './store.ts'
import type { SupplierRow } from './store.ts'

/** Refuses with catalog.supplier_unknown and catalog.benefit_link_missing. */
export function* certifySupplier(
  ctx: UnitContext,
  input: {
    readonly supplierId: string
    readonly isCertified: boolean
    readonly reason: string
    readonly byAccountId: string
  },
): Unit<SupplierRow> {
  const { supplierId, isCertified, reason, byAccountId } = input
  const { suppliers: t } = ctx.tables
  const supplier = yield* findSupplier(ctx, supplierId)
  if (supplier === undefined) throw new RefusalError('catalog.supplier_unknown')
  if (isCertified && !(yield* hasLiveLink(ctx, supplierId))) throw new RefusalError('catalog.benefit_link_missing')
  yield* exec(ctx.db.update(t).set({ isCertified }).where(eq(t.supplierId, supplierId)))
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'supplier.certification_changed',
    subjectId: supplierId,
    why: reason,
    before: { isCertified: supplier.isCertified },
    after: { isCertified },
  })
  return { ...supplier, isCertified }
}
