// What the books say lies in each lane, lot by lot, the one that expires first at the head: the shelf a buyer sees, the contract
// of a session and the settlement are read from it.
import { and, asc, eq, inArray, ne, or } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { countRows } from '../db/expressions.ts'
import type { Params, Unit, UnitContext } from '../db/unit.ts'
import { rows, statement } from '../db/unit.ts'
import type { LanePlace } from './rules.ts'

/** One lot in one lane, with what a buyer may know of it. */
export interface LaneLot {
  readonly laneId: string
  readonly lotId: string
  readonly skuId: string
  readonly units: number
  readonly expiresAtMs: number
  readonly traceCode: string
  readonly supplierName: string
  readonly isSupplierCertified: boolean
}

const ofCabinet = statement((ctx, p: Params<{ cabinetId: string }>) => {
  const { laneStock: s, lots, suppliers } = ctx.tables
  return ctx.db
    .select({
      laneId: s.laneId,
      lotId: s.lotId,
      skuId: lots.skuId,
      units: s.units,
      expiresAtMs: lots.expiresAtMs,
      traceCode: lots.traceCode,
      supplierName: suppliers.name,
      isSupplierCertified: suppliers.isCertified,
    })
    .from(s)
    .innerJoin(lots, eq(lots.lotId, s.lotId))
    .innerJoin(suppliers, eq(suppliers.supplierId, lots.supplierId))
    .where(eq(s.cabinetId, p.cabinetId))
    .orderBy(asc(s.laneId), asc(lots.expiresAtMs), asc(s.lotId))
})

/** Lots in a cabinet's lanes, per lane the one that expires first at the head. */
export function* lotsInCabinet(cabinetId: string): Unit<LaneLot[]> {
  return yield* rows(ofCabinet.with({ cabinetId }))
}

/** How many households stand behind each lot. */
export function* householdsBehindLots(
  { db, tables: t }: UnitContext,
  lotIds: readonly string[],
): Unit<Map<string, number>> {
  if (lotIds.length === 0) return new Map()
  const found = yield* rows(
    db
      .select({ lotId: t.lotSources.lotId, households: countRows() })
      .from(t.lotSources)
      .where(inArray(t.lotSources.lotId, [...lotIds]))
      .groupBy(t.lotSources.lotId),
  )
  return new Map(found.map((row) => [row.lotId, row.households]))
}

/** The books say that it lies there, or what was found says otherwise than they do: then it may lie there all the same. */
export function mayLieThere({ units, unitsMissing }: UnitContext['tables']['laneStock']): SQL | undefined {
  return or(ne(units, 0), ne(unitsMissing, 0))
}

/** Book units of one lane by lot, first expired first; `unitsMissing` is what counts found otherwise and nobody explained. */
export function* unitsInLane(
  { db, tables: t }: UnitContext,
  place: LanePlace,
): Unit<Array<{ lotId: string; units: number; unitsMissing: number }>> {
  return yield* rows(
    db
      .select({ lotId: t.laneStock.lotId, units: t.laneStock.units, unitsMissing: t.laneStock.unitsMissing })
      .from(t.laneStock)
      .innerJoin(t.lots, eq(t.lots.lotId, t.laneStock.lotId))
      .where(and(eq(t.laneStock.cabinetId, place.cabinetId), eq(t.laneStock.laneId, place.laneId)))
      .orderBy(asc(t.lots.expiresAtMs), asc(t.laneStock.lotId)),
  )
}

/** Of each of these lanes what the books say lies there and what counts missed, first expired first. */
export function* lotsInLanes(
  { db, tables: t }: UnitContext,
  places: readonly LanePlace[],
): Unit<(place: LanePlace) => Array<{ lotId: string; traceCode: string; units: number; unitsMissing: number }>> {
  const cabinetIds = [...new Set(places.map(({ cabinetId }) => cabinetId))]
  if (cabinetIds.length === 0) return () => []
  const found = yield* rows(
    db
      .select({ stock: t.laneStock, traceCode: t.lots.traceCode })
      .from(t.laneStock)
      .innerJoin(t.lots, eq(t.lots.lotId, t.laneStock.lotId))
      .where(and(inArray(t.laneStock.cabinetId, cabinetIds), mayLieThere(t.laneStock)))
      .orderBy(asc(t.lots.expiresAtMs), asc(t.laneStock.lotId)),
  )
  return ({ cabinetId, laneId }) =>
    found
      .filter(({ stock }) => stock.cabinetId === cabinetId && stock.laneId === laneId)
      .map(({ stock: { lotId, units, unitsMissing }, traceCode }) => ({ lotId, traceCode, units, unitsMissing }))
}
