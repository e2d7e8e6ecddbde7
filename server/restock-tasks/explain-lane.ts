// A person says why a lane holds something else than stated or planned.
import { and, eq } from 'drizzle-orm'
import type { DifferenceReason } from '#shared/contracts/http/restock-tasks.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { exec } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { judgeTask } from './judge-task.ts'
import { seesAll } from './show-tasks.ts'
import type { Worker } from './show-tasks.ts'
import { findLanes, findTask } from './store.ts'

export interface LaneExplanation {
  readonly taskId: string
  readonly laneId: string
  readonly reason: DifferenceReason
  readonly note: string
  readonly worker: Worker
}

/** Refuses with restock_task.unknown, restock_task.lane_unknown, and restock_task.nothing_to_explain. */
export function* explainLane(ctx: UnitContext, input: LaneExplanation): Unit<void> {
  const { taskId, laneId, reason, note, worker } = input
  const task = yield* findTask(ctx, taskId)
  if (task === undefined || !(seesAll(worker) || task.restockerId === worker.accountId))
    throw new RefusalError('restock_task.unknown')
  const lane = (yield* findLanes(ctx, taskId)).find((one) => one.laneId === laneId)
  if (lane === undefined) throw new RefusalError('restock_task.lane_unknown', undefined, { field: 'laneId' })
  if (lane.verdict !== 'unexplained') throw new RefusalError('restock_task.nothing_to_explain')
  const { restockTaskLanes: t } = ctx.tables
  const explanation = { reason, note, byName: worker.displayName, atMs: ctx.now() }
  yield* exec(
    ctx.db
      .update(t)
      .set({ explanation })
      .where(and(eq(t.taskId, taskId), eq(t.laneId, laneId))),
  )
  yield* judgeTask(ctx, taskId)
  yield* recordAudit(ctx, {
    accountId: worker.accountId,
    action: 'restock_task.lane_explained',
    subjectId: taskId,
    why: note,
    detail: { laneId, reason },
  })
}
