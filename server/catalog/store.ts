// The catalog's SQL: lists by key, and the rows that lots are made of.
import { and, asc, eq, inArray, sql } from 'drizzle-orm'
import type { z } from 'zod'
import type { LotOrder } from '#shared/contracts/http/catalog.ts'
import { sumOf } from '../db/expressions.ts'
import type { Page, PageRequest } from '../db/keyset.ts'
import { behindInTime, behindKey, inTimeOrder, keyOfCursor, pageOfRows } from '../db/keyset.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { one, rows } from '../db/unit.ts'

export type SupplierRow = UnitContext['tables']['suppliers']['$inferSelect']
export type SkuRow = UnitContext['tables']['skus']['$inferSelect']
export type LotRow = UnitContext['tables']['lots']['$inferSelect']
export type LotSourceRow = UnitContext['tables']['lotSources']['$inferSelect']

export function* findSuppliers({ db, tables: t }: UnitContext, query: PageRequest): Unit<Page<SupplierRow>> {
  const after = behindKey([t.suppliers.name], keyOfCursor(query.cursor, 1), 'ascending')
  const found = yield* rows(
    db
      .select()
      .from(t.suppliers)
      .where(after)
      .orderBy(asc(t.suppliers.name))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    (row) => [row.name],
    (row) => row,
  )
}

export function* findSkus({ db, tables: t }: UnitContext, query: PageRequest): Unit<Page<SkuRow>> {
  const after = behindKey([t.skus.name, t.skus.skuId], keyOfCursor(query.cursor, 2), 'ascending')
  const found = yield* rows(
    db
      .select()
      .from(t.skus)
      .where(after)
      .orderBy(asc(t.skus.name), asc(t.skus.skuId))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    (row) => [row.name, row.skuId],
    (row) => row,
  )
}

export interface LotListRow {
  lot: LotRow
  skuName: string
  supplierName: string
}

export interface LotQuery extends PageRequest {
  readonly skuId?: string | undefined
  readonly order?: z.infer<typeof LotOrder> | undefined
}

/** Lots by receipt or by expiry, the newest first unless asked otherwise. */
export function* findLotRows({ db, tables: t }: UnitContext, query: LotQuery): Unit<Page<LotListRow>> {
  const { cursor, limit, order } = query
  const byExpiry = order === 'expires-soonest' || order === 'expires-latest'
  const columns = byExpiry ? [t.lots.expiresAtMs, t.lots.lotId] : [t.lots.lotId]
  const time = order === 'oldest' || order === 'expires-soonest' ? 'oldest' : 'newest'
  const after = behindInTime(columns, { cursor, limit, order: time })
  const ofSku = query.skuId === undefined ? undefined : eq(t.lots.skuId, query.skuId)
  const found = yield* rows(
    db
      .select({ lot: t.lots, skuName: t.skus.name, supplierName: t.suppliers.name })
      .from(t.lots)
      .innerJoin(t.skus, eq(t.skus.skuId, t.lots.skuId))
      .innerJoin(t.suppliers, eq(t.suppliers.supplierId, t.lots.supplierId))
      .where(and(after, ofSku))
      .orderBy(...inTimeOrder(columns, { order: time }))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    ({ lot }) => (byExpiry ? [lot.expiresAtMs, lot.lotId] : [lot.lotId]),
    (row) => row,
  )
}

/** The household rows of lots, in the order given at receipt. */
export function* sourcesOfLots({ db, tables: t }: UnitContext, lotIds: readonly string[]): Unit<LotSourceRow[]> {
  if (lotIds.length === 0) return []
  return yield* rows(
    db
      .select()
      .from(t.lotSources)
      .where(inArray(t.lotSources.lotId, [...lotIds]))
      .orderBy(asc(t.lotSources.lotId), asc(t.lotSources.ordinal)),
  )
}

/** Book units of lots that lie in cabinets, by lot. */
export function* unitsInCabinets({ db, tables: t }: UnitContext, lotIds: readonly string[]): Unit<Map<string, number>> {
  if (lotIds.length === 0) return new Map()
  const found = yield* rows(
    db
      .select({ lotId: t.laneStock.lotId, units: sumOf(t.laneStock.units) })
      .from(t.laneStock)
      .where(inArray(t.laneStock.lotId, [...lotIds]))
      .groupBy(t.laneStock.lotId),
  )
  return new Map(found.map((row) => [row.lotId, row.units]))
}

export function* findSku({ db, tables: t }: UnitContext, skuId: string): Unit<SkuRow | undefined> {
  return yield* one(db.select().from(t.skus).where(eq(t.skus.skuId, skuId)))
}

export function* findSupplier({ db, tables: t }: UnitContext, supplierId: string): Unit<SupplierRow | undefined> {
  return yield* one(db.select().from(t.suppliers).where(eq(t.suppliers.supplierId, supplierId)))
}

export function* supplierNameExists({ db, tables: t }: UnitContext, name: string): Unit<boolean> {
  const row = yield* one(
    db
      .select({ found: sql`1` })
      .from(t.suppliers)
      .where(eq(t.suppliers.name, name)),
  )
  return row !== undefined
}
