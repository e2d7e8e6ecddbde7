// Opens the cabinet of a task: by its restocker, checked in, with the network, and for what is left to do there. What must come
// out and what lies there is looked up again now: since the plan was made, people have bought.
import { and, eq } from 'drizzle-orm'
import type { LaneLoad } from '#shared/contracts/mqtt/command.ts'
import { findLotsById } from '../catalog/find-goods.ts'
import { unitsInLane } from '../stock/lane-stock.ts'
import { exec, insertRows, one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { openRecallsOf } from '../recalls/find-recalls.ts'
import { findTakeOffs } from '../replenishment/compute-plan.ts'
import { openWithLoads } from '../restock/open-for-restock.ts'
import { adoptIntent } from '../sessions/open-cabinet.ts'
import type { OpenDeps, OpenedSession } from '../sessions/open-cabinet.ts'
import { change } from './apply-step.ts'
import type { LotCount } from './rules.ts'
import type { Worker } from './show-tasks.ts'
import { seesAll } from './show-tasks.ts'
import { findLanes, findTask } from './store.ts'
import type { TaskLaneRow, TaskRow } from './store.ts'

export interface OpeningRequest {
  readonly taskId: string
  readonly worker: Worker
  readonly idempotencyKey: string
}

/**
 * Refuses with restock_task.unknown, restock_task.not_yours, restock_task.not_checked_in, restock_task.ended,
 * restock_task.nothing_to_do, and with what keeps a cabinet from opening (session.…, cabinet.…).
 */
export function* openTask(ctx: UnitContext, deps: OpenDeps, request: OpeningRequest): Unit<OpenedSession> {
  const { taskId, worker, idempotencyKey } = request
  const task = yield* findTask(ctx, taskId)
  if (task === undefined) throw new RefusalError('restock_task.unknown')
  if (task.restockerId !== worker.accountId && !seesAll(worker)) throw new RefusalError('restock_task.not_yours')
  const cabinetCode = yield* codeOf(ctx, task.cabinetId)
  const opening = { accountId: worker.accountId, accountName: worker.displayName, cabinetCode, idempotencyKey }
  const adopted = yield* adoptIntent('restock', opening)
  if (adopted !== undefined) return { session: adopted, effects: [] }
  if (task.state === 'planned') throw new RefusalError('restock_task.not_checked_in')
  if (task.state !== 'checked_in' && task.state !== 'opened') throw new RefusalError('restock_task.ended')
  const loads = yield* loadsOf(ctx, task)
  if (loads.length === 0) throw new RefusalError('restock_task.nothing_to_do')
  const opened = yield* openWithLoads(ctx, deps, { ...opening, loads, taskId })
  yield* insertRows(ctx.tables.restockOpenings, [{ sessionId: opened.session.sessionId, taskId }])
  yield* change(ctx, task, { state: 'opened' })
  return opened
}

function* codeOf({ db, tables: { cabinets: t } }: UnitContext, cabinetId: string): Unit<string> {
  const found = yield* one(db.select({ code: t.code }).from(t).where(eq(t.cabinetId, cabinetId)))
  if (found === undefined) throw new RefusalError('cabinet.unknown')
  return found.code
}

/** What the cabinet is told: of lanes not weighed yet, and of those whose count was stated otherwise than it was told before. */
function* loadsOf(ctx: UnitContext, task: TaskRow): Unit<LaneLoad[]> {
  const takeOffs = yield* findTakeOffs(ctx, ctx.now(), task.cabinetId)
  const loads: LaneLoad[] = []
  for (const lane of yield* findLanes(ctx, task.taskId)) {
    if (lane.weighed !== null) {
      loads.push(...(yield* recountOf(ctx, task, lane)))
      continue
    }
    const fresh = yield* refresh(
      ctx,
      task,
      lane,
      takeOffs.filter(({ laneId }) => laneId === lane.laneId),
    )
    loads.push(...(yield* loadsOfLane(ctx, task, fresh)))
  }
  return loads
}

function* refresh(
  ctx: UnitContext,
  task: TaskRow,
  lane: TaskLaneRow,
  found: Array<TaskLaneRow['takeOff'][number]>,
): Unit<TaskLaneRow> {
  const { restockTaskLanes: t } = ctx.tables
  const lying = yield* unitsInLane(ctx, { cabinetId: task.cabinetId, laneId: lane.laneId })
  const lots = yield* findLotsById(
    ctx,
    lane.putIn.map(({ lotId }) => lotId),
  )
  const recalled = yield* openRecallsOf(ctx, [...lots.keys()])
  const change = {
    bookedBefore: lying.reduce((sum, { units }) => sum + units, 0),
    takeOff: found.map(({ lotId, count, reason }) => ({ lotId, count, reason })),
    // What is past its date or under recall by now is not loaded.
    putIn: lane.putIn.filter(({ lotId }) => (lots.get(lotId)?.expiresAtMs ?? 0) > ctx.now() && !recalled.has(lotId)),
  }
  yield* exec(
    ctx.db
      .update(t)
      .set(change)
      .where(and(eq(t.taskId, lane.taskId), eq(t.laneId, lane.laneId))),
  )
  return { ...lane, ...change }
}

/** Where something comes out, the cabinet is told what lies there afterwards; else what is added. */
function* loadsOfLane(ctx: UnitContext, task: TaskRow, lane: TaskLaneRow): Unit<LaneLoad[]> {
  const { laneId, skuId, takeOff, putIn, bookedBefore } = lane
  const added = putIn.map(({ lotId, count }) => ({ laneId, skuId, lotId, count, isReplacement: false }))
  if (takeOff.length === 0) return added
  const rest = bookedBefore - unitsOf(takeOff)
  const [first, ...others] = added
  if (first !== undefined) return [{ ...first, count: Math.max(0, rest) + first.count, isReplacement: true }, ...others]
  const lying = yield* unitsInLane(ctx, { cabinetId: task.cabinetId, laneId })
  const out = new Set(takeOff.map(({ lotId }) => lotId))
  const lotId = (lying.find((lot) => lot.units > 0 && !out.has(lot.lotId)) ?? takeOff[0])?.lotId ?? ''
  return [{ laneId, skuId, lotId, count: Math.max(0, rest), isReplacement: true }]
}

/** A lane whose stated count the cabinet does not know: it is told what lies there by the books now. */
function* recountOf(ctx: UnitContext, task: TaskRow, lane: TaskLaneRow): Unit<LaneLoad[]> {
  const { laneId, skuId, stated, weighed } = lane
  if (stated === null || weighed === null || stated.countAfter === weighed.countAfter) return []
  const lying = yield* unitsInLane(ctx, { cabinetId: task.cabinetId, laneId })
  const count = lying.reduce((sum, { units }) => sum + units, 0)
  const lotId = lying.findLast(({ units }) => units > 0)?.lotId ?? lane.putIn.at(-1)?.lotId
  return lotId === undefined ? [] : [{ laneId, skuId, lotId, count: Math.max(0, count), isReplacement: true }]
}

const unitsOf = (lots: readonly LotCount[]) => lots.reduce((sum, { count }) => sum + count, 0)
