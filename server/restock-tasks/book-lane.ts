// What a lane of a task does to the books. The scales' word comes from the cabinet and the restocker's from the phone, either one
// first: the first that comes books what is known then, what comes later books only what it says otherwise. So the books end
// the same, whichever way the news took.
import type { Effect } from '../context.ts'
import { and, eq } from 'drizzle-orm'
import { exec } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { refreshLocks } from '../lane-locks/refresh-locks.ts'
import { bookReportedChange, bookReportedCount } from '../stock/count-lane.ts'
import { unitsInLane } from '../stock/lane-stock.ts'
import { bookReportedLoad, bookReportedTakeOff } from '../stock/load-lane.ts'
import { expectedAfter } from './rules.ts'
import type { Booked, LotCount, Stated } from './rules.ts'
import type { TaskLaneRow, TaskRow } from './store.ts'

interface LanePlace {
  readonly cabinetId: string
  readonly laneId: string
  readonly causeId: string
}

/** The restocker's word, or until it comes what was planned. */
export function targetOf(lane: TaskLaneRow, stated: Stated | null): Booked {
  if (stated !== null) return { takenOff: stated.takenOff, putIn: stated.putIn, countAfter: stated.countAfter }
  return { takenOff: lane.takeOff, putIn: lane.putIn, countAfter: expectedAfter(lane) }
}

/** Books a lane when the door was closed; `soldUnits`: what was sold of it between the restocker's word and now. */
export function* bookLane(ctx: UnitContext, task: TaskRow, lane: TaskLaneRow, soldUnits = 0): Unit<void> {
  const place = { cabinetId: task.cabinetId, laneId: lane.laneId, causeId: task.taskId }
  const target = targetOf(lane, lane.stated)
  if (lane.booked !== null) return yield* correct(ctx, place, lane.booked, target, lane)
  for (const { lotId, count } of target.putIn) yield* fromDepot(ctx, place, lotId, count)
  for (const { lotId, count } of target.takenOff) yield* fromDepot(ctx, place, lotId, -count)
  const isCounted = yield* countTo(ctx, place, target, soldUnits)
  yield* keepBooked(ctx, lane, isCounted ? target : { ...target, countAfter: 0 })
}

/** The restocker's word on a lane that is in the books already: only what it says otherwise moves. */
export function* rebookLane(
  ctx: UnitContext,
  task: TaskRow,
  lane: TaskLaneRow,
  stated: Stated,
): Unit<readonly Effect[]> {
  if (lane.booked === null) return []
  const place = { cabinetId: task.cabinetId, laneId: lane.laneId, causeId: task.taskId }
  yield* correct(ctx, place, lane.booked, targetOf(lane, stated), lane)
  return yield* refreshLocks(ctx, [task.cabinetId], 'restock')
}

function* correct(ctx: UnitContext, place: LanePlace, before: Booked, target: Booked, lane: TaskLaneRow): Unit<void> {
  const put = changesOf(before.putIn, target.putIn)
  const off = changesOf(before.takenOff, target.takenOff)
  let left = target.countAfter - before.countAfter
  for (const { lotId, count } of put) {
    yield* fromDepot(ctx, place, lotId, count)
    left -= count
  }
  for (const { lotId, count } of off) {
    yield* fromDepot(ctx, place, lotId, -count)
    left += count
  }
  // Sales may have come in between: the rest is a change of the count, not a count.
  const lotId = left === 0 ? undefined : yield* lotFor(ctx, place, target)
  if (lotId !== undefined) {
    yield* bookReportedChange(ctx, { ...place, lotId, units: left })
    left = 0
  }
  yield* keepBooked(ctx, lane, { ...target, countAfter: target.countAfter - left })
}

/** Lot by lot, what is more (+) or less (−) now. */
function changesOf(before: readonly LotCount[], after: readonly LotCount[]): LotCount[] {
  const counts = new Map<string, number>()
  for (const { lotId, count } of after) counts.set(lotId, (counts.get(lotId) ?? 0) + count)
  for (const { lotId, count } of before) counts.set(lotId, (counts.get(lotId) ?? 0) - count)
  return [...counts].map(([lotId, count]) => ({ lotId, count })).filter(({ count }) => count !== 0)
}

/** Depot → lane, or back with fewer than none. */
function* fromDepot(ctx: UnitContext, place: LanePlace, lotId: string, units: number): Unit<void> {
  if (units > 0) yield* bookReportedLoad(ctx, { ...place, lotId, units })
  else if (units < 0) yield* bookReportedTakeOff(ctx, { ...place, lotId, units: -units })
}

/**
 * What is missing left from the older lots first; the lot just loaded answers for the rest, and for what is too much. False where no
 * lot is known to have been in the lane: then there is nothing to count on.
 */
function* countTo(ctx: UnitContext, place: LanePlace, target: Booked, soldUnits: number): Unit<boolean> {
  const newestLotId = yield* lotFor(ctx, place, target)
  if (newestLotId === undefined) return false
  yield* bookReportedCount(ctx, { ...place, total: Math.max(0, target.countAfter - soldUnits), newestLotId })
  return true
}

/** The lot a change of the count falls on: the one loaded last, else one that lies there, or did. */
function* lotFor(ctx: UnitContext, place: LanePlace, { putIn, takenOff }: Booked): Unit<string | undefined> {
  const loaded = putIn.at(-1)?.lotId
  if (loaded !== undefined) return loaded
  const known = yield* unitsInLane(ctx, place)
  return known.findLast(({ units }) => units > 0)?.lotId ?? takenOff.at(-1)?.lotId ?? known.at(-1)?.lotId
}

function* keepBooked(ctx: UnitContext, lane: TaskLaneRow, booked: Booked): Unit<void> {
  const { restockTaskLanes: t } = ctx.tables
  yield* exec(
    ctx.db
      .update(t)
      .set({ booked })
      .where(and(eq(t.taskId, lane.taskId), eq(t.laneId, lane.laneId))),
  )
}
