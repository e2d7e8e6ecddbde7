// The restock plan over the books as they are: forecasts, lanes with what lies in them and what open restocks are bringing, and
// the depot's lots. What is past its date or under recall comes out first and makes room.
import { and, asc, eq, gt, inArray, isNull, lte, or } from 'drizzle-orm'
import { dayOf, startOfDay } from '../calendar/rules.ts'
import { sumOf } from '../db/expressions.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { openLocksOfMany } from '../lane-locks/find-locks.ts'
import { liveStates } from '../sessions/rules.ts'
import type { DemandForecast } from './forecast.ts'
import { planRestock, type DepotLot, type LaneNeed, type PlanOptions, type RestockPlan } from './plan-restock.ts'

const dayMs = 86_400_000

export interface Shelf {
  readonly cabinetId: string
  readonly cabinetCode: string
  readonly hostSiteName: string
  readonly lanes: ReadonlyArray<{ readonly laneId: string; readonly skuId: string; readonly capacity: number }>
}

/** What must come out of a lane. */
export interface TakeOff {
  readonly cabinetId: string
  readonly laneId: string
  readonly lotId: string
  readonly skuId: string
  readonly count: number
  readonly reason: 'expired' | 'recalled'
}

export interface ComputedPlan {
  readonly plan: RestockPlan
  readonly takeOffs: readonly TakeOff[]
  readonly shelves: readonly Shelf[]
  readonly lotById: ReadonlyMap<string, DepotLotRow>
  /** Units in each lane by the books; key `cabinetId\nlaneId`. */
  readonly onHand: ReadonlyMap<string, number>
  readonly forecastMadeAtMs: number | undefined
}

export interface ComputeOptions extends PlanOptions {
  /** Cabinets somebody restocks already: nothing is planned for them. */
  readonly withoutCabinetIds?: ReadonlySet<string>
  /** Units of lots at the depot that are promised to others. */
  readonly promised?: ReadonlyMap<string, number>
}

export const laneKey = (cabinetId: string, laneId: string) => `${cabinetId}\n${laneId}`

export function* computePlan(ctx: UnitContext, options: ComputeOptions): Unit<ComputedPlan> {
  const { leadDays, withoutCabinetIds = new Set(), promised = new Map() } = options
  const arrivalMs = ctx.now() + leadDays * dayMs
  const shelves = (yield* findShelves(ctx)).filter(({ cabinetId }) => !withoutCabinetIds.has(cabinetId))
  const forecasts = yield* findForecasts(ctx)
  const lots = yield* findDepotLots(ctx, arrivalMs)
  const takeOffs = yield* findTakeOffs(ctx, arrivalMs)
  const { needs, onHand } = yield* findNeeds(ctx, shelves, takeOffs)
  const free = lots.map((lot) => ({ ...lot, unitsAtDepot: lot.unitsAtDepot - (promised.get(lot.lotId) ?? 0) }))
  const plan = planRestock(needs, forecasts.list, free.map(toDepotLot(arrivalMs)), options)
  const known = new Set(shelves.map(({ cabinetId }) => cabinetId))
  return {
    plan,
    takeOffs: takeOffs.filter(({ cabinetId }) => known.has(cabinetId)),
    shelves,
    lotById: new Map(lots.map((lot) => [lot.lotId, lot])),
    onHand,
    forecastMadeAtMs: forecasts.madeAtMs,
  }
}

/** Goods in lanes that nobody may buy when the load arrives: past their date then, or under recall now. */
export function* findTakeOffs({ db, tables: t }: UnitContext, arrivalMs: number, cabinetId?: string): Unit<TakeOff[]> {
  const found = yield* rows(
    db
      .select({
        cabinetId: t.laneStock.cabinetId,
        laneId: t.laneStock.laneId,
        lotId: t.laneStock.lotId,
        skuId: t.lots.skuId,
        count: t.laneStock.units,
        recallId: t.recalls.recallId,
      })
      .from(t.laneStock)
      .innerJoin(t.lots, eq(t.lots.lotId, t.laneStock.lotId))
      .leftJoin(t.recalls, and(eq(t.recalls.lotId, t.laneStock.lotId), isNull(t.recalls.closedAtMs)))
      .where(
        and(
          gt(t.laneStock.units, 0),
          or(lte(t.lots.expiresAtMs, arrivalMs), gt(t.recalls.recallId, '')),
          cabinetId === undefined ? undefined : eq(t.laneStock.cabinetId, cabinetId),
        ),
      )
      .orderBy(asc(t.laneStock.cabinetId), asc(t.laneStock.laneId), asc(t.laneStock.lotId)),
  )
  return found.map(({ recallId, ...takeOff }) => ({ ...takeOff, reason: recallId === null ? 'expired' : 'recalled' }))
}

function* findShelves({ db, tables: t }: UnitContext): Unit<Shelf[]> {
  const found = yield* rows(
    db
      .select({
        cabinetId: t.cabinets.cabinetId,
        cabinetCode: t.cabinets.code,
        hostSiteName: t.hostSites.name,
        planogram: t.cabinetTwins.planogram,
      })
      .from(t.cabinets)
      .innerJoin(t.hostSites, eq(t.hostSites.hostSiteId, t.cabinets.hostSiteId))
      .innerJoin(t.cabinetTwins, eq(t.cabinetTwins.cabinetId, t.cabinets.cabinetId))
      .where(eq(t.cabinets.rolloutState, 'live'))
      .orderBy(asc(t.cabinets.code)),
  )
  return found.map(({ planogram, ...shelf }) => ({ ...shelf, lanes: planogram.lanes }))
}

