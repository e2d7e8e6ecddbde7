// The cabinet's word on a task's lanes, when the door was closed and the weights rest: it is kept beside the restocker's, and the
// goods go into the books.
import { and, eq } from 'drizzle-orm'
import type { EventBody } from '#shared/contracts/mqtt/event.ts'
import { findSkusById } from '../catalog/find-goods.ts'
import { exec, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { bookLane } from './book-lane.ts'
import { judgeTask } from './judge-task.ts'
import type { LotCount, Weighed } from './rules.ts'
import { findLanes, findTaskOfSession } from './store.ts'
import type { TaskLaneRow } from './store.ts'

type Completed = EventBody<'restock.completed'>
type LaneStatistics = Completed['lanes'][number]

/**
 * Books what a task's session did and returns the lanes that were booked: none when no task opened the session. Call it before
 * the lanes' learned weights are replaced by what this session taught.
 */
export function* weighTask(ctx: UnitContext, completed: Completed, atMs: number): Unit<ReadonlySet<string>> {
  const task = yield* findTaskOfSession(ctx, completed.sessionId)
  if (task === undefined) return new Set()
  const lanes = yield* findLanes(ctx, task.taskId)
  const known = yield* knownWeights(ctx, task.cabinetId, lanes)
  const booked = new Set<string>()
  for (const lane of lanes) {
    const statistics = completed.lanes.find(({ laneId }) => laneId === lane.laneId)
    if (statistics === undefined) continue
    yield* bookLane(ctx, task, lane)
    yield* keepWeighed(ctx, lane, weigh(completed, lane, statistics, known.get(lane.laneId), atMs))
    booked.add(lane.laneId)
  }
  yield* judgeTask(ctx, task.taskId)
  return booked
}

interface KnownWeight {
  readonly unitMassMg: number
  readonly unitMassSdMg: number
  readonly isLearned: boolean
}

function weigh(
  { sessionId, opening, closing }: Completed,
  lane: TaskLaneRow,
  statistics: LaneStatistics,
  known: KnownWeight = { unitMassMg: 1, unitMassSdMg: 0, isLearned: false },
  atMs: number,
): Weighed {
  const before = opening.find(({ laneId }) => laneId === lane.laneId)
  const after = closing.find(({ laneId }) => laneId === lane.laneId)
  const isSeen = before !== undefined && after !== undefined
  return {
    sessionId,
    countBefore: lane.bookedBefore,
    countAfter: statistics.countAfter,
    ...(isSeen ? { changeMg: after.levelMg - before.levelMg } : {}),
    errorMg: isSeen ? Math.round(Math.hypot(before.standardErrorMg, after.standardErrorMg)) : 0,
    ...known,
    moved: unitsOf(lane.takeOff) + unitsOf(lane.putIn),
    isDoubtful: statistics.isCountDoubtful,
    atMs,
  }
}

const unitsOf = (lots: readonly LotCount[]) => lots.reduce((sum, { count }) => sum + count, 0)

/** By lane: what a piece was known to weigh before, learned there or as its label says. */
function* knownWeights(ctx: UnitContext, cabinetId: string, lanes: readonly TaskLaneRow[]) {
  const { laneWeights: w } = ctx.tables
  const skus = yield* findSkusById(ctx, [...new Set(lanes.map(({ skuId }) => skuId))])
  const learned = yield* rows(ctx.db.select().from(w).where(eq(w.cabinetId, cabinetId)))
  return new Map(
    lanes.map(({ laneId, skuId }): [string, KnownWeight] => {
      const sku = skus.get(skuId)
      const own = learned.find((one) => one.laneId === laneId && one.skuId === skuId && !one.isCountDoubtful)
      const isLearned = own !== undefined && own.samples > 0
      const unitMassMg = isLearned ? own.unitMassMg : (sku?.labelUnitMassMg ?? 1)
      const unitMassSdMg = isLearned ? own.unitMassSdMg : (sku?.labelUnitMassSdMg ?? 0)
      return [laneId, { unitMassMg, unitMassSdMg, isLearned }]
    }),
  )
}

function* keepWeighed(ctx: UnitContext, { taskId, laneId }: TaskLaneRow, weighed: Weighed): Unit<void> {
  const { restockTaskLanes: t } = ctx.tables
  yield* exec(
    ctx.db
      .update(t)
      .set({ weighed })
      .where(and(eq(t.taskId, taskId), eq(t.laneId, laneId))),
  )
}
