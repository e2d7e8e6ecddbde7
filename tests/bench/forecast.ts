import { performance } from 'node:perf_hooks'
import { nextBelow, nextGaussian, seededRandom } from '#shared/ids/random.ts'
import { backtest } from '#server/replenishment/backtest.ts'
import { forecastDemand, type DemandHistory } from '#server/replenishment/forecast.ts'
import { planRestock, type DepotLot, type LaneNeed } from '#server/replenishment/plan-restock.ts'
import { planRoutes, routeBoundM, type Stop } from '#server/replenishment/plan-routes.ts'
import { simulateDemand } from '#tests/simulation/demand/simulate-demand.ts'
import type { BenchRow } from './bench-row.ts'

/** Forecast, restock plan and routes for the programme's 1,000 cabinets on simulated demand (seeded). */

const calendar = new Map([
  ['2026-10-01', 'day-off'],
  ['2026-10-02', 'day-off'],
  ['2026-10-05', 'day-off'],
  ['2026-10-06', 'day-off'],
  ['2026-10-07', 'day-off'],
  ['2026-10-10', 'working-day'],
] as const)
const world = { cabinets: 1000, skus: 20, days: 90, firstDay: '2026-07-20', calendar }
const limits = { capacityUnits: 900, maximumStops: 25 }
const depot = { lonMicrodeg: 106_631_000, latMicrodeg: 29_718_000 }

export async function benchForecast(): Promise<BenchRow[]> {
  const random = seededRandom(20_261_127)
  const history = simulateDemand(random, world)
  const { ours, sevenDayMean, origins } = backtest(history, calendar)
  const { series } = history
  const lanes = series.map(({ cabinetId, skuId }, index): LaneNeed => ({
    cabinetId,
    laneId: `L${index % world.skus}`,
    skuId,
    capacity: 14,
    onHand: nextBelow(random, 6),
    inTransit: 0,
    part: 1,
  }))
  const lots = Array.from({ length: world.skus * 4 }, (_, index): DepotLot => ({
    lotId: `lot-${index}`,
    skuId: `sku-${index % world.skus}`,
    unitsAtDepot: 1500,
    daysLeft: 2 + nextBelow(random, 20),
  }))
  const places = new Map(
    [...new Set(series.map(({ cabinetId }) => cabinetId))].map((cabinetId) => [
      cabinetId,
      {
        lonMicrodeg: Math.round(depot.lonMicrodeg + 110_000 * nextGaussian(random)),
        latMicrodeg: Math.round(depot.latMicrodeg + 90_000 * nextGaussian(random)),
      },
    ]),
  )
  const startMs = performance.now()
  const loads = planOf(history, lanes, lots)
  const stops = stopsOf(loads, places)
  const routes = planRoutes(depot, stops, limits)
  const elapsedS = (performance.now() - startMs) / 1000
  const km = routes.reduce((sum, { metres }) => sum + metres, 0) / 1000
  const boundKm = routeBoundM(depot, stops, limits) / 1000
  const versus = (name: string, own: number, theirs: number, unit: string): BenchRow => ({
    name: `forecast: ${name} over 3 days, ${origins} rolling origins, 1000 cabinets × 20 SKUs`,
    value: own,
    unit,
    limit: theirs,
    limitName: 'mean of 7 days',
    ratio: { value: own / theirs, atMost: 1 },
  })
  return [
    versus('WAPE', 100 * ours.wape, 100 * sevenDayMean.wape, '%'),
    versus('pinball loss at 0.95', ours.pinball, sevenDayMean.pinball, 'units'),
    {
      name: 'forecast: bias',
      value: 100 * ours.bias,
      unit: '%',
      limit: 100 * sevenDayMean.bias,
      limitName: 'mean of 7 days',
    },
    {
      name: `forecast, restock plan and ${routes.length} routes for 1000 cabinets × 20 SKUs, 90 days of history`,
      value: elapsedS,
      unit: 's',
      limit: 10,
      limitName: 'goal',
      ratio: { value: elapsedS / 10, atMost: 1 },
    },
    {
      name: `routes over ${stops.length} sites, at most ${limits.maximumStops} stops and ${limits.capacityUnits} units a van`,
      value: km,
      unit: 'km',
      limit: boundKm,
      limitName: 'no set of routes is shorter (1-tree, loads)',
      ratio: { value: km / boundKm },
    },
  ]
}

function planOf(history: DemandHistory, lanes: readonly LaneNeed[], lots: readonly DepotLot[]) {
  const forecasts = forecastDemand(history, calendar, 14)
  return planRestock(lanes, forecasts, lots, { leadDays: 1, coverDays: 3, serviceLevel: 0.95 }).loads
}

function stopsOf(
  loads: ReturnType<typeof planOf>,
  places: ReadonlyMap<string, { lonMicrodeg: number; latMicrodeg: number }>,
): Stop[] {
  const units = new Map<string, number>()
  for (const load of loads) units.set(load.cabinetId, (units.get(load.cabinetId) ?? 0) + load.units)
  return [...units].flatMap(([stopId, count]) => {
    const place = places.get(stopId)
    return place === undefined ? [] : [{ ...place, stopId, units: count }]
  })
}
