// Demand per cabinet and SKU, pure: rate of the SKU now and where it goes (season) × kind of day at such sites × how this
// cabinet compares with its like. The last is counted from few sales, so it is shrunk to the mean of like sites by
// empirical Bayes (Gamma prior of a Poisson rate): a new cabinet sells as its like do until it has shown otherwise.
import type { Calendar } from '../calendar/rules.ts'
import { addDays, dayClassCount, dayClassesFrom, standIns } from './day-classes.ts'
import { growthUntil, levelOf, type SkuLevel } from './sku-level.ts'

/** What one SKU sold in one cabinet. */
export interface DemandSeries {
  readonly cabinetId: string
  readonly skuId: string
  /** Sites that are alike; the kind of host site. */
  readonly group: string
  /** Units a day, oldest first; −1: not on sale that day, which says nothing of demand. */
  readonly soldByDay: ArrayLike<number>
}

export interface DemandHistory {
  /** Day of `soldByDay[0]`, `YYYY-MM-DD`. */
  readonly firstDay: string
  /** Length of every series. */
  readonly days: number
  readonly series: readonly DemandSeries[]
}

export interface DemandForecast {
  readonly cabinetId: string
  readonly skuId: string
  /** Expected units of each day after the history. */
  readonly meanByDay: readonly number[]
  /** Variance ÷ mean of a day's demand, at least 1. */
  readonly dispersion: number
}

/** A cabinet's share forgets more slowly: its people stay. */
const shareHalfLifeDays = 45
/** A kind of day is believed against "as any day" from about so many units on. */
const dayClassUnits = 30
/** Shape of the prior where too few cabinets are alike to tell. */
const usualShape = 2
const shapeBounds = [0.3, 200] as const
const dispersionBounds = [1, 5] as const

const clamp = (value: number, [low, high]: readonly [number, number]) => Math.min(high, Math.max(low, value))

export function forecastDemand(history: DemandHistory, calendar: Calendar, horizonDays: number): DemandForecast[] {
  const { series, days, firstDay } = history
  const classes = dayClassesFrom(calendar, firstDay, days)
  const factors = dayFactors(series, classes)
  const levels = skuLevels(series, classes, factors)
  const shares = shareOfEach(series, classes, factors, levels)
  const dispersions = dispersionOfSkus(series, classes, factors, levels, shares)
  const ahead = dayClassesFrom(calendar, addDays(firstDay, days), horizonDays)
  return series.map(({ cabinetId, skuId, group }, index) => {
    const { now = 0, growthPerDay = 0 } = levels.get(skuId) ?? {}
    const rate = (shares[index] ?? 0) * now
    const meanByDay = ahead.map(
      (dayClass, day) => rate * growthUntil(growthPerDay, day + 1) * (factors.get(group)?.[dayClass] ?? 1),
    )
    return { cabinetId, skuId, meanByDay, dispersion: dispersions.get(skuId) ?? 1 }
  })
}

/** By group: demand on each kind of day, as a multiple of the mean day's. */
function dayFactors(series: readonly DemandSeries[], classes: readonly number[]): Map<string, number[]> {
  const sums = new Map<string, { sold: number[]; seen: number[] }>()
  for (const { group, soldByDay } of series) {
    const sum = entryOf(sums, group, () => ({ sold: zeros(dayClassCount), seen: zeros(dayClassCount) }))
    for (let day = 0; day < classes.length; day += 1) {
      const sold = soldByDay[day] ?? -1
      if (sold < 0) continue
      const dayClass = classes[day] ?? 0
      sum.sold[dayClass] = (sum.sold[dayClass] ?? 0) + sold
      sum.seen[dayClass] = (sum.seen[dayClass] ?? 0) + 1
    }
  }
  return new Map([...sums].map(([group, { sold, seen }]) => [group, factorsOf(sold, seen)]))
}

