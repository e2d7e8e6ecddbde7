// What people see of restock tasks: a restocker the own ones, staff all.
import { and, eq, gt } from 'drizzle-orm'
import type {
  RestockTask,
  RestockTaskLane,
  RestockTaskState,
  RestockTaskSummary,
} from '#shared/contracts/http/restock-tasks.ts'
import type { Role } from '#shared/contracts/http/route.ts'
import { findLotsById, findSkusById } from '../catalog/find-goods.ts'
import type { LotRow, SkuRow } from '../catalog/find-goods.ts'
import type { Page, TimedPageRequest } from '../db/keyset.ts'
import { behindInTime, pageOfRows } from '../db/keyset.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { expectedAfter, piecesOff } from './rules.ts'
import type { LotCount } from './rules.ts'
import { findLanes, findLanesOf, findOpenings, findRoutes, findTasks } from './store.ts'
import type { PlacedTask, TaskLaneRow } from './store.ts'

/** Who looks or acts. */
export interface Worker {
  readonly accountId: string
  readonly displayName: string
  readonly roles: readonly Role[]
}

const overseers: readonly Role[] = ['operator', 'auditor', 'admin']

/** Staff see every task, a restocker the own ones. */
export const seesAll = ({ roles }: Worker) => roles.some((role) => overseers.includes(role))

/** Lots and SKUs named in tasks, by id. */
export interface Goods {
  readonly lots: ReadonlyMap<string, LotRow>
  readonly skus: ReadonlyMap<string, SkuRow>
}

export function* findGoods(ctx: UnitContext, lanes: readonly TaskLaneRow[]): Unit<Goods> {
  const lots = yield* findLotsById(ctx, [
    ...new Set(lanes.flatMap(({ takeOff, putIn }) => [...takeOff, ...putIn].map(({ lotId }) => lotId))),
  ])
  const skuIds = [...lanes.map(({ skuId }) => skuId), ...[...lots.values()].map(({ skuId }) => skuId)]
  return { lots, skus: yield* findSkusById(ctx, [...new Set(skuIds)]) }
}

export function nameLot<T extends LotCount>({ lots, skus }: Goods, counted: T) {
  const lot = lots.get(counted.lotId)
  return {
    ...counted,
    traceCode: lot?.traceCode ?? '',
    skuName: skus.get(lot?.skuId ?? '')?.name ?? '',
    expiresAtMs: lot?.expiresAtMs ?? 0,
  }
}

function showLane(lane: TaskLaneRow, goods: Goods): RestockTaskLane {
  const { laneId, skuId, capacity, bookedBefore, takeOff, putIn, stated, weighed, explanation, verdict } = lane
  const sku = goods.skus.get(skuId)
  const shown: RestockTaskLane = {
    laneId,
    skuId,
    skuName: sku?.name ?? '',
    spec: sku?.spec ?? '',
    capacity,
    bookedBefore,
    takeOff: takeOff.map((lot) => nameLot(goods, lot)),
    putIn: putIn.map((lot) => nameLot(goods, lot)),
    expectedAfter: expectedAfter(lane),
    verdict,
  }
  if (stated !== null) {
    const { takenOff, putIn: put, countAfter, difference, photoIds, atMs, byName } = stated
    shown.stated = {
      takenOff: [...takenOff],
      putIn: [...put],
      countAfter,
      ...(difference === undefined ? {} : { difference }),
      photoIds: [...photoIds],
      atMs,
      byName,
    }
  }
  if (weighed !== null) {
    const { countAfter, isDoubtful, atMs } = weighed
    const { milliPieces } = piecesOff(weighed, stated?.countAfter ?? countAfter)
    shown.weighed = { countAfter, isDoubtful, milliPiecesOff: milliPieces, atMs }
  }
  if (explanation !== null) shown.explanation = explanation
  return shown
}

const placeOf = ({ lonMicrodeg, latMicrodeg }: Pick<PlacedTask, 'lonMicrodeg' | 'latMicrodeg'>) =>
  lonMicrodeg === null || latMicrodeg === null ? {} : { place: { lonMicrodeg, latMicrodeg } }

