// Plans a day's restocking, or plans it anew: the restock plan becomes a task per cabinet, the tasks become routes, and each
// route gets its driver. Tasks somebody has begun stay as they are, with their goods; the others are replaced. The thinking only
// reads and comes to plain data, so that a thread can do it (night-thread.ts) and only the booking is left.
import { and, asc, eq, gte, inArray } from 'drizzle-orm'
import { recordAudit } from '../audit/record-audit.ts'
import { dayOf, startOfDay } from '../calendar/rules.ts'
import { exec, insertRows, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { raisePlanNeeds } from '../harvest-calls/raise-needs.ts'
import { computePlan, laneKey } from '../replenishment/compute-plan.ts'
import type { ComputedPlan } from '../replenishment/compute-plan.ts'
import { makeTasks } from './make-tasks.ts'
import type { NewLane } from './make-tasks.ts'
import { layRoutes } from './lay-routes.ts'
import type { LaidRoutes } from './lay-routes.ts'
import { begunTaskStates } from './rules.ts'
import type { LotCount, TakenOff } from './rules.ts'
import { findSettings } from './settings.ts'
import { findLanesOf } from './store.ts'

export interface PlanDayInput {
  /** `YYYY-MM-DD`, China Standard Time. */
  readonly day: string
  /** Empty: every open account that restocks. */
  readonly restockerIds?: readonly string[] | undefined
  readonly coverDays: number
  readonly servicePercent: number
  readonly by: { readonly accountId: string; readonly name: string }
}

const dayMs = 86_400_000
/** How far ahead a day may be planned: forecasts reach two weeks. */
const longestLeadDays = 7

export interface PlannedDay {
  readonly tasks: number
  readonly routes: number
  readonly metres: number
  readonly boundMetres: number
  /** What the depot could not give; harvest calls begin with it. */
  readonly shortBySku: ReadonlyMap<string, number>
  /** Harvest needs that were raised. */
  readonly needs: number
}

/** A plan that is not booked yet; plain data. */
export interface DayDraft {
  /** Tasks somebody had begun, in order: while they are the same, the draft fits. */
  readonly begunTaskIds: readonly string[]
  /** By cabinet: the lanes something is to be done with, and who drives there. */
  readonly cabinets: ReadonlyArray<{
    readonly cabinetId: string
    readonly restockerId: string
    readonly lanes: NewLane[]
  }>
  readonly laid: LaidRoutes
  readonly shortBySku: ReadonlyMap<string, number>
  readonly forecastMadeAtMs: number | undefined
}

/** Refuses with restock_task.day_wrong, restock_task.no_restocker. */
export function* planDay(ctx: UnitContext, input: PlanDayInput): Unit<PlannedDay> {
  const planned = yield* bookDay(ctx, input, yield* draftDay(ctx, input))
  if (planned === undefined) throw new Error('nobody can begin a task within this unit')
  return planned
}

/** Reads only. Refuses with restock_task.day_wrong, restock_task.no_restocker. */
export function* draftDay(ctx: UnitContext, input: PlanDayInput): Unit<DayDraft> {
  const leadDays = leadOf(input.day, ctx.now())
  const restockerIds = yield* findRestockers(ctx, input.restockerIds)
  const { taskIds: begunTaskIds, ...begun } = yield* findBegun(ctx, input.day)
  const computed = yield* computePlan(ctx, {
    leadDays,
    coverDays: input.coverDays,
    serviceLevel: input.servicePercent / 100,
    ...begun,
  })
  const byCabinet = lanesByCabinet(computed)
  const settings = yield* findSettings(ctx)
  const laid = yield* layRoutes(ctx, {
    settings,
    restockerIds,
    stops: [...byCabinet].map(([cabinetId, lanes]) => ({
      cabinetId,
      units: lanes.reduce((sum, { putIn }) => sum + unitsOf(putIn), 0),
    })),
  })
  const driverOf = new Map(laid.routes.flatMap((route) => route.stops.map((stop) => [stop.cabinetId, route] as const)))
  return {
    begunTaskIds,
    cabinets: [...byCabinet].map(([cabinetId, lanes]) => ({
      cabinetId,
      restockerId: driverOf.get(cabinetId)?.restockerId ?? restockerIds[0] ?? '',
      lanes,
    })),
    laid,
    shortBySku: shortagesOf(computed),
    forecastMadeAtMs: computed.forecastMadeAtMs,
  }
}

/** Undefined, and nothing is booked, when somebody has begun or ended a task since the draft was made. */
export function* bookDay(ctx: UnitContext, input: PlanDayInput, draft: DayDraft): Unit<PlannedDay | undefined> {
  const { taskIds: begunTaskIds } = yield* findBegun(ctx, input.day)
  if (begunTaskIds.join() !== draft.begunTaskIds.join()) return undefined
  yield* clearDay(ctx, input.day)
  const { cabinets, laid, shortBySku } = draft
  const taskIds = yield* makeTasks(
    ctx,
    cabinets.map((cabinet) => ({ ...cabinet, day: input.day, plannedBy: input.by.accountId })),
  )
  const planned = {
    tasks: taskIds.length,
    routes: laid.routes.length,
    metres: laid.metres,
    boundMetres: laid.boundMetres,
    shortBySku,
  }
  yield* keepDay(ctx, input, planned, draft)
  const taskOf = new Map(cabinets.map(({ cabinetId }, index) => [cabinetId, taskIds[index] ?? '']))
  yield* insertRows(
    ctx.tables.restockRoutes,
    laid.routes.map(({ stops, ...route }) => ({
      routeId: ctx.newId(),
      day: input.day,
      ...route,
      stops: stops.map(({ cabinetId, metres }) => ({
        taskId: taskOf.get(cabinetId) ?? '',
        ...(metres === undefined ? {} : { metres }),
      })),
    })),
  )
  return { ...planned, needs: yield* raisePlanNeeds(ctx, shortBySku) }
}

const unitsOf = (lots: readonly LotCount[]) => lots.reduce((sum, { count }) => sum + count, 0)

function leadOf(day: string, nowMs: number): number {
  const leadDays = Math.ceil((startOfDay(day) - nowMs) / dayMs)
  const isOver = startOfDay(day) + dayMs <= nowMs
  if (isOver || leadDays > longestLeadDays)
    throw new RefusalError('restock_task.day_wrong', `${day} is over or more than ${longestLeadDays} days away`, {
      field: 'day',
    })
  return Math.max(0, leadDays)
}

function* findRestockers({ db, tables: t }: UnitContext, wanted: readonly string[] | undefined): Unit<string[]> {
  const found = yield* rows(
    db
      .select({ accountId: t.accounts.accountId })
      .from(t.accounts)
      .innerJoin(t.accountRoles, eq(t.accountRoles.accountId, t.accounts.accountId))
      .where(and(eq(t.accountRoles.role, 'restocker'), eq(t.accounts.isActive, true)))
      .orderBy(asc(t.accounts.accountId)),
  )
  const known = found.map(({ accountId }) => accountId)
  const unknown = wanted?.findIndex((accountId) => !known.includes(accountId)) ?? -1
  if (unknown >= 0 || known.length === 0)
    throw new RefusalError('restock_task.no_restocker', undefined, { field: `restockerIds.${Math.max(0, unknown)}` })
  return wanted === undefined || wanted.length === 0 ? known : [...new Set(wanted)]
}

/** Cancels what nobody has begun and drops the routes. */
function* clearDay(ctx: UnitContext, day: string): Unit<void> {
  const { restockTasks: t, restockRoutes: r } = ctx.tables
  yield* exec(ctx.db.delete(r).where(eq(r.day, day)))
  yield* exec(
    ctx.db
      .update(t)
      .set({ state: 'cancelled' })
      .where(and(eq(t.day, day), eq(t.state, 'planned'))),
  )
}

/**
 * Tasks somebody has begun, with what they keep to themselves. One of before yesterday is nobody's work any more, though nobody
 * has ended it: a phone was lost, a door never opened. Its cabinet is planned for again; what was done there is in the books.
 */
function* findBegun(ctx: UnitContext, day: string) {
  const { restockTasks: t } = ctx.tables
  const firstDay = dayOf(Math.min(startOfDay(day), ctx.now()) - dayMs)
  const begun = yield* rows(
    ctx.db
      .select({ taskId: t.taskId, cabinetId: t.cabinetId })
      .from(t)
      .where(and(inArray(t.state, [...begunTaskStates]), gte(t.day, firstDay)))
      .orderBy(asc(t.taskId)),
  )
  const taskIds = begun.map(({ taskId }) => taskId)
  const promised = new Map<string, number>()
  const lanes = yield* findLanesOf(ctx, taskIds)
  for (const lane of [...lanes.values()].flat()) {
    if (lane.booked !== null) continue
    for (const { lotId, count } of lane.putIn) promised.set(lotId, (promised.get(lotId) ?? 0) + count)
  }
  return { taskIds, withoutCabinetIds: new Set(begun.map(({ cabinetId }) => cabinetId)), promised }
}

/** By cabinet: the lanes something is to be done with. */
function lanesByCabinet({ plan, takeOffs, shelves, onHand }: ComputedPlan): Map<string, NewLane[]> {
  const out = new Map<string, TakenOff[]>()
  for (const { cabinetId, laneId, lotId, count, reason } of takeOffs)
    push(out, laneKey(cabinetId, laneId), { lotId, count, reason })
  const into = new Map<string, LotCount[]>()
  for (const { cabinetId, laneId, lotId, units } of plan.loads)
    push(into, laneKey(cabinetId, laneId), { lotId, count: units })
  const byCabinet = new Map<string, NewLane[]>()
  for (const { cabinetId, lanes } of shelves) {
    for (const { laneId, skuId, capacity } of lanes) {
      const key = laneKey(cabinetId, laneId)
      const lane = { takeOff: out.get(key) ?? [], putIn: into.get(key) ?? [] }
      if (lane.takeOff.length === 0 && lane.putIn.length === 0) continue
      push(byCabinet, cabinetId, { laneId, skuId, capacity, bookedBefore: onHand.get(key) ?? 0, ...lane })
    }
  }
  return byCabinet
}

function push<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}

