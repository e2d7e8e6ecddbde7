// Goods that change their place without being sold: from lane to lane (调拨), or off the shelf back to the depot (下架).
import { recordAudit } from '../audit/record-audit.ts'
import type { Effect } from '../context.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { refreshLocks } from '../lane-locks/refresh-locks.ts'
import { bookMoves } from './book-moves.ts'
import { unitsInLane } from './lane-stock.ts'
import { requireLoadableLot, requireOpenLot, requireRoom } from './require-goods.ts'
import { differencePlace, fixedPlaces, lanePlace } from './rules.ts'
import type { LanePlace } from './rules.ts'

export interface Moved {
  readonly moveId: string
  readonly effects: readonly Effect[]
}

export interface Transfer {
  readonly lotId: string
  readonly from: LanePlace
  readonly to: LanePlace
  readonly units: number
  readonly reason: string
  readonly by: string
  /** What it is part of; default: the move itself. */
  readonly causeId?: string
}

/**
 * Lane → lane. Refuses with stock.same_lane, lot_unknown, lot_closed, lot_expired, lot_recalled, lane_wrong, lane_full and
 * not_enough.
 */
export function* transferStock(ctx: UnitContext, transfer: Transfer): Unit<Moved> {
  const { lotId, from, to, units, reason, by, causeId } = transfer
  if (lanePlace(from) === lanePlace(to)) throw new RefusalError('stock.same_lane', undefined, { field: 'to' })
  const lot = yield* requireLoadableLot(ctx, lotId)
  yield* requireRoom(ctx, { place: to, skuId: lot.skuId, units, field: 'to.laneId' })
  const [move] = yield* bookMoves(ctx, [
    {
      kind: 'transferred',
      lotId,
      from: lanePlace(from),
      to: lanePlace(to),
      units,
      reason,
      by,
      ...(causeId === undefined ? {} : { causeId }),
    },
  ])
  const moveId = move?.moveId ?? ''
  yield* recordAudit(ctx, {
    accountId: by,
    action: 'stock.transferred',
    subjectId: lotId,
    why: reason,
    detail: { moveId, from, to, units },
  })
  return { moveId, effects: yield* refreshLocks(ctx, [from.cabinetId, to.cabinetId], 'stock') }
}

export interface TakeOff extends LanePlace {
  readonly lotId: string
  readonly units: number
  /** A count has missed the goods already: they come out of the lane's difference. */
  readonly isFromDifference: boolean
  readonly reason: string
  readonly by: string
}

/** Lane → depot. Refuses with stock.lot_unknown, lot_closed, lane_wrong and not_enough. */
export function* takeOffStock(ctx: UnitContext, takeOff: TakeOff): Unit<Moved> {
  const { lotId, units, isFromDifference, reason, by, cabinetId, laneId } = takeOff
  yield* requireOpenLot(ctx, lotId)
  if (isFromDifference) yield* requireMissing(ctx, takeOff)
  const from = isFromDifference ? differencePlace(takeOff) : lanePlace(takeOff)
  const [move] = yield* bookMoves(ctx, [{ kind: 'taken_off', lotId, from, to: fixedPlaces.depot, units, reason, by }])
  const moveId = move?.moveId ?? ''
  yield* recordAudit(ctx, {
    accountId: by,
    action: 'stock.taken_off',
    subjectId: lotId,
    why: reason,
    detail: { moveId, cabinetId, laneId, units, isFromDifference },
  })
  return { moveId, effects: yield* refreshLocks(ctx, [cabinetId], 'stock') }
}

/** What a person takes out of a difference was missing there. Refuses with stock.not_enough. */
export function* requireMissing(
  ctx: UnitContext,
  goods: LanePlace & { readonly lotId: string; readonly units: number },
): Unit<void> {
  const lot = (yield* unitsInLane(ctx, goods)).find(({ lotId }) => lotId === goods.lotId)
  const missing = lot?.unitsMissing ?? 0
  if (missing < goods.units)
    throw new RefusalError('stock.not_enough', undefined, { field: 'units', facts: { units: Math.max(0, missing) } })
}