function factorsOf(sold: readonly number[], seen: readonly number[]): number[] {
  const mean = total(sold) / Math.max(1, total(seen))
  if (mean === 0) return zeros(dayClassCount).map(() => 1)
  const factorOf = (dayClass: number) => {
    const usual = standIns[dayClass]?.filter((other) => (seen[other] ?? 0) > 0) ?? []
    const soldThere = total(usual.map((other) => sold[other] ?? 0))
    const prior = usual.length === 0 ? 1 : soldThere / total(usual.map((other) => seen[other] ?? 0)) / mean
    const expected = (seen[dayClass] ?? 0) * mean
    return ((sold[dayClass] ?? 0) + dayClassUnits * prior) / (expected + dayClassUnits)
  }
  return Array.from({ length: dayClassCount }, (_, dayClass) => factorOf(dayClass))
}

/** By SKU: units a mean cabinet sells on a mean day. */
function skuLevels(
  series: readonly DemandSeries[],
  classes: readonly number[],
  factors: ReadonlyMap<string, readonly number[]>,
): Map<string, SkuLevel> {
  const sums = new Map<string, { sold: number[]; expected: number[] }>()
  for (const { skuId, group, soldByDay } of series) {
    const sum = entryOf(sums, skuId, () => ({ sold: zeros(classes.length), expected: zeros(classes.length) }))
    const own = factors.get(group) ?? []
    for (let day = 0; day < classes.length; day += 1) {
      const sold = soldByDay[day] ?? -1
      if (sold < 0) continue
      sum.sold[day] = (sum.sold[day] ?? 0) + sold
      sum.expected[day] = (sum.expected[day] ?? 0) + (own[classes[day] ?? 0] ?? 1)
    }
  }
  return new Map([...sums].map(([skuId, { sold, expected }]) => [skuId, levelOf(sold, expected)]))
}

/** By series: its rate as a multiple of the mean cabinet's, shrunk to that of like sites. */
function shareOfEach(
  series: readonly DemandSeries[],
  classes: readonly number[],
  factors: ReadonlyMap<string, readonly number[]>,
  levels: ReadonlyMap<string, SkuLevel>,
): number[] {
  const keep = 0.5 ** (1 / shareHalfLifeDays)
  const counts = series.map(({ skuId, group, soldByDay }) => {
    const own = factors.get(group) ?? []
    const level = levels.get(skuId)?.byDay ?? []
    let sold = 0
    let expected = 0
    for (let day = 0; day < classes.length; day += 1) {
      sold *= keep
      expected *= keep
      const units = soldByDay[day] ?? -1
      if (units < 0) continue
      sold += units
      expected += (own[classes[day] ?? 0] ?? 1) * (level[day] ?? 0)
    }
    return { sold, expected }
  })
  const groups = new Map<string, number[]>()
  for (const [index, { skuId, group }] of series.entries()) entryOf(groups, `${group}\n${skuId}`, () => []).push(index)
  const shares = zeros(series.length)
  for (const members of groups.values()) {
    const prior = priorOf(members.map((index) => counts[index] ?? { sold: 0, expected: 0 }))
    for (const index of members) {
      const { sold, expected } = counts[index] ?? { sold: 0, expected: 0 }
      shares[index] = prior.mean === 0 ? 0 : (prior.shape + sold) / (prior.shape / prior.mean + expected)
    }
  }
  return shares
}

/** Gamma prior of the shares of like cabinets by the method of moments: what spread is left beyond Poisson's. */
function priorOf(counts: ReadonlyArray<{ sold: number; expected: number }>): { mean: number; shape: number } {
  const expected = total(counts.map((count) => count.expected))
  const mean = expected === 0 ? 0 : total(counts.map(({ sold }) => sold)) / expected
  const seen = counts.filter((count) => count.expected > 0.5)
  if (seen.length < 5 || mean === 0) return { mean, shape: usualShape }
  const spread = total(seen.map((count) => (count.sold / count.expected - mean) ** 2)) / (seen.length - 1)
  const chance = total(seen.map((count) => mean / count.expected)) / seen.length
  const own = Math.max(0, spread - chance)
  return { mean, shape: own === 0 ? shapeBounds[1] : clamp((mean * mean) / own, shapeBounds) }
}

