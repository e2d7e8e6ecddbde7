// Goods of the depot go into a lane (上架): by a person's word, which is checked, or by a cabinet's, which is a fact.
import type { Effect } from '../context.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { refreshLocks } from '../lane-locks/refresh-locks.ts'
import { one } from '../db/unit.ts'
import { eq } from 'drizzle-orm'
import { bookMoves, unitsOfLot } from './book-moves.ts'
import type { Move } from './book-moves.ts'
import { requireLoadableLot, requireRoom } from './require-goods.ts'
import { differencePlace, fixedPlaces, lanePlace } from './rules.ts'
import type { LanePlace } from './rules.ts'

export interface LaneLoad extends LanePlace {
  readonly lotId: string
  /** Whole units, > 0. */
  readonly units: number
  /** The restock task or session. */
  readonly causeId: string
  /** The account. */
  readonly by: string
}

/**
 * Depot → lane. The caller writes the audit row of what it is part of. Refuses with stock.lot_unknown, lot_closed, lot_expired,
 * lot_recalled, lane_wrong, lane_full and not_enough.
 */
export function* loadLane(ctx: UnitContext, load: LaneLoad): Unit<readonly Effect[]> {
  const { lotId, units, causeId, by } = load
  const lot = yield* requireLoadableLot(ctx, lotId)
  yield* requireRoom(ctx, { place: load, skuId: lot.skuId, units, field: 'laneId' })
  yield* bookMoves(ctx, [
    { kind: 'loaded', lotId, from: fixedPlaces.depot, to: lanePlace(load), units, causeId, reason: undefined, by },
  ])
  return yield* refreshLocks(ctx, [load.cabinetId], 'stock')
}

/**
 * What a cabinet says was put into a lane. What the depot has by the books comes from there; what goes beyond came from
 * somewhere the books do not know, and stays in the lane's difference. Returns how many units that were.
 */
export function* bookReportedLoad(ctx: UnitContext, load: Omit<LaneLoad, 'by'>): Unit<number> {
  const { lotId, units, causeId } = load
  if (units === 0) return 0
  const { lots: t } = ctx.tables
  const lot = yield* one(ctx.db.select({ unitsAtDepot: t.unitsAtDepot }).from(t).where(eq(t.lotId, lotId)))
  // A cabinet names only lots it was told of; one that is not there has nothing to be booked on.
  if (lot === undefined) return units
  const fromDepot = Math.min(units, lot.unitsAtDepot)
  const to = lanePlace(load)
  const moves: Move[] = [
    { kind: 'loaded', lotId, from: fixedPlaces.depot, to, units: fromDepot, causeId },
    { kind: 'counted', lotId, from: differencePlace(load), to, units: units - fromDepot, causeId },
  ]
  yield* bookMoves(
    ctx,
    moves.filter((move) => move.units > 0),
  )
  return units - fromDepot
}

/**
 * What somebody says was taken off a lane and brought back. What the lane holds by the books comes out of it, what goes beyond out
 * of its difference: a count may have missed it before.
 */
export function* bookReportedTakeOff(ctx: UnitContext, load: Omit<LaneLoad, 'by'>): Unit<void> {
  const { lotId, units, causeId } = load
  const fromLane = Math.min(units, yield* unitsOfLot({ cabinetId: load.cabinetId, laneId: load.laneId, lotId }))
  const to = fixedPlaces.depot
  const moves: Move[] = [
    { kind: 'taken_off', lotId, from: lanePlace(load), to, units: fromLane, causeId },
    { kind: 'taken_off', lotId, from: differencePlace(load), to, units: units - fromLane, causeId },
  ]
  yield* bookMoves(
    ctx,
    moves.filter((move) => move.units > 0),
  )
}
