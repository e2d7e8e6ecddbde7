import { exp } from './deterministic-math.ts'
import type { NoiseModel } from './noise-model.ts'

/**
 * Bayesian online change point detection (Adams and MacKay 2007) for one lane: a posterior over the length of the
 * present run, with known σ, a vague prior on the level of a new run and a small chance that a sample is an outlier.
 * Runs are told apart by the index of their first sample. Memory is bounded: only the likeliest runs are kept.
 */
export interface ChangePointDetector {
  /** Takes sample number `index` (0, 1, 2 …) and returns the first index of the likeliest present run. */
  push(index: number, massG: number): number
  /** The level of that run, g. */
  level(): number
}

const maximumRuns = 8
const pruneBelow = 1e-5
/** Density of a new run's first sample, 1/g: anywhere on the scale. */
const vagueDensity = 1 / 4000
const outlierPart = 0.02
const outlierDensity = 1 / 200
/** exp(−z²/2) is not worth computing beyond this. */
const farZ2 = 60

export function createChangePointDetector(noise: NoiseModel): ChangePointDetector {
  const { sampleVariance, hazard } = noise
  // Levels drift, so a run's mean forgets: about 3 s, at least 6 samples.
  const maximumCount = Math.max(6, Math.round(3000 / noise.periodMs))
  const starts = new Float64Array(maximumRuns + 1)
  const counts = new Float64Array(maximumRuns + 1)
  const means = new Float64Array(maximumRuns + 1)
  const weights = new Float64Array(maximumRuns + 1)
  const scales = new Float64Array(maximumCount + 1)
  const precisions = new Float64Array(maximumCount + 1)
  for (let n = 1; n <= maximumCount; n += 1) {
    const variance = sampleVariance * (1 + 1 / n)
    scales[n] = 1 / Math.sqrt(2 * 3.141592653589793 * variance)
    precisions[n] = 1 / variance
  }
  let size = 0
  let best = 0

  const copyRun = (from: number, to: number) => {
    starts[to] = starts[from] ?? 0
    counts[to] = counts[from] ?? 0
    means[to] = means[from] ?? 0
    weights[to] = weights[from] ?? 0
  }

  /** Updates run i with the sample; returns its unnormalised weight. */
  const grow = (i: number, massG: number): number => {
    const n = counts[i] ?? 1
    const delta = massG - (means[i] ?? 0)
    const z2 = delta * delta * (precisions[n] ?? 0)
    const inlier = z2 > farZ2 ? 0 : (1 - outlierPart) * (scales[n] ?? 0) * exp(-0.5 * z2)
    const outlier = outlierPart * outlierDensity
    if (inlier > outlier) {
      const next = n < maximumCount ? n + 1 : n
      counts[i] = next
      means[i] = (means[i] ?? 0) + delta / next
    }
    return (weights[i] ?? 0) * (1 - hazard) * (inlier + outlier)
  }

  const prune = () => {
    let total = 0
    for (let i = 0; i < size; i += 1) total += weights[i] ?? 0
    let kept = 0
    let weakest = 0
    for (let i = 0; i < size; i += 1) {
      const weight = (weights[i] ?? 0) / total
      weights[i] = weight
      if (weight < pruneBelow) continue
      copyRun(i, kept)
      if (weight < (weights[weakest] ?? 0)) weakest = kept
      kept += 1
    }
    size = kept
    if (size <= maximumRuns) return
    size -= 1
    copyRun(size, weakest)
  }

  return {
    push(index, massG) {
      if (size === 1) {
        const n = counts[0] ?? 1
        const delta = massG - (means[0] ?? 0)
        // One run without rival and a sample well inside it: the posterior stays where it is.
        if (n >= 4 && delta * delta * (precisions[n] ?? 0) < 6) {
          const next = n < maximumCount ? n + 1 : n
          counts[0] = next
          means[0] = (means[0] ?? 0) + delta / next
          best = 0
          return starts[0] ?? 0
        }
      }
      let changed = 0
      for (let i = 0; i < size; i += 1) {
        changed += weights[i] ?? 0
        weights[i] = grow(i, massG)
      }
      starts[size] = index
      counts[size] = 1
      means[size] = massG
      weights[size] = size === 0 ? 1 : changed * hazard * vagueDensity
      size += 1
      prune()
      best = 0
      for (let i = 1; i < size; i += 1) if ((weights[i] ?? 0) > (weights[best] ?? 0)) best = i
      return starts[best] ?? 0
    },
    level: () => means[best] ?? 0,
  }
}
