import { log } from './deterministic-math.ts'
import type { LaneModel } from './lane-model.ts'
import type { Level } from './lane-tracker.ts'
import type { NoiseModel } from './noise-model.ts'
import { logNoise } from './student-density.ts'

/**
 * The walk of the enumeration along one lane's levels: what it has explained so far, and the change it looks at next.
 */

/** A steady level of the lane, cross-talk already taken off. `tail` is its end, `head` its beginning. */
export interface LanePlateau {
  fromMs: number
  toMs: number
  head: Level
  tail: Level
  /** Samples in the run. */
  count: number
  /** False when it may still have been ringing: then it is weak evidence of where the level is. */
  isFirm: boolean
  /** Lowest sample on the way to this level, g; Infinity when none was seen. */
  wayLowG: number
}

/** Pieces that left the lane in one go and are still out. `atMs` is when the old level ended. */
export interface TakenGroup {
  count: number
  massG: number
  variance: number
  atMs: number
}

/** An object that lies in the lane and is not its stock. `atMs` is when the new level began. */
export interface PutObject {
  massG: number
  variance: number
  atMs: number
  /** Lay there before the session (the dynamic planogram). */
  isKnown: boolean
}

export interface LaneHypothesis {
  logP: number
  groups: readonly TakenGroup[]
  puts: readonly PutObject[]
  /** Some change has no explanation but "none of these". */
  isUnexplained: boolean
  /** A known object was taken out of the lane. */
  hasKnownLeft: boolean
}

export interface LaneProblem {
  mode: 'piece' | 'weight'
  model: LaneModel
  /** Normalising constant of Student's t for the model's freedom. */
  constant: number
  /** Opening first, closing last. */
  plateaus: readonly LanePlateau[]
  known: readonly PutObject[]
}

export interface Walk extends LaneHypothesis {
  /** Index of the last level that counted. */
  at: number
  /** Where the level is by all that was seen and explained, g and g². */
  levelG: number
  levelVariance: number
  /** Own pieces left in the lane and their mass, g. */
  left: number
  leftG: number
  /** The newest goods or object that moved: the last group or put. Small changes soon after belong to it. */
  latest: 'group' | 'put' | 'returned' | undefined
  latestAtMs: number
  /** How far the latest return missed the mass that went, g, its variance, and the log density paid for it. */
  miss: { massG: number; variance: number; logDensity: number }
}

/** Nothing below e^−16 of the best is worth carrying. */
const reachNats = 16

/** The walks that a change leads to. */
export interface Walks {
  /** False when a walk so likely would be dropped in any case: whoever asks first makes fewer. */
  isWithinReach(logP: number): boolean
  push(walk: Walk): void
  /** At most so many, the likeliest first. */
  likeliest(count: number): Walk[]
}

export function gatherWalks(): Walks {
  const walks: Walk[] = []
  let bestLogP = -Infinity
  const isWithinReach = (logP: number) => logP > bestLogP - reachNats
  return {
    isWithinReach,
    push(walk) {
      if (walk.logP > bestLogP) bestLogP = walk.logP
      walks.push(walk)
    },
    likeliest(count) {
      const likely = walks.filter(({ logP }) => isWithinReach(logP))
      return likely.sort((a, b) => b.logP - a.logP).slice(0, count)
    },
  }
}

export interface Change {
  /** Signed, g: negative when something left. */
  stepG: number
  variance: number
  fromMs: number
  toMs: number
  /** Variance of the level before, drift included, g². */
  priorVariance: number
  after: LanePlateau
  /** On the way the lane was far lighter than both levels say: something went and something else came. */
  hasDipped: boolean
}

/** 1/g: an object of any weight, a hand of any force. */
export const flatLog = log(1 / 1500)

/** Prior of each kind of change between two adjacent levels [assumed]. */
export const prior = {
  none: log(0.5),
  residue: log(0.006),
  settling: log(0.1),
  take: log(0.35),
  returned: log(0.06),
  put: log(0.01),
  lift: log(0.02),
  passing: log(0.03),
  unknown: log(0.0001),
  dipped: log(0.01),
}

/** Log density of an object's mass: anything up to 1.5 kg, but hardly a few grams [assumed]. */
export function objectLog(massG: number): number {
  return massG >= 25 ? flatLog : flatLog + 4 * log(Math.max(massG, 0.01) / 25)
}

/**
 * Log prior of `count` pieces in one change (Occam: more pieces must beat fewer). One more piece in the same grasp is
 * rare; in a change that took long, several grasps may hide.
 */
