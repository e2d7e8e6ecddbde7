// Orders a restock of one cabinet by hand: what is to go in, and in any case what must come out.
import { recordAudit } from '../audit/record-audit.ts'
import { and, eq } from 'drizzle-orm'
import { findLotsById } from '../catalog/find-goods.ts'
import { sumOf } from '../db/expressions.ts'
import { one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { openRecallsOf } from '../recalls/find-recalls.ts'
import { findTakeOffs } from '../replenishment/compute-plan.ts'
import { makeTasks } from './make-tasks.ts'
import type { NewLane } from './make-tasks.ts'
import { findLiveTask } from './store.ts'

export interface TaskOrder {
  readonly cabinetCode: string
  readonly restockerId: string
  readonly day: string
  readonly putIn: ReadonlyArray<{ readonly laneId: string; readonly lotId: string; readonly count: number }>
  readonly byAccountId: string
}

/**
 * Returns the task's id. Refuses with cabinet.unknown, restock_task.no_restocker, restock_task.cabinet_taken,
 * restock_task.nothing_to_do and restock.load_invalid, naming the row.
 */
export function* orderTask(ctx: UnitContext, order: TaskOrder): Unit<string> {
  const { day, restockerId, byAccountId } = order
  const cabinet = yield* findPlanogram(ctx, order.cabinetCode)
  yield* requireRestocker(ctx, restockerId)
  const { cabinetId } = cabinet
  if ((yield* findLiveTask(ctx, day, cabinetId)) !== undefined) throw new RefusalError('restock_task.cabinet_taken')
  const lanes = yield* lanesOf(ctx, order, cabinet)
  if (lanes.length === 0) throw new RefusalError('restock_task.nothing_to_do')
  const [taskId = ''] = yield* makeTasks(ctx, [{ day, cabinetId, restockerId, plannedBy: byAccountId, lanes }])
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'restock_task.ordered',
    subjectId: taskId,
    detail: { day, cabinetId, restockerId, putIn: [...order.putIn] },
  })
  return taskId
}

interface PlannedCabinet {
  readonly cabinetId: string
  readonly lanes: ReadonlyArray<{ readonly laneId: string; readonly skuId: string; readonly capacity: number }>
}

function* findPlanogram({ db, tables: t }: UnitContext, code: string): Unit<PlannedCabinet> {
  const found = yield* one(
    db
      .select({ cabinetId: t.cabinets.cabinetId, planogram: t.cabinetTwins.planogram })
      .from(t.cabinets)
      .innerJoin(t.cabinetTwins, eq(t.cabinetTwins.cabinetId, t.cabinets.cabinetId))
      .where(eq(t.cabinets.code, code)),
  )
  if (found === undefined) throw new RefusalError('cabinet.unknown', undefined, { field: 'cabinetCode' })
  return { cabinetId: found.cabinetId, lanes: found.planogram.lanes }
}

function* requireRestocker({ db, tables: t }: UnitContext, accountId: string): Unit<void> {
  const found = yield* one(
    db
      .select({ accountId: t.accounts.accountId })
      .from(t.accounts)
      .innerJoin(t.accountRoles, eq(t.accountRoles.accountId, t.accounts.accountId))
      .where(
        and(eq(t.accounts.accountId, accountId), eq(t.accounts.isActive, true), eq(t.accountRoles.role, 'restocker')),
      ),
  )
  if (found === undefined) throw new RefusalError('restock_task.no_restocker', undefined, { field: 'restockerId' })
}

function* lanesOf(ctx: UnitContext, { putIn }: TaskOrder, { cabinetId, lanes }: PlannedCabinet): Unit<NewLane[]> {
  const takeOffs = yield* findTakeOffs(ctx, ctx.now(), cabinetId)
  const lots = yield* findLotsById(ctx, [...new Set(putIn.map(({ lotId }) => lotId))])
  const recalled = yield* openRecallsOf(ctx, [...lots.keys()])
  for (const [index, load] of putIn.entries()) {
    const refuse = (field: string, why: string): never => {
      throw new RefusalError('restock.load_invalid', `load ${index + 1}: ${why}`, { field: `putIn.${index}.${field}` })
    }
    const lane = lanes.find(({ laneId }) => laneId === load.laneId)
    const lot = lots.get(load.lotId)
    if (lane === undefined) refuse('laneId', `the planogram has no lane ${load.laneId}`)
    else if (lot === undefined || lot.skuId !== lane.skuId) refuse('lotId', 'is no lot of what the lane holds')
    else if (lot.expiresAtMs < ctx.now() || recalled.has(lot.lotId)) refuse('lotId', 'may not be sold')
    else if (load.count > lot.unitsAtDepot) refuse('count', `the depot has ${lot.unitsAtDepot} units of it`)
  }
  const onHand = yield* unitsByLane(ctx, cabinetId)
  return lanes.flatMap(({ laneId, skuId, capacity }): NewLane[] => {
    const takeOff = takeOffs
      .filter((one) => one.laneId === laneId)
      .map(({ lotId, count, reason }) => ({ lotId, count, reason }))
    const into = putIn.filter((load) => load.laneId === laneId).map(({ lotId, count }) => ({ lotId, count }))
    if (takeOff.length === 0 && into.length === 0) return []
    return [{ laneId, skuId, capacity, bookedBefore: onHand.get(laneId) ?? 0, takeOff, putIn: into }]
  })
}

/** Pieces by the books, by lane. */
export function* unitsByLane({ db, tables: { laneStock: t } }: UnitContext, cabinetId: string) {
  const found = yield* rows(
    db
      .select({ laneId: t.laneId, units: sumOf(t.units) })
      .from(t)
      .where(eq(t.cabinetId, cabinetId))
      .groupBy(t.laneId),
  )
  return new Map(found.map(({ laneId, units }) => [laneId, units]))
}
