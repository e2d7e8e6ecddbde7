// Queries of restock tasks, for this noun's use cases.
import { and, asc, desc, eq, inArray } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { TimeSorted } from '../db/keyset.ts'
import { inTimeOrder } from '../db/keyset.ts'
import { one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { liveTaskStates } from './rules.ts'

type Tables = UnitContext['tables']
export type TaskRow = Tables['restockTasks']['$inferSelect']
export type TaskLaneRow = Tables['restockTaskLanes']['$inferSelect']
export type RouteRow = Tables['restockRoutes']['$inferSelect']

/** A task with the cabinet it is for. */
export interface PlacedTask {
  readonly task: TaskRow
  readonly cabinetCode: string
  readonly hostSiteName: string
  readonly address: string
  readonly lonMicrodeg: number | null
  readonly latMicrodeg: number | null
  readonly restockerName: string
}

/** By day, the newest first unless sorted otherwise. */
export function* findTasks(
  { db, tables: t }: UnitContext,
  where: SQL | undefined,
  limit: number,
  sorted: TimeSorted = {},
): Unit<PlacedTask[]> {
  return yield* rows(
    db
      .select({
        task: t.restockTasks,
        cabinetCode: t.cabinets.code,
        hostSiteName: t.hostSites.name,
        address: t.hostSites.address,
        lonMicrodeg: t.hostSites.lonMicrodeg,
        latMicrodeg: t.hostSites.latMicrodeg,
        restockerName: t.accounts.displayName,
      })
      .from(t.restockTasks)
      .innerJoin(t.cabinets, eq(t.cabinets.cabinetId, t.restockTasks.cabinetId))
      .innerJoin(t.hostSites, eq(t.hostSites.hostSiteId, t.cabinets.hostSiteId))
      .innerJoin(t.accounts, eq(t.accounts.accountId, t.restockTasks.restockerId))
      .where(where)
      .orderBy(...inTimeOrder([t.restockTasks.day, t.restockTasks.taskId], sorted))
      .limit(limit),
  )
}

/** The cabinet with this code on it. */
export function* findCabinetId({ db, tables: { cabinets: t } }: UnitContext, code: string): Unit<string | undefined> {
  return (yield* one(db.select({ cabinetId: t.cabinetId }).from(t).where(eq(t.code, code))))?.cabinetId
}

export function* findTask({ db, tables: { restockTasks: t } }: UnitContext, taskId: string) {
  return yield* one(db.select().from(t).where(eq(t.taskId, taskId)))
}

/** The task of a cabinet on a day that is somebody's work still. */
export function* findLiveTask({ db, tables: { restockTasks: t } }: UnitContext, day: string, cabinetId: string) {
  const isLive = and(eq(t.day, day), eq(t.cabinetId, cabinetId), inArray(t.state, [...liveTaskStates]))
  return yield* one(db.select().from(t).where(isLive))
}

export function* findLanes({ db, tables: { restockTaskLanes: t } }: UnitContext, taskId: string): Unit<TaskLaneRow[]> {
  return yield* rows(db.select().from(t).where(eq(t.taskId, taskId)).orderBy(asc(t.laneId)))
}

/** Lanes of many tasks, by task. */
export function* findLanesOf(
  { db, tables: { restockTaskLanes: t } }: UnitContext,
  taskIds: readonly string[],
): Unit<Map<string, TaskLaneRow[]>> {
  const byTask = new Map<string, TaskLaneRow[]>()
  for (let from = 0; from < taskIds.length; from += maxNames) {
    const part = taskIds.slice(from, from + maxNames)
    const found = yield* rows(db.select().from(t).where(inArray(t.taskId, part)).orderBy(asc(t.taskId), asc(t.laneId)))
    for (const lane of found) {
      const known = byTask.get(lane.taskId)
      if (known === undefined) byTask.set(lane.taskId, [lane])
      else known.push(lane)
    }
  }
  return byTask
}

/** Ids named in one statement. */
const maxNames = 500

/** Sessions a task opened, newest first. */
export function* findOpenings({ db, tables: { restockOpenings: t } }: UnitContext, taskId: string): Unit<string[]> {
  const found = yield* rows(
    db.select({ sessionId: t.sessionId }).from(t).where(eq(t.taskId, taskId)).orderBy(desc(t.sessionId)),
  )
  return found.map(({ sessionId }) => sessionId)
}

/** The task that opened a session, if one did. */
export function* findTaskOfSession({ db, tables: t }: UnitContext, sessionId: string): Unit<TaskRow | undefined> {
  const found = yield* one(
    db
      .select({ task: t.restockTasks })
      .from(t.restockOpenings)
      .innerJoin(t.restockTasks, eq(t.restockTasks.taskId, t.restockOpenings.taskId))
      .where(eq(t.restockOpenings.sessionId, sessionId)),
  )
  return found?.task
}

export function* findRoutes({ db, tables: { restockRoutes: t } }: UnitContext, day: string): Unit<RouteRow[]> {
  return yield* rows(db.select().from(t).where(eq(t.day, day)).orderBy(asc(t.restockerId), asc(t.trip), asc(t.routeId)))
}
