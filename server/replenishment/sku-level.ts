// How much of a SKU a mean cabinet sells on a mean day, pure. All cabinets together say it, so it is known well enough to see where
// it goes: a level alone would lag behind a season that ends, and always promise too much then.

/** A SKU's rate on a day is read from days around it that count half at so many days' distance. */
const levelHalfLifeDays = 4
/** The line into the future forgets by half in so many days: seasons turn within weeks. */
const trendHalfLifeDays = 5
/** A slope is believed against "as now" from about so many units over so many days on. */
const trendUnits = 10
const trendDays = 7
/** Growth a day, at most. */
const growthBounds = [-0.1, 0.1] as const
/** Each day ahead keeps so much of the growth of the day before: no season goes on for ever. */
const damping = 0.9

/** A SKU over all cabinets: units a mean cabinet sells on a mean day. */
export interface SkuLevel {
  /** On each day of the history, from the days around it. */
  readonly byDay: readonly number[]
  /** At the end of the history, and how it grows from day to day there. */
  readonly now: number
  readonly growthPerDay: number
}

/** `expected`: cabinet-days on sale, each by its kind of day. */
export function levelOf(sold: readonly number[], expected: readonly number[]): SkuLevel {
  const ahead = fading(sold, expected)
  const back = fading(sold.toReversed(), expected.toReversed()).toReversed()
  const byDay = sold.map((units, day) => {
    const [a, b] = [ahead[day] ?? none, back[day] ?? none]
    // Both hold the day itself.
    const weight = a.expected + b.expected - (expected[day] ?? 0)
    return weight <= 0 ? 0 : (a.sold + b.sold - units) / weight
  })
  return { byDay, ...trendOf(sold, expected) }
}

const none = { sold: 0, expected: 0 }

function fading(sold: readonly number[], expected: readonly number[]) {
  const keep = 0.5 ** (1 / levelHalfLifeDays)
  let sum = none
  return sold.map((units, day) => {
    sum = { sold: keep * sum.sold + units, expected: keep * sum.expected + (expected[day] ?? 0) }
    return sum
  })
}

/** A line through the newest days, older ones forgotten by half in `trendHalfLifeDays`; by weighted least squares. */
function trendOf(sold: readonly number[], expected: readonly number[]): Pick<SkuLevel, 'now' | 'growthPerDay'> {
  const keep = 0.5 ** (1 / trendHalfLifeDays)
  let [w, wx, wxx, wy, wxy] = [0, 0, 0, 0, 0]
  let fade = 1
  for (let day = sold.length - 1; day >= 0 && fade > 1e-4; day -= 1) {
    const x = day - (sold.length - 1)
    const weight = fade * (expected[day] ?? 0)
    w += weight
    wx += weight * x
    wxx += weight * x * x
    wy += fade * (sold[day] ?? 0)
    wxy += fade * (sold[day] ?? 0) * x
    fade *= keep
  }
  if (w === 0 || wy === 0) return { now: 0, growthPerDay: 0 }
  const mean = wy / w
  const meanX = wx / w
  const spread = wxx - w * meanX * meanX
  const cross = wxy - meanX * wy
  const slope = cross / (spread + (trendDays * trendDays * trendUnits) / mean)
  const now = Math.max(0, mean - slope * meanX)
  return { now, growthPerDay: now === 0 ? 0 : clamp(slope / now, growthBounds) }
}

/** How the rate has changed after so many days of a growth that fades. */
export function growthUntil(growthPerDay: number, days: number): number {
  return Math.max(0.1, 1 + (growthPerDay * damping * (1 - damping ** days)) / (1 - damping))
}

const clamp = (value: number, [low, high]: readonly [number, number]) => Math.min(high, Math.max(low, value))
