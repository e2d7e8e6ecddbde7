// One step of a restocker, fitted into the task as it stands: applied, or kept with the reason why not. What two people did at
// one cabinet, and what was done to a task that had been planned anew meanwhile, is decided here.
import { and, eq } from 'drizzle-orm'
import type { RestockConflictCode, RestockStep } from '#shared/contracts/http/restock-tasks.ts'
import { findLotsById } from '../catalog/find-goods.ts'
import type { Effect } from '../context.ts'
import { exec } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { judgeTask } from './judge-task.ts'
import { differsFromPlan, expectedAfter, findStepConflict } from './rules.ts'
import { rebookLane } from './book-lane.ts'
import type { Stated } from './rules.ts'
import { seesAll } from './show-tasks.ts'
import type { Worker } from './show-tasks.ts'
import { findCabinetId, findLanes, findLiveTask, findOpenings, findTask } from './store.ts'
import type { TaskLaneRow, TaskRow } from './store.ts'

export interface Applied {
  readonly isApplied: boolean
  readonly conflict?: RestockConflictCode
  readonly detail?: string
  readonly effects?: readonly Effect[]
}

interface StepInput<K extends RestockStep['kind'] = RestockStep['kind']> {
  readonly taskId: string
  readonly worker: Worker
  readonly step: Extract<RestockStep, { kind: K }>
}

const kept = (conflict: RestockConflictCode, detail: string): Applied => ({ isApplied: false, conflict, detail })
const done: Applied = { isApplied: true }

export function* applyStep(ctx: UnitContext, { taskId, worker, step }: StepInput): Unit<Applied> {
  const found = yield* findTask(ctx, taskId)
  if (found === undefined) throw new Error('the task is gone')
  const owned = yield* claim(ctx, found, worker, step)
  if ('isApplied' in owned) return owned
  const { task, conflict } = owned
  const isOpened = (yield* findOpenings(ctx, taskId)).length > 0
  const misfit = findStepConflict(step.kind, step.atMs, { ...task, isOpened })
  if (misfit !== undefined) return kept(misfit, `${step.kind} while ${task.state}`)
  const applied = yield* applyFitting(ctx, task, worker, step)
  return applied.isApplied && conflict !== undefined ? { ...applied, ...conflict } : applied
}

function* applyFitting(ctx: UnitContext, task: TaskRow, worker: Worker, step: RestockStep): Unit<Applied> {
  switch (step.kind) {
    case 'checked-in':
      return yield* checkIn(ctx, task, step)
    case 'lane-done':
      return yield* stateLane(ctx, task, worker, step)
    case 'closed':
      return yield* close(ctx, task, step.atMs)
    case 'given-up':
      yield* change(ctx, task, { state: 'given_up', giveUpReason: step.reason, closedAtMs: step.atMs })
      return done
  }
}

type Claimed = { readonly task: TaskRow; readonly conflict?: Pick<Applied, 'conflict' | 'detail'> } | Applied

/**
 * Whose task is it? Who checks in first at a cabinet has it, whoever was named: the goods are in that van. A task that was
 * planned anew meanwhile comes back, and its successor goes, unless somebody has begun that one.
 */
function* claim(ctx: UnitContext, task: TaskRow, worker: Worker, step: RestockStep): Unit<Claimed> {
  const isCheckIn = step.kind === 'checked-in'
  if (task.state === 'cancelled') {
    const successor = yield* findLiveTask(ctx, task.day, task.cabinetId)
    if (!isCheckIn || (successor !== undefined && successor.state !== 'planned'))
      return kept('task_replanned', successor === undefined ? 'planned anew' : `task ${successor.taskId} has begun`)
    if (successor !== undefined) yield* change(ctx, successor, { state: 'cancelled' })
    const restockerId = seesAll(worker) ? task.restockerId : worker.accountId
    const revived = yield* change(ctx, task, { state: 'planned', restockerId })
    return {
      task: revived,
      conflict: { conflict: 'task_replanned', detail: `replaces task ${successor?.taskId ?? 'none'}` },
    }
  }
  if (task.restockerId === worker.accountId || seesAll(worker)) return { task }
  if (!isCheckIn || task.state !== 'planned') return kept('not_assigned', 'somebody else has this task')
  const taken = yield* change(ctx, task, { restockerId: worker.accountId })
  return { task: taken, conflict: { conflict: 'not_assigned', detail: 'taken over by who checked in' } }
}