/** By SKU: how much wider than Poisson its days are, from the newest four weeks. */
function dispersionOfSkus(
  series: readonly DemandSeries[],
  classes: readonly number[],
  factors: ReadonlyMap<string, readonly number[]>,
  levels: ReadonlyMap<string, SkuLevel>,
  shares: readonly number[],
): Map<string, number> {
  const sums = new Map<string, { squares: number; means: number }>()
  for (const [index, { skuId, group, soldByDay }] of series.entries()) {
    const sum = entryOf(sums, skuId, () => ({ squares: 0, means: 0 }))
    const own = factors.get(group) ?? []
    const level = levels.get(skuId)?.byDay ?? []
    for (let day = Math.max(0, classes.length - 28); day < classes.length; day += 1) {
      const sold = soldByDay[day] ?? -1
      if (sold < 0) continue
      const mean = (shares[index] ?? 0) * (level[day] ?? 0) * (own[classes[day] ?? 0] ?? 1)
      sum.squares += (sold - mean) ** 2
      sum.means += mean
    }
  }
  return new Map(
    [...sums].map(([skuId, { squares, means }]) => [skuId, means === 0 ? 1 : clamp(squares / means, dispersionBounds)]),
  )
}

/** The mean of the newest seven days on sale, for every day ahead: what a forecast has to beat. */
export function sevenDayMean({ series, days }: DemandHistory, horizonDays: number): DemandForecast[] {
  return series.map(({ cabinetId, skuId, soldByDay }) => {
    const recent: number[] = []
    for (let day = Math.max(0, days - 7); day < days; day += 1) {
      const sold = soldByDay[day] ?? -1
      if (sold >= 0) recent.push(sold)
    }
    const mean = recent.length === 0 ? 0 : total(recent) / recent.length
    return { cabinetId, skuId, meanByDay: zeros(horizonDays).map(() => mean), dispersion: 1 }
  })
}

/**
 * Smallest count that demand of this mean and variance ÷ mean does not exceed with probability `level` (0…1): negative
 * binomial, Poisson where the dispersion is 1.
 */
export function demandQuantile(mean: number, dispersion: number, level: number): number {
  if (mean <= 0) return 0
  // Beyond a few hundred units the normal curve is as good and the sum underflows.
  if (mean > 300) return Math.max(0, Math.ceil(mean + normalQuantile(level) * Math.sqrt(mean * dispersion)))
  const isPoisson = dispersion < 1.0001
  const size = isPoisson ? Infinity : mean / (dispersion - 1)
  let term = isPoisson ? Math.exp(-mean) : Math.exp(-size * Math.log(dispersion))
  let sum = term
  let count = 0
  while (sum < level && count < 10_000) {
    term *= isPoisson ? mean / (count + 1) : ((size + count) / (count + 1)) * (1 - 1 / dispersion)
    count += 1
    sum += term
  }
  return count
}

/** Inverse of the normal distribution, to 5e-4 (Abramowitz and Stegun 26.2.23). */
function normalQuantile(level: number): number {
  const tail = Math.min(level, 1 - level)
  const t = Math.sqrt(-2 * Math.log(Math.max(1e-12, tail)))
  const value =
    t - (2.515517 + 0.802853 * t + 0.010328 * t * t) / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t ** 3)
  return level < 0.5 ? -value : value
}

const zeros = (length: number): number[] => Array.from({ length }, () => 0)

function total(values: readonly number[]): number {
  let sum = 0
  for (const value of values) sum += value
  return sum
}

function entryOf<T>(map: Map<string, T>, key: string, make: () => T): T {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  return made
}
