// What a move by a person must be before it is booked: a lot that is there and open, a lane that is planned for it. Moves that
// cabinets report are facts and are not asked.
import type { Id } from '#shared/ids/uuid-v7.ts'
import { findTwin } from '../cabinets/change-twin.ts'
import { findLotsById } from '../catalog/find-goods.ts'
import type { LotWithSupplier } from '../catalog/find-goods.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { openRecallsOf } from '../recalls/find-recalls.ts'
import { unitsInLane } from './lane-stock.ts'
import type { LanePlace } from './rules.ts'

/** Refuses with stock.lot_unknown and stock.lot_closed. */
export function* requireOpenLot(ctx: UnitContext, lotId: Id, field = 'lotId'): Unit<LotWithSupplier> {
  const lot = (yield* findLotsById(ctx, [lotId])).get(lotId)
  if (lot === undefined) throw new RefusalError('stock.lot_unknown', undefined, { field })
  if (lot.closedAtMs !== null) throw new RefusalError('stock.lot_closed', undefined, { field })
  return lot
}

/** A lot that may go into a lane. Refuses with stock.lot_expired and stock.lot_recalled, too. */
export function* requireLoadableLot(ctx: UnitContext, lotId: Id): Unit<LotWithSupplier> {
  const lot = yield* requireOpenLot(ctx, lotId)
  if (lot.expiresAtMs < ctx.now()) throw new RefusalError('stock.lot_expired', undefined, { field: 'lotId' })
  if ((yield* openRecallsOf(ctx, [lotId])).size > 0)
    throw new RefusalError('stock.lot_recalled', undefined, { field: 'lotId' })
  return lot
}

/** Refuses with cabinet.unknown, stock.lane_wrong and, when `units` more do not fit, stock.lane_full. */
export function* requireRoom(
  ctx: UnitContext,
  { place, skuId, units, field }: { place: LanePlace; skuId: Id; units: number; field: string },
): Unit<void> {
  const { planogram } = yield* findTwin(ctx, place.cabinetId)
  const lane = planogram.lanes.find(({ laneId }) => laneId === place.laneId)
  if (lane?.skuId !== skuId) throw new RefusalError('stock.lane_wrong', undefined, { field })
  const booked = (yield* unitsInLane(ctx, place)).reduce((sum, lot) => sum + lot.units, 0)
  if (booked + units > lane.capacity)
    throw new RefusalError('stock.lane_full', undefined, { field: 'units', facts: { room: lane.capacity - booked } })
}
