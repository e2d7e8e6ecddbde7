// How a span of sales falls into whole days that are rolled up and what is left at its ends. Pure.
import type { EpochMs } from '#shared/time/clock.ts'
import { dayMs, districtDateOf, districtDateStartMs } from '#shared/time/district-time.ts'

/** From the first instant to before the last. */
export interface SalesSpan {
  readonly fromMs: EpochMs
  readonly beforeMs: EpochMs
}

/** The first instant of the district's day that holds the instant. */
export const startOfDistrictDay = (atMs: EpochMs): EpochMs => districtDateStartMs(districtDateOf(atMs))

export interface SplitSpan {
  /** Whole days of the district, all rolled up. */
  readonly rolled: SalesSpan | undefined
  /** What is left, at most one span at either end. */
  readonly others: readonly SalesSpan[]
}

/** Splits a span; everything before `rolledBeforeMs`, the start of a day, is rolled up. Rolled and others make the span again. */
export function splitSpan({ fromMs, beforeMs }: SalesSpan, rolledBeforeMs: EpochMs | undefined): SplitSpan {
  if (fromMs >= beforeMs) return { rolled: undefined, others: [] }
  const dayOfFrom = startOfDistrictDay(fromMs)
  const firstMs = dayOfFrom === fromMs ? fromMs : dayOfFrom + dayMs
  const lastMs = Math.min(startOfDistrictDay(beforeMs), rolledBeforeMs ?? firstMs)
  if (firstMs >= lastMs) return { rolled: undefined, others: [{ fromMs, beforeMs }] }
  const ends = [
    { fromMs, beforeMs: firstMs },
    { fromMs: lastMs, beforeMs },
  ]
  return {
    rolled: { fromMs: firstMs, beforeMs: lastMs },
    others: ends.filter((end) => end.fromMs < end.beforeMs),
  }
}
