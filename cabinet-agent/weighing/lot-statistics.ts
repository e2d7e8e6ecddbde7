import type { MassMg } from '#shared/units/mass.ts'
import type { UnitWeight } from './session-setup.ts'

/**
 * What a piece of a lot weighs, learned from the lot itself and never from a label: count and gross at restock give
 * the first mean (lanes/after-restock.ts); pieces that a confident sale weighed one by one refine mean and spread. Pure; the caller keeps
 * the result with the lane. Source: weighing.md, "A wrong unit weight is worse than noise".
 */

/** Pieces weighed together: `count` of them make `massMg`, give or take `standardErrorMg` of the scale. */
export interface WeighedPieces {
  count: number
  massMg: MassMg
  standardErrorMg: number
}

/** No more memory than this many pieces: a lot changes as it ages. */
const maximumSamples = 400

/**
 * Refines a unit weight by pieces that a confident sale weighed. Each group of k pieces is one look at the mean (its
 * k-th part) and one at the spread, weighted by how little of it is the scale's own noise.
 */
export function refineBySale(known: UnitWeight, sold: readonly WeighedPieces[]): UnitWeight {
  let { meanMg, samples } = known
  let squares = known.sdMg * known.sdMg * Math.max(1, samples - 1)
  for (const { count, massMg, standardErrorMg } of sold) {
    if (count < 1 || massMg <= 0) continue
    const pieceMg = massMg / count
    const noiseVariance = (standardErrorMg / count) ** 2
    const ownVariance = (known.sdMg * known.sdMg) / count
    const trust = ownVariance / (ownVariance + noiseVariance)
    const weight = count * trust
    const delta = pieceMg - meanMg
    samples += weight
    meanMg += (delta * weight) / samples
    // What the scale's noise adds to the square is taken off; a square cannot be negative.
    squares += trust * Math.max(0, delta * (pieceMg - meanMg) - noiseVariance) * count
  }
  const freedom = Math.max(1, samples - 1)
  return {
    meanMg: Math.round(meanMg),
    sdMg: Math.max(1, Math.round(Math.sqrt(squares / freedom))),
    samples: Math.min(maximumSamples, Math.round(samples)),
  }
}