function* findForecasts(ctx: UnitContext) {
  const { demandForecasts: t } = ctx.tables
  const today = dayOf(ctx.now())
  const found = yield* rows(ctx.db.select().from(t))
  const list = found.map(({ cabinetId, skuId, firstDay, milliUnitsByDay, dispersionMilli }): DemandForecast => ({
    cabinetId,
    skuId,
    meanByDay: fromToday(milliUnitsByDay, Math.round((startOfDay(today) - startOfDay(firstDay)) / dayMs)),
    dispersion: dispersionMilli / 1000,
  }))
  return { list, madeAtMs: found[0]?.madeAtMs }
}

/** A forecast of some days ago begins with the days that are over; where nothing is left of it, its last week speaks. */
function fromToday(milliUnitsByDay: readonly number[], daysOld: number): number[] {
  const ahead = milliUnitsByDay.slice(Math.max(0, daysOld))
  return (ahead.length > 0 ? ahead : milliUnitsByDay.slice(-7)).map((milli) => milli / 1000)
}

export interface DepotLotRow {
  readonly lotId: string
  readonly skuId: string
  readonly skuName: string
  readonly traceCode: string
  readonly expiresAtMs: number
  readonly unitsAtDepot: number
}

function* findDepotLots({ db, tables: t }: UnitContext, arrivalMs: number): Unit<DepotLotRow[]> {
  return yield* rows(
    db
      .select({
        lotId: t.lots.lotId,
        skuId: t.lots.skuId,
        skuName: t.skus.name,
        traceCode: t.lots.traceCode,
        expiresAtMs: t.lots.expiresAtMs,
        unitsAtDepot: t.lots.unitsAtDepot,
      })
      .from(t.lots)
      .innerJoin(t.skus, eq(t.skus.skuId, t.lots.skuId))
      .leftJoin(t.recalls, and(eq(t.recalls.lotId, t.lots.lotId), isNull(t.recalls.closedAtMs)))
      .where(and(gt(t.lots.unitsAtDepot, 0), gt(t.lots.expiresAtMs, arrivalMs), isNull(t.recalls.recallId))),
  )
}

const toDepotLot =
  (arrivalMs: number) =>
  ({ lotId, skuId, unitsAtDepot, expiresAtMs }: DepotLotRow): DepotLot => ({
    lotId,
    skuId,
    unitsAtDepot: Math.max(0, unitsAtDepot),
    daysLeft: Math.floor((expiresAtMs - arrivalMs) / dayMs),
  })

function* findNeeds(ctx: UnitContext, shelves: readonly Shelf[], takeOffs: readonly TakeOff[]) {
  const onHand = yield* unitsOnHand(ctx)
  const inTransit = yield* unitsInTransit(ctx)
  const comingOut = new Map<string, number>()
  for (const { cabinetId, laneId, count } of takeOffs) {
    const key = laneKey(cabinetId, laneId)
    comingOut.set(key, (comingOut.get(key) ?? 0) + count)
  }
  const locks = yield* openLocksOfMany(ctx)
  // Into a locked lane nothing is loaded until a person has looked at it; a lock for goods that come out ends with them.
  const isLocked = (cabinetId: string, laneId: string) =>
    locks
      .get(cabinetId)
      ?.some(
        (lock) =>
          lock.laneId === laneId &&
          lock.fromMs <= ctx.now() &&
          !(lock.reason === 'expired' && comingOut.has(laneKey(cabinetId, laneId))),
      ) ?? false
  const needs = shelves.flatMap(({ cabinetId, lanes }) =>
    lanes
      .filter(({ laneId }) => !isLocked(cabinetId, laneId))
      .map(({ laneId, skuId, capacity }): LaneNeed => {
        const key = laneKey(cabinetId, laneId)
        return {
          cabinetId,
          laneId,
          skuId,
          capacity,
          onHand: (onHand.get(key) ?? 0) - (comingOut.get(key) ?? 0),
          inTransit: inTransit.get(key) ?? 0,
          // Lanes of one SKU share its demand by what they hold.
          part: capacity / lanes.reduce((sum, lane) => sum + (lane.skuId === skuId ? lane.capacity : 0), 0),
        }
      }),
  )
  return { needs, onHand }
}

function* unitsOnHand({ db, tables: t }: UnitContext): Unit<Map<string, number>> {
  const stock = yield* rows(
    db
      .select({ cabinetId: t.laneStock.cabinetId, laneId: t.laneStock.laneId, units: sumOf(t.laneStock.units) })
      .from(t.laneStock)
      .groupBy(t.laneStock.cabinetId, t.laneStock.laneId),
  )
  return new Map(stock.map(({ cabinetId, laneId, units }) => [laneKey(cabinetId, laneId), units]))
}

/** What open restock sessions are bringing. */
function* unitsInTransit({ db, tables: t }: UnitContext): Unit<Map<string, number>> {
  const underWay = yield* rows(
    db
      .select({ cabinetId: t.shoppingSessions.cabinetId, loads: t.sessionContracts.loads })
      .from(t.shoppingSessions)
      .innerJoin(t.sessionContracts, eq(t.sessionContracts.sessionId, t.shoppingSessions.sessionId))
      .where(and(eq(t.shoppingSessions.kind, 'restock'), inArray(t.shoppingSessions.state, [...liveStates]))),
  )
  const inTransit = new Map<string, number>()
  for (const { cabinetId, loads } of underWay) {
    for (const { laneId, count, isReplacement } of loads) {
      const key = laneKey(cabinetId, laneId)
      // A replacement states what the lane holds already.
      if (!isReplacement) inTransit.set(key, (inTransit.get(key) ?? 0) + count)
    }
  }
  return inTransit
}
