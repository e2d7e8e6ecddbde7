/**
 * The three kinds of load cell a cabinet may carry, as numbers. Source: weighing.md, "Load-cell model"; what that table
 * leaves open is marked assumed and is to be replaced by measurements on real cabinets.
 */

export type LoadCellKind = 'good' | 'typical' | 'bad'

/** Every parameter of the model. Masses in grams: this is physics, not bookkeeping. */
export interface LoadCellProfile {
  readonly kind: LoadCellKind
  /** Time between two conversions of the transmitter, ms, and its half-width of jitter, ms. */
  readonly sampleIntervalMs: number
  readonly sampleJitterMs: number
  /** Display step on the wire, g; the display moves only when the value leaves it by `0.5 + hysteresisDivisions` steps. */
  readonly divisionG: number
  readonly hysteresisDivisions: number
  /** Standard deviation of the white noise of one sample, g. */
  readonly whiteNoiseG: number
  /** Disturbance bursts caused by doors, hands and steps: sd in g, and rare outliers up to `tailG`. */
  readonly burstSdG: number
  readonly burstTailG: number
  readonly burstTailProbability: number
  /** The compressor's pull on the floor of the lane, g; half a cycle lasts 5–10 min. */
  readonly compressorStepG: number
  /** The mechanical response to a step: natural frequency in Hz (drawn per cell from the range) and damping ratio. */
  readonly ringingHz: readonly [number, number]
  readonly dampingRatio: number
  /** What a hand that rested on the lane may leave behind, g, until the lane is touched again. */
  readonly handResidueG: readonly [number, number]
  readonly handResidueProbability: number
  /** Part of a step that creeps in over 30 min. */
  readonly creepRatio: number
  /** Zero drift, g per K of the cell's own temperature. */
  readonly zeroDriftGPerK: number
  /** Random walk of the zero, g per √s. */
  readonly randomWalkGPerRootS: number
  /** Part of a neighbour lane's change that shows here, and the most it can come to, g. */
  readonly crossTalkRatio: number
  readonly crossTalkLimitG: number
  /** Line and transmitter faults, each per sample; `signFlipProbability` is per frame of a whole bank. */
  readonly lostFrameProbability: number
  readonly signFlipProbability: number
  readonly stuckProbability: number
  readonly stuckMs: readonly [number, number]
  readonly gapProbability: number
  readonly gapMs: number
}

/** Bursts last this long, ms. */
export const burstMs: readonly [number, number] = [500, 2000]
/** Hand contacts last this long, ms, and press or lift with this many grams. */
export const handContactMs: readonly [number, number] = [300, 3000]
export const handForceG: readonly [number, number] = [50, 1500]
/** How far an open door warms the cells, K; assumed time constants of the way there and back, ms. */
export const doorWarmingK: readonly [number, number] = [2, 8]
export const doorWarmingTimeConstantMs = 8_000
export const doorCoolingTimeConstantMs = 120_000
/** Half a compressor cycle, ms (10–20 min whole). */
export const compressorHalfCycleMs: readonly [number, number] = [300_000, 600_000]
/** Time constant of creep, ms (assumed), chosen so that 30 min show 95 % of it. */
export const creepTimeConstantMs = 600_000

/** ζ of a second-order system whose step response overshoots by this part. */
function dampingForOvershoot(overshoot: number): number {
  const logarithm = Math.log(overshoot)
  return -logarithm / Math.sqrt(Math.PI ** 2 + logarithm ** 2)
}

/** Natural frequency in Hz of a second-order system that is within 2 % after `settlingS`. */
function frequencyForSettling(dampingRatio: number, settlingS: number): number {
  return 4 / (dampingRatio * settlingS * 2 * Math.PI)
}

const typicalDamping = dampingForOvershoot(0.2)
const typicalHz = frequencyForSettling(typicalDamping, 0.8)
const badDamping = dampingForOvershoot(0.4)
const badHz = frequencyForSettling(badDamping, 1.7)

export const loadCellProfiles: Readonly<Record<LoadCellKind, LoadCellProfile>> = {
  good: {
    kind: 'good',
    sampleIntervalMs: 100,
    sampleJitterMs: 0,
    divisionG: 0.1,
    hysteresisDivisions: 0,
    whiteNoiseG: 0.2,
    burstSdG: 3,
    burstTailG: 0,
    burstTailProbability: 0,
    compressorStepG: 0,
    ringingHz: [8, 12],
    dampingRatio: 0.05,
    handResidueG: [0, 0],
    handResidueProbability: 0,
    creepRatio: 0.0001,
    zeroDriftGPerK: 0.07,
    randomWalkGPerRootS: 0.02,
    crossTalkRatio: 0,
    crossTalkLimitG: 0,
    lostFrameProbability: 0,
    signFlipProbability: 0,
    stuckProbability: 0,
    stuckMs: [0, 0],
    gapProbability: 0,
    gapMs: 0,
  },
  typical: {
    kind: 'typical',
    sampleIntervalMs: 100,
    sampleJitterMs: 0,
    divisionG: 1,
    hysteresisDivisions: 0,
    whiteNoiseG: 0.7,
    burstSdG: 10,
    burstTailG: 0,
    burstTailProbability: 0,
    compressorStepG: 1,
    ringingHz: [typicalHz, typicalHz],
    dampingRatio: typicalDamping,
    handResidueG: [0, 0],
    handResidueProbability: 0,
    creepRatio: 0.00025,
    zeroDriftGPerK: 0.14,
    randomWalkGPerRootS: 0.05,
    crossTalkRatio: 0.005,
    crossTalkLimitG: 2,
    lostFrameProbability: 0.001,
    signFlipProbability: 0,
    stuckProbability: 0,
    stuckMs: [0, 0],
    gapProbability: 0,
    gapMs: 0,
  },
  bad: {
    kind: 'bad',
    sampleIntervalMs: 800,
    sampleJitterMs: 120,
    divisionG: 5,
    hysteresisDivisions: 0.3,
    whiteNoiseG: 2.5,
    burstSdG: 30,
    burstTailG: 150,
    burstTailProbability: 0.05,
    compressorStepG: 5,
    ringingHz: [badHz, badHz],
    dampingRatio: badDamping,
    handResidueG: [8, 18],
    // Assumed: one contact in twenty leaves something.
    handResidueProbability: 0.05,
    creepRatio: 0.0005,
    zeroDriftGPerK: 0.5,
    randomWalkGPerRootS: 0.15,
    // Assumed ratio; the table gives only the limit.
    crossTalkRatio: 0.01,
    crossTalkLimitG: 5,
    lostFrameProbability: 0.001,
    signFlipProbability: 0.12,
    // Assumed: about one stuck spell in ten minutes and one gap in twenty.
    stuckProbability: 0.0013,
    stuckMs: [2000, 6000],
    gapProbability: 0.0007,
    gapMs: 5000,
  },
}