export function* change(ctx: UnitContext, task: TaskRow, changes: Partial<TaskRow>): Unit<TaskRow> {
  const { restockTasks: t } = ctx.tables
  yield* exec(ctx.db.update(t).set(changes).where(eq(t.taskId, task.taskId)))
  return { ...task, ...changes }
}

function* checkIn(ctx: UnitContext, task: TaskRow, step: StepInput<'checked-in'>['step']): Unit<Applied> {
  if ((yield* findCabinetId(ctx, step.cabinetCode)) !== task.cabinetId)
    return kept('wrong_cabinet', `scanned ${step.cabinetCode}, which this task is not for`)
  const checkedInAtMs = Math.min(task.checkedInAtMs ?? step.atMs, step.atMs)
  yield* change(ctx, task, { checkedInAtMs, ...(task.state === 'planned' ? { state: 'checked_in' } : {}) })
  return done
}

function* stateLane(
  ctx: UnitContext,
  task: TaskRow,
  worker: Worker,
  step: StepInput<'lane-done'>['step'],
): Unit<Applied> {
  const lane = (yield* findLanes(ctx, task.taskId)).find(({ laneId }) => laneId === step.laneId)
  if (lane === undefined) return kept('lane_unknown', `the task has no lane ${step.laneId}`)
  const { stepId, atMs, takenOff, putIn, countAfter, difference, photoIds } = step
  const lots = yield* findLotsById(
    ctx,
    [...takenOff, ...putIn].map(({ lotId }) => lotId),
  )
  const stranger = [...takenOff, ...putIn].find(({ lotId }) => !lots.has(lotId))
  const foreign = putIn.find(({ lotId }) => lots.get(lotId)?.skuId !== lane.skuId)
  if (stranger !== undefined || foreign !== undefined)
    return kept('lot_unknown', `${(stranger ?? foreign)?.lotId} is no lot of lane ${step.laneId}`)
  const stated: Stated = {
    stepId,
    accountId: worker.accountId,
    byName: worker.displayName,
    atMs,
    takenOff,
    putIn,
    countAfter,
    difference,
    photoIds,
  }
  if (differsFromPlan(lane, stated) && difference === undefined)
    return kept('difference_unexplained', `${countAfter} pieces stated, ${expectedAfter(lane)} by books and plan`)
  const before = lane.stated
  if (before !== null && (before.atMs > atMs || (before.atMs === atMs && before.stepId > stepId)))
    return kept('stated_later', `${before.byName} stated this lane later`)
  const effects = yield* setStated(ctx, task, lane, stated)
  if (before === null || before.accountId === worker.accountId) return { ...done, effects }
  return { ...done, conflict: 'replaces_earlier', detail: `replaces the word of ${before.byName}`, effects }
}

function* setStated(ctx: UnitContext, task: TaskRow, lane: TaskLaneRow, stated: Stated): Unit<readonly Effect[]> {
  const { restockTaskLanes: t } = ctx.tables
  const kept = JSON.parse(JSON.stringify(stated)) as Stated
  const effects = yield* rebookLane(ctx, task, lane, kept)
  yield* exec(ctx.db.update(t).set({ stated: kept }).where(laneIs(ctx, lane)))
  yield* judgeTask(ctx, task.taskId)
  return effects
}

function laneIs({ tables: { restockTaskLanes: t } }: UnitContext, { taskId, laneId }: TaskLaneRow) {
  return and(eq(t.taskId, taskId), eq(t.laneId, laneId))
}

function* close(ctx: UnitContext, task: TaskRow, atMs: number): Unit<Applied> {
  const unstated = (yield* findLanes(ctx, task.taskId)).filter(({ stated }) => stated === null)
  if (unstated.length > 0) return kept('lanes_missing', unstated.map(({ laneId }) => laneId).join(', '))
  yield* change(ctx, task, { state: 'closed', closedAtMs: atMs })
  yield* judgeTask(ctx, task.taskId)
  return done
}
