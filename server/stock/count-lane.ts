// Sets the books of a lane to a count (盘点). What differs goes to the lane's difference and stays there until a person says what
// became of it; no money moves for a count.
import { findTwin } from '../cabinets/change-twin.ts'
import type { Effect } from '../context.ts'
import { findLotsById } from '../catalog/find-goods.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { refreshLocks } from '../lane-locks/refresh-locks.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { bookMoves } from './book-moves.ts'
import { unitsInLane } from './lane-stock.ts'
import { differencePlace, differencesOf, lanePlace, spreadCount } from './rules.ts'
import type { LanePlace, LotUnits } from './rules.ts'

export interface LaneCount extends LanePlace {
  /** What lies in the lane, lot by lot; lots that are not named were not there. */
  readonly counts: readonly LotUnits[]
  readonly reason: string
  readonly by: string
}

/** Refuses with cabinet.unknown, stock.lane_wrong, lot_unknown, lot_closed and count_wrong. Returns what differed. */
export function* countLane(
  ctx: UnitContext,
  count: LaneCount,
): Unit<{ readonly differences: LotUnits[]; readonly effects: readonly Effect[] }> {
  const { cabinetId, laneId, counts, reason, by } = count
  const booked = yield* unitsInLane(ctx, count)
  yield* checkCounts(ctx, count, booked)
  const countId = ctx.newId()
  const differences = yield* bookCount(ctx, count, counts, { causeId: countId, reason, by })
  yield* recordAudit(ctx, {
    accountId: by,
    action: 'stock.counted',
    subjectId: cabinetId,
    why: reason,
    before: { laneId, lots: booked.map(({ lotId, units }) => ({ lotId, units })) },
    after: { laneId, lots: counts },
    detail: { countId },
  })
  return { differences, effects: yield* refreshLocks(ctx, [cabinetId], 'stock') }
}

/** A lot belongs into the lane by the planogram, or lies there by the books. */
function* checkCounts(ctx: UnitContext, count: LaneCount, booked: readonly LotUnits[]): Unit<void> {
  const { planogram } = yield* findTwin(ctx, count.cabinetId)
  const planned = planogram.lanes.find(({ laneId }) => laneId === count.laneId)
  if (planned === undefined && booked.length === 0)
    throw new RefusalError('stock.lane_wrong', undefined, { field: 'laneId' })
  const lots = yield* findLotsById(
    ctx,
    count.counts.map(({ lotId }) => lotId),
  )
  const seen = new Set<string>()
  for (const [index, { lotId, units }] of count.counts.entries()) {
    const field = `counts.${index}.lotId`
    const lot = lots.get(lotId)
    if (lot === undefined) throw new RefusalError('stock.lot_unknown', undefined, { field })
    if (lot.closedAtMs !== null && units > 0) throw new RefusalError('stock.lot_closed', undefined, { field })
    const belongs = lot.skuId === planned?.skuId || booked.some((it) => it.lotId === lotId)
    if (seen.has(lotId) || !belongs) throw new RefusalError('stock.count_wrong', undefined, { field })
    seen.add(lotId)
  }
}

/** Lane ↔ its difference, lot by lot; returns the lots that differed, > 0 found, < 0 missing. */
export function* bookCount(
  ctx: UnitContext,
  place: LanePlace,
  counts: readonly LotUnits[],
  cause: { readonly causeId: string; readonly reason?: string; readonly by?: string },
): Unit<LotUnits[]> {
  const differences = differencesOf(yield* unitsInLane(ctx, place), counts)
  const lane = lanePlace(place)
  const difference = differencePlace(place)
  yield* bookMoves(
    ctx,
    differences.map(({ lotId, units }) => ({
      kind: 'counted',
      lotId,
      from: units > 0 ? difference : lane,
      to: units > 0 ? lane : difference,
      units: Math.abs(units),
      ...cause,
    })),
  )
  return differences
}

/** A restocker's count of a lane's total, as the cabinet reported it; `newestLotId` was loaded last. */
export function* bookReportedCount(
  ctx: UnitContext,
  place: LanePlace & { readonly total: number; readonly newestLotId: string; readonly causeId: string },
): Unit<void> {
  const booked = yield* unitsInLane(ctx, place)
  const known = (yield* findLotsById(ctx, [place.newestLotId])).has(place.newestLotId)
  const newest = known ? place.newestLotId : booked.at(-1)?.lotId
  if (newest === undefined) return
  yield* bookCount(ctx, place, spreadCount(booked, place.total, newest), { causeId: place.causeId })
}

/** A count corrected by so many units, > 0 more. Fewer come out of the named lot first, then out of the others as they expire. */
export function* bookReportedChange(
  ctx: UnitContext,
  change: LanePlace & { readonly lotId: string; readonly units: number; readonly causeId: string },
): Unit<void> {
  const { lotId, units, causeId } = change
  const booked = yield* unitsInLane(ctx, change)
  const counts = new Map(booked.map((lot) => [lot.lotId, lot.units]))
  if (units > 0) counts.set(lotId, (counts.get(lotId) ?? 0) + units)
  let gone = Math.max(0, -units)
  for (const id of [lotId, ...counts.keys()]) {
    const taken = Math.min(gone, counts.get(id) ?? 0)
    if (taken > 0) counts.set(id, (counts.get(id) ?? 0) - taken)
    gone -= taken
  }
  yield* bookCount(
    ctx,
    change,
    [...counts].map(([id, left]) => ({ lotId: id, units: left })),
    { causeId },
  )
}
