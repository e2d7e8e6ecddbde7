// Writes tasks with their lanes: by the day's plan, and one ordered by hand.
import { insertRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import type { LotCount, TakenOff } from './rules.ts'

export interface NewLane {
  readonly laneId: string
  readonly skuId: string
  readonly capacity: number
  readonly bookedBefore: number
  readonly takeOff: TakenOff[]
  readonly putIn: LotCount[]
}

export interface NewTask {
  readonly day: string
  readonly cabinetId: string
  readonly restockerId: string
  readonly plannedBy: string
  readonly lanes: readonly NewLane[]
}

const unitsOf = (lots: readonly LotCount[]) => lots.reduce((sum, { count }) => sum + count, 0)

/** Units that go in and come out over all lanes. */
export function unitsOfLanes(lanes: ReadonlyArray<Pick<NewLane, 'takeOff' | 'putIn'>>) {
  return {
    putInUnits: lanes.reduce((sum, { putIn }) => sum + unitsOf(putIn), 0),
    takeOffUnits: lanes.reduce((sum, { takeOff }) => sum + unitsOf(takeOff), 0),
  }
}

/** Returns the tasks' ids in the same order. */
export function* makeTasks(ctx: UnitContext, tasks: readonly NewTask[]): Unit<string[]> {
  const t = ctx.tables
  const plannedAtMs = ctx.now()
  const made = tasks.map((task) => ({ taskId: ctx.newId(), ...task }))
  yield* insertRows(
    t.restockTasks,
    made.map(({ taskId, day, cabinetId, restockerId, plannedBy, lanes }) => ({
      taskId,
      day,
      cabinetId,
      restockerId,
      state: 'planned' as const,
      ...unitsOfLanes(lanes),
      isWeighed: false,
      unexplained: 0,
      plannedBy,
      plannedAtMs,
    })),
  )
  yield* insertRows(
    t.restockTaskLanes,
    made.flatMap(({ taskId, lanes }) => lanes.map((lane) => ({ taskId, ...lane, verdict: 'open' as const }))),
  )
  return made.map(({ taskId }) => taskId)
}
