// From forecasts to what is to be loaded where, pure: a par level per lane that demand does not exceed until the load after
// the next with the service level, less what lies there and what is on its way, filled from the depot first expired first
// out, and never more than sells before it expires.
import { demandQuantile, type DemandForecast } from './forecast.ts'

/** A lane with what the books say of it. */
export interface LaneNeed {
  readonly cabinetId: string
  readonly laneId: string
  readonly skuId: string
  readonly capacity: number
  readonly onHand: number
  /** Loaded by tasks under way, not yet in the books. */
  readonly inTransit: number
  /** The lane's part of the cabinet's demand of the SKU, 0…1. */
  readonly part: number
}

export interface DepotLot {
  readonly lotId: string
  readonly skuId: string
  readonly unitsAtDepot: number
  /** Whole days from the day of loading on which it may be sold. */
  readonly daysLeft: number
}

export interface PlanOptions {
  /** Days until the load arrives, counted from the first day of the forecast. */
  readonly leadDays: number
  /** Days the load has to last. */
  readonly coverDays: number
  /** 0…1. */
  readonly serviceLevel: number
}

export interface PlannedLoad {
  readonly cabinetId: string
  readonly laneId: string
  readonly skuId: string
  readonly lotId: string
  readonly units: number
}

export interface RestockPlan {
  readonly loads: readonly PlannedLoad[]
  /** What the depot could not give. */
  readonly shortages: ReadonlyArray<{ readonly cabinetId: string; readonly laneId: string; readonly units: number }>
}

interface Want {
  readonly lane: LaneNeed
  readonly units: number
  /** Days that what lies there lasts. */
  readonly coverDays: number
  readonly perDay: readonly number[]
}

/** Units a lane should hold when a load has arrived. */
export function parLevel(
  perDay: readonly number[],
  dispersion: number,
  capacity: number,
  { leadDays, coverDays, serviceLevel }: PlanOptions,
): number {
  const mean = sumOf(perDay.slice(0, leadDays + coverDays))
  return Math.min(capacity, demandQuantile(mean, dispersion, serviceLevel))
}

export function planRestock(
  lanes: readonly LaneNeed[],
  forecasts: readonly DemandForecast[],
  lots: readonly DepotLot[],
  options: PlanOptions,
): RestockPlan {
  const bySeries = new Map(forecasts.map((forecast) => [`${forecast.cabinetId}\n${forecast.skuId}`, forecast]))
  const wants = lanes.flatMap((lane): Want[] => {
    const forecast = bySeries.get(`${lane.cabinetId}\n${lane.skuId}`)
    if (forecast === undefined) return []
    const perDay = forecast.meanByDay.map((mean) => mean * lane.part)
    const held = Math.max(0, lane.onHand) + lane.inTransit
    const units = parLevel(perDay, forecast.dispersion, lane.capacity, options) - held
    if (units <= 0) return []
    const daily = sumOf(perDay) / Math.max(1, perDay.length)
    return [{ lane, units, perDay, coverDays: daily === 0 ? Infinity : held / daily }]
  })
  // Where the depot has too little, the lane that runs empty first is served first.
  wants.sort((a, b) => a.coverDays - b.coverDays || compare(a.lane, b.lane))
  return fillFromDepot(wants, lots, options)
}

function fillFromDepot(wants: readonly Want[], lots: readonly DepotLot[], { leadDays }: PlanOptions): RestockPlan {
  const left = new Map<string, Array<{ lot: DepotLot; units: number }>>()
  for (const lot of lots.toSorted((a, b) => a.daysLeft - b.daysLeft || (a.lotId < b.lotId ? -1 : 1))) {
    const list = left.get(lot.skuId) ?? []
    list.push({ lot, units: lot.unitsAtDepot })
    left.set(lot.skuId, list)
  }
  const loads: PlannedLoad[] = []
  const shortages: Array<{ cabinetId: string; laneId: string; units: number }> = []
  for (const { lane, units, perDay } of wants) {
    const { cabinetId, laneId, skuId } = lane
    let wanted = units
    let before = Math.max(0, lane.onHand) + lane.inTransit
    for (const stock of left.get(skuId) ?? []) {
      if (wanted === 0) break
      // What lies there sells first; of this lot only what is expected to sell while it may be sold.
      const sold = Math.floor(sellsUntil(perDay, leadDays, stock.lot.daysLeft)) - before
      const given = Math.min(wanted, stock.units, Math.max(0, sold))
      if (given <= 0) continue
      loads.push({ cabinetId, laneId, skuId, lotId: stock.lot.lotId, units: given })
      stock.units -= given
      wanted -= given
      before += given
    }
    if (wanted > 0) shortages.push({ cabinetId, laneId, units: wanted })
  }
  return { loads, shortages }
}

/** Expected demand from now until a lot expires; beyond the forecast its last week goes on. */
function sellsUntil(perDay: readonly number[], leadDays: number, daysLeft: number): number {
  const days = leadDays + daysLeft
  const known = sumOf(perDay.slice(0, days))
  if (days <= perDay.length) return known
  const week = perDay.slice(-7)
  return known + ((days - perDay.length) * sumOf(week)) / Math.max(1, week.length)
}

export interface PickLine {
  readonly skuId: string
  readonly lotId: string
  readonly units: number
}

/** What to take from the depot for some cabinets, lot by lot. */
export function pickList(loads: readonly PlannedLoad[], cabinetIds: ReadonlySet<string>): PickLine[] {
  const sums = new Map<string, { skuId: string; lotId: string; units: number }>()
  for (const { cabinetId, skuId, lotId, units } of loads) {
    if (!cabinetIds.has(cabinetId)) continue
    const line = sums.get(lotId) ?? { skuId, lotId, units: 0 }
    line.units += units
    sums.set(lotId, line)
  }
  return [...sums.values()].toSorted((a, b) => (a.skuId + a.lotId < b.skuId + b.lotId ? -1 : 1))
}

function sumOf(values: readonly number[]): number {
  let sum = 0
  for (const value of values) sum += value
  return sum
}

const compare = (a: LaneNeed, b: LaneNeed) => (a.cabinetId + a.laneId < b.cabinetId + b.laneId ? -1 : 1)
