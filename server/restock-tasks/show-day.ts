// A day's plan and its routes as people see them: order of stops, distances against the bound, and what to take from the depot.
import { eq, inArray } from 'drizzle-orm'
import { countRows } from '../db/expressions.ts'
import type { RestockDay, RestockRoute } from '#shared/contracts/http/restock-tasks.ts'
import { one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { findGoods, nameLot, seesAll } from './show-tasks.ts'
import type { Worker } from './show-tasks.ts'
import { findLanesOf, findRoutes, findTasks } from './store.ts'
import type { PlacedTask, RouteRow, TaskLaneRow } from './store.ts'

/** Refuses with restock_task.day_unplanned. */
export function* showDay(ctx: UnitContext, day: string): Unit<RestockDay> {
  const { restockDays: t, restockRoutes: r } = ctx.tables
  const found = yield* one(ctx.db.select().from(t).where(eq(t.day, day)))
  if (found === undefined) throw new RefusalError('restock_task.day_unplanned')
  const routes = yield* one(ctx.db.select({ count: countRows() }).from(r).where(eq(r.day, day)))
  const tasks = (yield* findRoutes(ctx, day)).reduce((sum, { stops }) => sum + stops.length, 0)
  const { plannedBy: _account, forecastMadeAtMs, ...shown } = found
  return {
    ...shown,
    ...(forecastMadeAtMs === null ? {} : { forecastMadeAtMs }),
    tasks,
    routes: routes?.count ?? 0,
  }
}

/** Trips by restocker; a restocker sees the own ones. */
export function* listRoutes(ctx: UnitContext, worker: Worker, day: string): Unit<RestockRoute[]> {
  const routes = (yield* findRoutes(ctx, day)).filter(
    ({ restockerId }) => seesAll(worker) || restockerId === worker.accountId,
  )
  const taskIds = routes.flatMap(({ stops }) => stops.map(({ taskId }) => taskId))
  const { restockTasks: t } = ctx.tables
  const tasks = new Map<string, PlacedTask>()
  for (let from = 0; from < taskIds.length; from += maxNames) {
    const part = taskIds.slice(from, from + maxNames)
    for (const placed of yield* findTasks(ctx, inArray(t.taskId, part), part.length))
      tasks.set(placed.task.taskId, placed)
  }
  const lanes = yield* findLanesOf(ctx, taskIds)
  const goods = yield* findGoods(ctx, [...lanes.values()].flat())
  return routes.map((route) => showRoute(route, tasks, lanes, (lot) => nameLot(goods, lot)))
}

/** Tasks named in one statement. */
const maxNames = 500

type NamedLot = RestockRoute['picks'][number]

function showRoute(
  route: RouteRow,
  tasks: ReadonlyMap<string, PlacedTask>,
  lanes: ReadonlyMap<string, readonly TaskLaneRow[]>,
  name: (lot: { lotId: string; count: number }) => NamedLot,
): RestockRoute {
  const { routeId, day, trip, restockerId, metres, boundMetres } = route
  const picks = new Map<string, number>()
  const stops = route.stops.flatMap(({ taskId, metres: fromBefore }, index) => {
    const placed = tasks.get(taskId)
    if (placed === undefined) return []
    const { task, cabinetCode, hostSiteName, address, lonMicrodeg, latMicrodeg } = placed
    for (const { lotId, count } of (lanes.get(taskId) ?? []).flatMap(({ putIn }) => putIn))
      picks.set(lotId, (picks.get(lotId) ?? 0) + count)
    return [
      {
        ordinal: index + 1,
        taskId,
        cabinetCode,
        hostSiteName,
        address,
        ...(lonMicrodeg === null || latMicrodeg === null ? {} : { place: { lonMicrodeg, latMicrodeg } }),
        ...(fromBefore === undefined ? {} : { metres: fromBefore }),
        putInUnits: task.putInUnits,
        takeOffUnits: task.takeOffUnits,
        state: task.state,
      },
    ]
  })
  return {
    routeId,
    day,
    trip,
    restockerId,
    restockerName: tasks.get(route.stops[0]?.taskId ?? '')?.restockerName ?? '',
    stops,
    units: stops.reduce((sum, { putInUnits }) => sum + putInUnits, 0),
    metres,
    boundMetres,
    picks: [...picks]
      .map(([lotId, count]) => name({ lotId, count }))
      .toSorted((a, b) => (a.skuName + a.lotId < b.skuName + b.lotId ? -1 : 1)),
  }
}