/** The route of each task of some days. */
export function* routesOfTasks(ctx: UnitContext, days: readonly string[]): Unit<Map<string, string>> {
  const routeOf = new Map<string, string>()
  for (const day of new Set(days))
    for (const { routeId, stops } of yield* findRoutes(ctx, day))
      for (const { taskId } of stops) routeOf.set(taskId, routeId)
  return routeOf
}

function showSummary(placed: PlacedTask, lanes: number, routeId: string | undefined): RestockTaskSummary {
  const { task, cabinetCode, hostSiteName, address, restockerName } = placed
  const { taskId, day, state, isWeighed, cabinetId, restockerId, putInUnits, takeOffUnits, unexplained } = task
  return {
    taskId,
    day,
    state,
    isWeighed,
    cabinetId,
    cabinetCode,
    hostSiteName,
    address,
    ...placeOf(placed),
    restockerId,
    restockerName,
    ...(routeId === undefined ? {} : { routeId }),
    lanes,
    putInUnits,
    takeOffUnits,
    unexplained,
  }
}

export interface TaskQuery extends TimedPageRequest {
  readonly day?: string | undefined
  readonly state?: RestockTaskState | undefined
  readonly cabinetId?: string | undefined
  readonly isUnexplained?: boolean | undefined
}

export function* listTasks(ctx: UnitContext, worker: Worker, query: TaskQuery): Unit<Page<RestockTaskSummary>> {
  const { restockTasks: t } = ctx.tables
  const { day, state, cabinetId, isUnexplained } = query
  const where = and(
    behindInTime([t.day, t.taskId], query),
    seesAll(worker) ? undefined : eq(t.restockerId, worker.accountId),
    day === undefined ? undefined : eq(t.day, day),
    state === undefined ? undefined : eq(t.state, state),
    cabinetId === undefined ? undefined : eq(t.cabinetId, cabinetId),
    isUnexplained === undefined ? undefined : isUnexplained ? gt(t.unexplained, 0) : eq(t.unexplained, 0),
  )
  const found = yield* findTasks(ctx, where, query.limit + 1, query)
  const lanes = yield* findLanesOf(
    ctx,
    found.map(({ task }) => task.taskId),
  )
  const routeOf = yield* routesOfTasks(
    ctx,
    found.map(({ task }) => task.day),
  )
  return pageOfRows(
    found,
    query.limit,
    ({ task }) => [task.day, task.taskId],
    (row) => showSummary(row, lanes.get(row.task.taskId)?.length ?? 0, routeOf.get(row.task.taskId)),
  )
}

/** Refuses with restock_task.unknown, also when it is somebody else's. */
export function* showTask(ctx: UnitContext, worker: Worker, taskId: string): Unit<RestockTask> {
  const shown = yield* showTaskToWorker(ctx, taskId)
  if (!seesAll(worker) && shown.restockerId !== worker.accountId) throw new RefusalError('restock_task.unknown')
  return shown
}

/** To whoever has told steps of it: a restocker whose task went to another learns so by it. */
export function* showTaskToWorker(ctx: UnitContext, taskId: string): Unit<RestockTask> {
  const [placed] = yield* findTasks(ctx, eq(ctx.tables.restockTasks.taskId, taskId), 1)
  if (placed === undefined) throw new RefusalError('restock_task.unknown')
  const lanes = yield* findLanes(ctx, taskId)
  const goods = yield* findGoods(ctx, lanes)
  const { checkedInAtMs, closedAtMs, giveUpReason, day } = placed.task
  const [sessionId] = yield* findOpenings(ctx, taskId)
  const routeId = (yield* routesOfTasks(ctx, [day])).get(taskId)
  return {
    ...showSummary(placed, lanes.length, routeId),
    lanes: lanes.map((lane) => showLane(lane, goods)),
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(checkedInAtMs === null ? {} : { checkedInAtMs }),
    ...(closedAtMs === null ? {} : { closedAtMs }),
    ...(giveUpReason === null ? {} : { giveUpReason }),
  }
}
