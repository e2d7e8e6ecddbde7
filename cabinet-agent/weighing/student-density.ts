import { exp, log } from './deterministic-math.ts'

/** Densities with heavier tails than Gauss: what was estimated from few pieces, or taken from a data sheet, may be off. */

/** log Γ((ν+1)/2) − log Γ(ν/2) − ½ log(νπ) for whole ν ≥ 1, by the recurrence from Γ(½) and Γ(1). */
export function studentConstant(freedom: number): number {
  const logGammaOfHalf = (twice: number) => {
    let sum = twice % 2 === 0 ? 0 : 0.5723649429247001
    for (let half = twice - 2; half > 0; half -= 2) sum += log(half / 2)
    return sum
  }
  return logGammaOfHalf(freedom + 1) - logGammaOfHalf(freedom) - 0.5 * (log(freedom) + 1.1447298858494002)
}

/** Log density of Student's t at x, with location, squared scale and the constant of its freedom. */
export function logStudent(x: number, mean: number, scale2: number, freedom: number, constant: number): number {
  const z2 = ((x - mean) * (x - mean)) / scale2
  return constant - 0.5 * log(scale2) - 0.5 * (freedom + 1) * log(1 + z2 / freedom)
}

/** Freedom of the noise itself: its variance is a data-sheet figure. */
const noiseFreedom = 12
const noiseConstant = studentConstant(noiseFreedom)

export function logNoise(x: number, mean: number, variance: number): number {
  return logStudent(x, mean, variance, noiseFreedom, noiseConstant)
}

/** Log density at x of a value anywhere within ±limit, seen through noise: flat, with the noise's own flanks. */
export function logBounded(x: number, limit: number, variance: number): number {
  const beyond = (Math.abs(x) - limit) / Math.sqrt(variance)
  // The logistic curve of slope 1.7 is the normal distribution to one part in a hundred.
  return -log(2 * limit) - log(1 + exp(1.7 * beyond))
}