function shortagesOf({ plan, shelves }: ComputedPlan): Map<string, number> {
  const skuOf = new Map(
    shelves.flatMap(({ cabinetId, lanes }) => lanes.map(({ laneId, skuId }) => [laneKey(cabinetId, laneId), skuId])),
  )
  const short = new Map<string, number>()
  for (const { cabinetId, laneId, units } of plan.shortages) {
    const skuId = skuOf.get(laneKey(cabinetId, laneId))
    if (skuId !== undefined) short.set(skuId, (short.get(skuId) ?? 0) + units)
  }
  return short
}

function* keepDay(
  ctx: UnitContext,
  { day, by }: PlanDayInput,
  { tasks, routes, metres, boundMetres, shortBySku }: Omit<PlannedDay, 'needs'>,
  { forecastMadeAtMs, laid }: DayDraft,
): Unit<void> {
  const { restockDays: t } = ctx.tables
  const before = yield* one(ctx.db.select({ revision: t.revision }).from(t).where(eq(t.day, day)))
  const row = {
    revision: (before?.revision ?? 0) + 1,
    plannedAtMs: ctx.now(),
    plannedBy: by.accountId,
    plannedByName: by.name,
    forecastMadeAtMs: forecastMadeAtMs ?? null,
    metres,
    boundMetres,
    shortUnits: [...shortBySku.values()].reduce((sum, units) => sum + units, 0),
    unplacedCabinetCodes: laid.unplacedCabinetCodes,
  }
  if (before === undefined) yield* insertRows(t, [{ day, ...row }])
  else yield* exec(ctx.db.update(t).set(row).where(eq(t.day, day)))
  yield* recordAudit(ctx, {
    accountId: by.accountId,
    action: 'restock_day.planned',
    subjectId: day,
    detail: { revision: row.revision, tasks, routes, metres, boundMetres, shortUnits: row.shortUnits },
  })
}
