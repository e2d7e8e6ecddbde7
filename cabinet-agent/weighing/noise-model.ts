import { exp } from './deterministic-math.ts'
import type { SessionSetup } from './session-setup.ts'

/**
 * What the scales' data sheet (division, noise of one sample, sample period) says about every other error of a level,
 * in grams. The data sheet gives three figures; the rest scales with the division as the profiles of weighing.md do
 * (0.1 g → C3 cell, 1 g → typical, 5 g → cheap cell in a freezer).
 */
export interface NoiseModel {
  divisionG: number
  periodMs: number
  /** Variance of one sample, quantisation included, g². */
  sampleVariance: number
  sampleSdG: number
  /** What no averaging removes: the display's step (weighing.md rule 1), g². */
  floorVariance: number
  /** Prior probability of a change per sample: about one in 10 s. */
  hazard: number
  /** Part of a neighbour's change that shows here, and the most one change can do, g. */
  crossTalkRatio: number
  crossTalkLimitG: number
  /** The most a hand or a knock may leave behind, g (weighing.md: up to 18 g on the cheap cell). */
  residueLimitG: number
  /** A level younger than this after a change may still be ringing, ms. */
  settlingMs: number
  /** How far a ringing level may be off, as a part of the change. */
  settlingDoubt: number
  /** sd of the shaking that doors and hands cause, g. */
  burstSdG: number
  /** Variance that drift, random walk and compressor add between two levels `elapsedMs` apart, g². */
  driftVariance(elapsedMs: number): number
}

export function createNoiseModel(setup: Omit<SessionSetup, 'lanes'>): NoiseModel {
  const divisionG = setup.divisionMg / 1000
  const scaleSdG = setup.scaleSdMg / 1000
  const sampleVariance = scaleSdG * scaleSdG + (divisionG * divisionG) / 12
  const warmingSdG = 0.25 + 0.45 * divisionG
  const walkVariancePerS = (0.017 + 0.0275 * divisionG) ** 2
  const compressorVariancePerS = divisionG < 0.5 ? 0 : (divisionG * divisionG) / 450
  return {
    divisionG,
    periodMs: setup.samplePeriodMs,
    sampleVariance,
    sampleSdG: Math.sqrt(sampleVariance),
    floorVariance: (divisionG * divisionG) / 12,
    hazard: Math.min(0.2, setup.samplePeriodMs / 10_000),
    crossTalkRatio: divisionG < 0.5 ? 0 : 0.006,
    crossTalkLimitG: divisionG < 0.5 ? 0 : 1.25 + 0.75 * divisionG,
    residueLimitG: 2 + 3.2 * divisionG,
    settlingMs: divisionG < 3 ? 700 : 1700,
    settlingDoubt: setup.samplePeriodMs < 400 ? 0.08 : 0.12,
    burstSdG: 2.5 + 5.5 * divisionG,
    driftVariance(elapsedMs) {
      const elapsedS = Math.max(0, elapsedMs) / 1000
      const warming = warmingSdG * (1 - exp(-elapsedS / 8))
      const isLong = Math.min(elapsedS, 225)
      return warming * warming + walkVariancePerS * elapsedS + compressorVariancePerS * isLong
    },
  }
}

/** A level rests for about so long in a sale, ms, and a purchase lies between two of them. */
const usualRestMs = 2000
const usualSaleMs = 10_000

/** Standard error of a steady level on such scales, its part of the drift during a sale included, mg. */
export function plateauSdMg(sheet: Omit<SessionSetup, 'lanes'>): number {
  const noise = createNoiseModel(sheet)
  const samples = Math.max(2, usualRestMs / noise.periodMs)
  const variance = noise.sampleVariance / samples + noise.floorVariance + noise.driftVariance(usualSaleMs) / 2
  return Math.round(Math.sqrt(variance) * 1000)
}