export function countLog(count: number, change: Change): number {
  const elapsedS = (change.toMs - change.fromMs) / 1000
  const oneMore = Math.min(0.75, 0.12 + 0.12 * Math.max(0, elapsedS - 1))
  return log(1 - oneMore) + (count - 1) * log(oneMore)
}

/** Log prior that a level was none: a hand or a held piece is not still for long. */
export function passingLog(plateau: LanePlateau): number {
  return prior.passing + flatLog - Math.min(8, 0.25 * Math.max(0, plateau.count - 4))
}

export function changeTo(plateaus: readonly LanePlateau[], walk: Walk, to: number, noise: NoiseModel): Change {
  const before = plateaus[walk.at] as LanePlateau
  const after = plateaus[to] as LanePlateau
  const fromMs = before.toMs
  const toMs = after.fromMs
  const stepG = after.head.levelG - walk.levelG
  let wayLowG = Infinity
  for (let i = walk.at + 1; i <= to; i += 1) wayLowG = Math.min(wayLowG, plateaus[i]?.wayLowG ?? Infinity)
  // A change downwards overshoots by up to its own size (ζ 0.05 rings so); beyond that, and beyond shaking, it is a dip.
  const floorG = stepG < 0 ? after.head.levelG + stepG : walk.levelG
  const priorVariance = walk.levelVariance + noise.driftVariance(toMs - fromMs)
  return {
    stepG,
    variance: after.head.variance + priorVariance,
    priorVariance,
    fromMs,
    toMs,
    after,
    hasDipped: wayLowG < floorG - 1.25 * noise.burstSdG,
  }
}

/** A lane shakes this long after goods moved, ms. */
const shakingMs = 3000

/**
 * The walk after a small change that explains nothing by itself. Soon after goods moved it is the rest of their own
 * movement, read too early while the lane shook: their mass is corrected.
 */
export function settle(walk: Walk, change: Change, arrival: Arrival): Walk {
  const moved = { ...walk, levelG: arrival.levelG, levelVariance: arrival.levelVariance }
  if (!isShaking(walk, change)) return moved
  const { stepG } = arrival
  if (walk.latest === 'returned') {
    const massG = walk.miss.massG + change.stepG
    const logDensity = logNoise(massG, 0, walk.miss.variance)
    const logP = walk.logP - walk.miss.logDensity + logDensity
    return { ...moved, logP, miss: { ...walk.miss, massG, logDensity } }
  }
  if (walk.latest === 'group') {
    const group = walk.groups.at(-1)
    if (group === undefined || group.massG <= stepG) return moved
    const corrected = { ...group, massG: group.massG - stepG }
    return { ...moved, groups: [...walk.groups.slice(0, -1), corrected], leftG: Math.max(0, walk.leftG + stepG) }
  }
  const put = walk.puts.at(-1)
  if (put === undefined || put.massG <= -stepG) return moved
  return { ...moved, puts: [...walk.puts.slice(0, -1), { ...put, massG: put.massG + stepG }] }
}

export function isShaking(walk: Walk, change: Change): boolean {
  return walk.latest !== undefined && change.toMs - walk.latestAtMs < shakingMs
}

/** Where a change has led, given what the explanation expected. */
export interface Arrival {
  levelG: number
  levelVariance: number
  /** The change as now believed, g, and its variance, g². */
  stepG: number
  stepVariance: number
}

/**
 * A firm level is what it is. A weak one only corrects what the explanation expected (a Kalman step), so that two
 * changes around a ringing level still add up to the change between the firm levels beside it.
 */
export function arrive(walk: Walk, change: Change, expectedStepG: number, ownVariance: number): Arrival {
  const { after, stepG, variance, priorVariance } = change
  if (after.isFirm) {
    return { levelG: after.tail.levelG, levelVariance: after.tail.variance, stepG, stepVariance: variance }
  }
  if (ownVariance === Infinity) {
    return { levelG: after.head.levelG, levelVariance: after.head.variance, stepG, stepVariance: variance }
  }
  const predicted = priorVariance + ownVariance
  const gain = predicted / (predicted + after.head.variance)
  const believedG = expectedStepG + gain * (stepG - expectedStepG)
  const levelVariance = (1 - gain) * predicted
  return {
    levelG: walk.levelG + believedG,
    levelVariance,
    stepG: believedG,
    stepVariance: Math.min(variance, priorVariance + levelVariance),
  }
}
