// Stock at book level: what the books say lies in each lane, lot by lot. Sales take from it on the ingest path, restocks
// put into it; the shelf a buyer sees and the contract of a session are read from it.
import { and, asc, eq, inArray, sql } from 'drizzle-orm'
import { countRows } from '../db/expressions.ts'
import type { Params, Unit, UnitContext } from '../db/unit.ts'
import { command, exec, insertRows, rows } from '../db/unit.ts'
import type { StockMoveKind } from './schema.ts'

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

/** Lots in a cabinet's lanes, per lane the one that expires first at the head. */
export function* lotsInCabinet({ db, tables: t }: UnitContext, cabinetId: string): Unit<LaneLot[]> {
  return yield* rows(
    db
      .select({
        laneId: t.laneStock.laneId,
        lotId: t.laneStock.lotId,
        skuId: t.lots.skuId,
        units: t.laneStock.units,
        expiresAtMs: t.lots.expiresAtMs,
        traceCode: t.lots.traceCode,
        supplierName: t.suppliers.name,
        isSupplierCertified: t.suppliers.isCertified,
      })
      .from(t.laneStock)
      .innerJoin(t.lots, eq(t.lots.lotId, t.laneStock.lotId))
      .innerJoin(t.suppliers, eq(t.suppliers.supplierId, t.lots.supplierId))
      .where(eq(t.laneStock.cabinetId, cabinetId))
      .orderBy(asc(t.laneStock.laneId), asc(t.lots.expiresAtMs), asc(t.lots.lotId)),
  )
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

interface LaneChange {
  cabinetId: string
  laneId: string
  lotId: string
  /** Signed. */
  units: number
}

const changeLane = command((ctx, p: Params<LaneChange>) => {
  const { laneStock } = ctx.tables
  return ctx.db
    .insert(laneStock)
    .values({ cabinetId: p.cabinetId, laneId: p.laneId, lotId: p.lotId, units: p.units })
    .onConflictDoUpdate({
      target: [laneStock.cabinetId, laneStock.laneId, laneStock.lotId],
      set: { units: sql`${laneStock.units} + excluded.units` },
    })
})

/** A sale took units out of a lane. The sale line is the record of it. */
export function* takeFromLane(sold: LaneChange): Unit<void> {
  yield* exec(changeLane.with({ ...sold, units: -sold.units }))
}

/** Moves units of a lot between depot and lane, or corrects a lane by a count; each change is kept as a stock move. */
export function* moveStock(
  ctx: UnitContext,
  move: LaneChange & { readonly kind: Exclude<StockMoveKind, 'received'>; readonly causeId: string },
): Unit<void> {
  const { cabinetId, laneId, lotId, units, kind, causeId } = move
  if (units === 0) return
  yield* exec(changeLane.with({ cabinetId, laneId, lotId, units }))
  if (kind === 'loaded') yield* takeFromDepot(ctx, lotId, units)
  yield* insertRows(ctx.tables.stockMoves, [
    { moveId: ctx.newId(), atMs: ctx.now(), kind, lotId, cabinetId, laneId, units, causeId },
  ])
}

/** The depot never goes below zero: what was loaded beyond its book stock shows in the lane and in the moves. */
function* takeFromDepot({ db, tables: { lots } }: UnitContext, lotId: string, units: number): Unit<void> {
  yield* exec(
    db
      .update(lots)
      .set({
        unitsAtDepot: sql`case when ${lots.unitsAtDepot} > ${units} then ${lots.unitsAtDepot} - ${units} else 0 end`,
      })
      .where(eq(lots.lotId, lotId)),
  )
}

/** Book units of one lane by lot. */
export function* unitsInLane(
  { db, tables: t }: UnitContext,
  place: { readonly cabinetId: string; readonly laneId: string },
): Unit<Array<{ lotId: string; units: number }>> {
  return yield* rows(
    db
      .select({ lotId: t.laneStock.lotId, units: t.laneStock.units })
      .from(t.laneStock)
      .where(and(eq(t.laneStock.cabinetId, place.cabinetId), eq(t.laneStock.laneId, place.laneId))),
  )
}
