// Judges the lanes of a task anew after something was stated, weighed or explained, and sums up the task.
import { and, eq } from 'drizzle-orm'
import { exec } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { verdictOf } from './rules.ts'
import { findLanes } from './store.ts'

export function* judgeTask(ctx: UnitContext, taskId: string): Unit<void> {
  const { restockTasks: t, restockTaskLanes: l } = ctx.tables
  const lanes = yield* findLanes(ctx, taskId)
  let unexplained = 0
  for (const lane of lanes) {
    const verdict = verdictOf(lane)
    if (verdict === 'unexplained') unexplained += 1
    if (verdict === lane.verdict) continue
    yield* exec(
      ctx.db
        .update(l)
        .set({ verdict })
        .where(and(eq(l.taskId, taskId), eq(l.laneId, lane.laneId))),
    )
  }
  const isWeighed = lanes.length > 0 && lanes.every(({ weighed }) => weighed !== null)
  yield* exec(ctx.db.update(t).set({ unexplained, isWeighed }).where(eq(t.taskId, taskId)))
}
