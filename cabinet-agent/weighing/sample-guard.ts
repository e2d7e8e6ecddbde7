import type { NoiseModel } from './noise-model.ts'

/**
 * Removes faults of the line from one lane's samples: lost frames, impossible values, one-frame sign flips and one-frame
 * outliers (weighing.md rule 1). A sample is judged once its successor is known, by median of three, and only when its
 * two neighbours agree with each other, so a step is never filtered.
 */
export interface SampleGuard {
  push(atMs: number, massG: number | null): void
  /** The newest sample, not yet judged, as far as it can be judged alone; undefined when it is a fault. */
  peekPending(): { atMs: number; massG: number } | undefined
  /** Frames without a usable value since the last usable one. */
  missingRun(): number
  /** Consecutive frames below what a scale can show. */
  negativeRun(): number
  /** The raw value has been the same, to the digit, since this instant and for this many frames. */
  sameSinceMs(): number
  sameRun(): number
}

export function createSampleGuard(
  noise: NoiseModel,
  maximumG: number,
  accept: (atMs: number, massG: number) => void,
): SampleGuard {
  const tolerance = 5 * noise.sampleSdG
  const flipTolerance = 8 * noise.sampleSdG + 2 * noise.divisionG
  const negativeLimit = -(30 + 8 * noise.divisionG)
  let last = Number.NaN
  let pendingAtMs = Number.NaN
  let pending = Number.NaN
  let missing = 0
  let negatives = 0
  let same = Number.NaN
  let sameCount = 0
  let sameFromMs = 0

  /** The usable value of `value` between its neighbours; NaN when it is a fault. */
  const judge = (value: number, next: number) => {
    const after = next < negativeLimit ? -next : next
    if (value < negativeLimit) {
      const restored = -value
      const isFlip = Math.abs(restored - last) <= flipTolerance || Math.abs(restored - after) <= flipTolerance
      return isFlip ? restored : Number.NaN
    }
    const isAlone =
      Math.abs(value - last) > tolerance && Math.abs(value - after) > tolerance && Math.abs(last - after) <= tolerance
    return isAlone ? Number.NaN : value
  }

  const settlePending = (next: number) => {
    if (Number.isNaN(pendingAtMs)) return
    const value = judge(pending, next)
    const atMs = pendingAtMs
    pendingAtMs = Number.NaN
    if (Number.isNaN(value)) return
    last = value
    accept(atMs, value)
  }

  return {
    push(atMs, massG) {
      if (massG === null || !Number.isFinite(massG) || massG > maximumG || massG < -maximumG) {
        missing += 1
        return
      }
      missing = 0
      negatives = massG < negativeLimit ? negatives + 1 : 0
      if (massG === same) sameCount += 1
      else {
        same = massG
        sameCount = 1
        sameFromMs = atMs
      }
      settlePending(massG)
      pending = massG
      pendingAtMs = atMs
    },
    peekPending() {
      if (Number.isNaN(pendingAtMs)) return undefined
      const value = judge(pending, Number.NaN)
      if (Number.isNaN(value)) return undefined
      return { atMs: pendingAtMs, massG: value }
    },
    missingRun: () => missing,
    negativeRun: () => negatives,
    sameSinceMs: () => sameFromMs,
    sameRun: () => sameCount,
  }
}
