// The restock plan over the books as they are: forecasts, lanes with what lies in them and what open restocks are bringing, and
// the depot's lots. Computed when asked for; it books nothing.
import { and, asc, eq, gt, inArray } from 'drizzle-orm'
import type { RestockProposal } from '#shared/contracts/http/replenishment.ts'
import { sumOf } from '../db/expressions.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { openLocksOfMany } from '../lane-locks/find-locks.ts'
import { liveStates } from '../sessions/rules.ts'
import type { DemandForecast } from './forecast.ts'
import { pickList, planRestock, type DepotLot, type LaneNeed, type PlanOptions } from './plan-restock.ts'

const dayMs = 86_400_000

interface Shelf {
  readonly cabinetId: string
  readonly cabinetCode: string
  readonly hostSiteName: string
  readonly lanes: ReadonlyArray<{ readonly laneId: string; readonly skuId: string; readonly capacity: number }>
}

/** Of `limit` cabinets, those that get the most units. The depot is shared out over all of them. */
export function* proposeRestock(ctx: UnitContext, options: PlanOptions & { limit: number }): Unit<RestockProposal> {
  const { limit, leadDays } = options
  const shelves = yield* findShelves(ctx)
  const forecasts = yield* findForecasts(ctx)
  const lots = yield* findDepotLots(ctx, ctx.now() + leadDays * dayMs)
  const needs = yield* findNeeds(ctx, shelves)
  const plan = planRestock(needs, forecasts.list, lots.map(toDepotLot(ctx.now() + leadDays * dayMs)), options)
  const units = new Map<string, number>()
  for (const load of plan.loads) units.set(load.cabinetId, (units.get(load.cabinetId) ?? 0) + load.units)
  const chosen = shelves
    .filter(({ cabinetId }) => units.has(cabinetId))
    .toSorted((a, b) => (units.get(b.cabinetId) ?? 0) - (units.get(a.cabinetId) ?? 0))
    .slice(0, limit)
  const lotById = new Map(lots.map((lot) => [lot.lotId, lot]))
  const named = (lotId: string) => {
    const { skuName = '', traceCode = '', expiresAtMs = 0 } = lotById.get(lotId) ?? {}
    return { skuName, traceCode, expiresAtMs }
  }
  const chosenIds = new Set(chosen.map(({ cabinetId }) => cabinetId))
  return {
    ...(forecasts.madeAtMs === undefined ? {} : { forecastMadeAtMs: forecasts.madeAtMs }),
    cabinets: chosen.map(({ cabinetId, cabinetCode, hostSiteName }) => ({
      cabinetId,
      cabinetCode,
      hostSiteName,
      loads: plan.loads
        .filter((load) => load.cabinetId === cabinetId)
        .map(({ laneId, skuId, lotId, units: count }) => ({ laneId, skuId, lotId, count, ...named(lotId) })),
    })),
    picks: pickList(plan.loads, chosenIds).map(({ skuId, lotId, units: count }) => ({
      skuId,
      lotId,
      count,
      ...named(lotId),
    })),
    shortages: plan.shortages
      .filter(({ cabinetId }) => chosenIds.has(cabinetId))
      .map(({ cabinetId, laneId, units: count }) => ({ cabinetId, laneId, count })),
  }
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

function* findForecasts({ db, tables: { demandForecasts: t } }: UnitContext) {
  const found = yield* rows(db.select().from(t))
  const list = found.map(({ cabinetId, skuId, milliUnitsByDay, dispersionMilli }): DemandForecast => ({
    cabinetId,
    skuId,
    meanByDay: milliUnitsByDay.map((milli) => milli / 1000),
    dispersion: dispersionMilli / 1000,
  }))
  return { list, madeAtMs: found[0]?.madeAtMs }
}

interface DepotLotRow {
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
      .where(and(gt(t.lots.unitsAtDepot, 0), gt(t.lots.expiresAtMs, arrivalMs))),
  )
}

const toDepotLot =
  (arrivalMs: number) =>
  ({ lotId, skuId, unitsAtDepot, expiresAtMs }: DepotLotRow): DepotLot => ({
    lotId,
    skuId,
    unitsAtDepot,
    daysLeft: Math.floor((expiresAtMs - arrivalMs) / dayMs),
  })

function* findNeeds(ctx: UnitContext, shelves: readonly Shelf[]): Unit<LaneNeed[]> {
  const { db, tables: t } = ctx
  const stock = yield* rows(
    db
      .select({ cabinetId: t.laneStock.cabinetId, laneId: t.laneStock.laneId, units: sumOf(t.laneStock.units) })
      .from(t.laneStock)
      .groupBy(t.laneStock.cabinetId, t.laneStock.laneId),
  )
  const underWay = yield* rows(
    db
      .select({ cabinetId: t.shoppingSessions.cabinetId, loads: t.sessionContracts.loads })
      .from(t.shoppingSessions)
      .innerJoin(t.sessionContracts, eq(t.sessionContracts.sessionId, t.shoppingSessions.sessionId))
      .where(and(eq(t.shoppingSessions.kind, 'restock'), inArray(t.shoppingSessions.state, [...liveStates]))),
  )
  const keyOf = (cabinetId: string, laneId: string) => `${cabinetId}\n${laneId}`
  const onHand = new Map(stock.map(({ cabinetId, laneId, units }) => [keyOf(cabinetId, laneId), units]))
  const inTransit = new Map<string, number>()
  for (const { cabinetId, loads } of underWay) {
    for (const { laneId, count, isReplacement } of loads) {
      const key = keyOf(cabinetId, laneId)
      // A replacement states what the lane holds already.
      if (!isReplacement) inTransit.set(key, (inTransit.get(key) ?? 0) + count)
    }
  }
  const locks = yield* openLocksOfMany(ctx)
  // Into a locked lane nothing is loaded until a person has looked at it.
  const isLocked = (cabinetId: string, laneId: string) =>
    locks.get(cabinetId)?.some((lock) => lock.laneId === laneId && lock.fromMs <= ctx.now()) ?? false
  return shelves.flatMap(({ cabinetId, lanes }) =>
    lanes
      .filter(({ laneId }) => !isLocked(cabinetId, laneId))
      .map(({ laneId, skuId, capacity }) => ({
        cabinetId,
        laneId,
        skuId,
        capacity,
        onHand: onHand.get(keyOf(cabinetId, laneId)) ?? 0,
        inTransit: inTransit.get(keyOf(cabinetId, laneId)) ?? 0,
        // Lanes of one SKU share its demand by what they hold.
        part: capacity / lanes.reduce((sum, lane) => sum + (lane.skuId === skuId ? lane.capacity : 0), 0),
      })),
  )
}
