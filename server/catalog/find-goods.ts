// SKUs, suppliers and lots by id, for nouns that refer to them.
import { eq, inArray } from 'drizzle-orm'
import type { Unit, UnitContext } from '../db/unit.ts'
import { rows, statementOfMany } from '../db/unit.ts'
import type { LotRow, SkuRow } from './store.ts'

export type { LotRow, SkuRow } from './store.ts'

const skusOf = statementOfMany(({ db, tables: { skus: t } }, ids) => db.select().from(t).where(inArray(t.skuId, ids)))

/** The SKUs that exist among the ids, by id. */
export function* findSkusById(ctx: UnitContext, skuIds: readonly string[]): Unit<Map<string, SkuRow>> {
  if (skuIds.length === 0) return new Map()
  const found = yield* rows(skusOf.of(ctx, skuIds))
  return new Map(found.map((sku) => [sku.skuId, sku]))
}

export type LotWithSupplier = LotRow & { readonly supplierName: string; readonly isSupplierCertified: boolean }

/** The lots that exist among the ids, by id. */
export function* findLotsById(
  { db, tables: t }: UnitContext,
  lotIds: readonly string[],
): Unit<Map<string, LotWithSupplier>> {
  if (lotIds.length === 0) return new Map()
  const found = yield* rows(
    db
      .select({ lot: t.lots, supplierName: t.suppliers.name, isSupplierCertified: t.suppliers.isCertified })
      .from(t.lots)
      .innerJoin(t.suppliers, eq(t.suppliers.supplierId, t.lots.supplierId))
      .where(inArray(t.lots.lotId, [...lotIds])),
  )
  return new Map(found.map(({ lot, ...supplier }) => [lot.lotId, { ...lot, ...supplier }]))
}

/** The ids of suppliers that exist among these. */
export function* findSuppliersById({ db, tables: t }: UnitContext, supplierIds: readonly string[]): Unit<Set<string>> {
  const found = yield* rows(
    db
      .select({ supplierId: t.suppliers.supplierId })
      .from(t.suppliers)
      .where(inArray(t.suppliers.supplierId, [...supplierIds])),
  )
  return new Set(found.map(({ supplierId }) => supplierId))
}
