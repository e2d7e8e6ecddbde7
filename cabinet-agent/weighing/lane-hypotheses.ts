import { log, logAdd, logNormal } from './deterministic-math.ts'
import type { LaneModel } from './lane-model.ts'
import type { Level } from './lane-tracker.ts'
import type { NoiseModel } from './noise-model.ts'

/**
 * Every way to explain one lane's levels from opening to closing, with its probability: pieces taken and returned,
 * objects put down and lifted again, hands that rested, and "none of these". Levels are walked in time order; each
 * change gets every explanation within reach and the unlikely walks are dropped. Source: weighing.md, rule 4.
 */

/** A steady level of the lane, cross-talk already taken off. `tail` is its end, `head` its beginning. */
export interface LanePlateau {
  fromMs: number
  toMs: number
  head: Level
  tail: Level
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
  /** Lay there before the session (foreign-items.ts). */
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
  /** Opening first, closing last. */
  plateaus: readonly LanePlateau[]
  known: readonly PutObject[]
}

interface Walk extends LaneHypothesis {
  /** Index of the last level that counted. */
  at: number
  /** Own pieces left in the lane and their mass, g. */
  left: number
  leftG: number
}

interface Change {
  /** Signed, g: negative when something left. */
  stepG: number
  variance: number
  fromMs: number
  toMs: number
  /** On the way the lane was far lighter than both levels say: something went and something else came. */
  hasDipped: boolean
}

/** Nothing below e^−18 of the best is worth carrying. */
const reachNats = 18
const maximumWalks = 96
/** 1/g: an object of any weight, a hand of any force. */
const flatLog = log(1 / 1500)
/** Prior of each kind of change between two adjacent levels [assumed]. */
const prior = {
  none: log(0.5),
  residue: log(0.02),
  take: log(0.35),
  returned: log(0.06),
  put: log(0.01),
  lift: log(0.02),
  passing: log(0.03),
  unknown: log(0.0001),
  dipped: log(0.01),
}
/** Log density of an object's mass: anything up to 1.5 kg, but hardly a few grams [assumed]. */
function objectLog(massG: number): number {
  return massG >= 25 ? flatLog : flatLog + 4 * log(Math.max(massG, 0.01) / 25)
}

/**
 * Log prior of `count` pieces in one change (Occam: more pieces must beat fewer). One more piece in the same grasp is
 * rare; in a change that took long, several grasps may hide.
 */
function countLog(count: number, change: Change): number {
  const elapsedS = (change.toMs - change.fromMs) / 1000
  const oneMore = Math.min(0.75, 0.12 + 0.12 * Math.max(0, elapsedS - 1))
  return log(1 - oneMore) + (count - 1) * log(oneMore)
}

/** Log density of Student's t with location and squared scale, unnormalised constant included for `freedom`. */
function logStudent(x: number, mean: number, scale2: number, freedom: number, constant: number): number {
  const z2 = ((x - mean) * (x - mean)) / scale2
  return constant - 0.5 * log(scale2) - 0.5 * (freedom + 1) * log(1 + z2 / freedom)
}

/** log Γ((ν+1)/2) − log Γ(ν/2) − ½ log(νπ), by the recurrence from Γ(½) and Γ(1). */
export function studentConstant(freedom: number): number {
  const logGammaOfHalf = (twice: number) => {
    let sum = twice % 2 === 0 ? 0 : 0.5723649429247001
    for (let half = twice - 2; half > 0; half -= 2) sum += log(half / 2)
    return sum
  }
  return logGammaOfHalf(freedom + 1) - logGammaOfHalf(freedom) - 0.5 * (log(freedom) + 1.1447298858494002)
}

/** Freedom of the noise itself: its variance is a data-sheet figure, so tails are a little heavier than Gauss. */
const noiseFreedom = 12
const noiseConstant = studentConstant(noiseFreedom)

export function enumerateLane(problem: LaneProblem, noise: NoiseModel): LaneHypothesis[] {
  const { plateaus, model, known } = problem
  let walks: Walk[] = [
    {
      logP: model.logPrior,
      groups: [],
      puts: known,
      isUnexplained: false,
      hasKnownLeft: false,
      at: 0,
      left: model.count,
      leftG: model.massG,
    },
  ]
  const constant = studentConstant(model.freedom)
  for (let i = 1; i < plateaus.length; i += 1) {
    const next: Walk[] = []
    const isLast = i === plateaus.length - 1
    for (const walk of walks) {
      if (!isLast) next.push({ ...walk, logP: walk.logP + prior.passing + flatLog })
      explainChange(problem, walk, changeBetween(plateaus, walk.at, i, noise), i, constant, noise, next)
    }
    walks = keepLikely(next)
  }
  return mergeAlike(walks)
}

function changeBetween(plateaus: readonly LanePlateau[], from: number, to: number, noise: NoiseModel): Change {
  const before = plateaus[from] as LanePlateau
  const after = plateaus[to] as LanePlateau
  const fromMs = before.toMs
  const toMs = after.fromMs
  const stepG = after.head.levelG - before.tail.levelG
  let wayLowG = Infinity
  for (let i = from + 1; i <= to; i += 1) wayLowG = Math.min(wayLowG, plateaus[i]?.wayLowG ?? Infinity)
  // A change downwards overshoots by up to half of itself; beyond that, and beyond shaking, it is a dip.
  const floorG = stepG < 0 ? after.head.levelG + 0.5 * stepG : before.tail.levelG
  return {
    stepG,
    hasDipped: wayLowG < floorG - 2.5 * noise.burstSdG,
    variance: after.head.variance + before.tail.variance + noise.driftVariance(toMs - fromMs),
    fromMs,
    toMs,
  }
}

function explainChange(
  problem: LaneProblem,
  walk: Walk,
  change: Change,
  index: number,
  constant: number,
  noise: NoiseModel,
  out: Walk[],
): void {
  const at = { ...walk, at: index }
  const still = logStudent(change.stepG, 0, change.variance, noiseFreedom, noiseConstant)
  const residue = logNormal(change.stepG, 0, change.variance + noise.residueSdG * noise.residueSdG)
  out.push({ ...at, logP: walk.logP + logAdd(prior.none + still, prior.residue + residue) })
  // What comes can be a foreign object, unless something else went on the way; what goes must have lain there.
  if (change.stepG < 0 || change.hasDipped) {
    const logP = change.hasDipped ? prior.dipped : prior.unknown
    out.push({ ...at, logP: walk.logP + logP + objectLog(Math.abs(change.stepG)), isUnexplained: true })
  }
  if (change.stepG < 0) {
    explainTake(problem, at, change, constant, out)
    explainLift(problem, at, change, constant, out)
  } else {
    explainReturn(problem, at, change, constant, out)
    const put = { massG: change.stepG, variance: change.variance, atMs: change.toMs, isKnown: false }
    out.push({ ...at, logP: walk.logP + prior.put + objectLog(change.stepG), puts: [...walk.puts, put] })
  }
}

/** Log density that `count` pieces of those left weigh `massG`. */
function takeDensity(
  problem: LaneProblem,
  walk: Walk,
  count: number,
  massG: number,
  variance: number,
  constant: number,
): number {
  const { model } = problem
  const share = count / walk.left
  const own = count * (1 - share) * model.unitVariance + share * share * model.zeroVariance
  const mean = share * walk.leftG
  // Few degrees of freedom where the pieces' own spread decides, many where the scale's noise does.
  const isNoise = own < variance
  return isNoise
    ? logStudent(massG, mean, own + variance, noiseFreedom, noiseConstant)
    : logStudent(massG, mean, own + variance, model.freedom, constant)
}

function explainTake(problem: LaneProblem, walk: Walk, change: Change, constant: number, out: Walk[]): void {
  const massG = -change.stepG
  const { model } = problem
  if (problem.mode === 'piece' && walk.left < 1) return
  const take = (count: number, logP: number) => {
    const group = { count, massG, variance: change.variance, atMs: change.fromMs }
    out.push({
      ...walk,
      logP,
      groups: [...walk.groups, group],
      left: walk.left - count,
      leftG: Math.max(0, walk.leftG - massG),
    })
  }
  if (problem.mode === 'weight') {
    const count = Math.max(1, Math.round(massG / model.unitMeanG))
    let density = flatLog + log(0.2)
    for (let k = Math.max(1, count - 1); k <= count + 1; k += 1) {
      const spread = k * model.unitVariance + change.variance
      const logK = countLog(k, change)
      density = logAdd(density, logK + logStudent(massG, k * model.unitMeanG, spread, model.freedom, constant))
    }
    if (massG <= walk.leftG + 4 * Math.sqrt(change.variance + model.zeroVariance))
      take(count, walk.logP + prior.take + density + 4 * log(Math.min(1, massG / (0.35 * model.unitMeanG))))
    return
  }
  const unitG = walk.leftG > 0 ? walk.leftG / walk.left : model.unitMeanG
  const reach = 6 * Math.sqrt(change.variance + model.unitVariance * Math.max(1, massG / unitG))
  const low = Math.max(1, Math.floor((massG - reach) / unitG))
  const high = Math.min(walk.left, Math.ceil((massG + reach) / unitG))
  for (let count = low; count <= high; count += 1) {
    const density = takeDensity(problem, walk, count, massG, change.variance, constant)
    take(count, walk.logP + prior.take + countLog(count, change) + density)
  }
}

/** Something put down earlier goes again, alone or together with own pieces. */
function explainLift(problem: LaneProblem, walk: Walk, change: Change, constant: number, out: Walk[]): void {
  const massG = -change.stepG
  walk.puts.forEach((put, index) => {
    const puts = walk.puts.filter((_, other) => other !== index)
    const variance = change.variance + put.variance
    const base = { ...walk, puts, hasKnownLeft: walk.hasKnownLeft || put.isKnown }
    const alone = logStudent(massG, put.massG, variance, noiseFreedom, noiseConstant)
    out.push({ ...base, logP: walk.logP + prior.lift + alone })
    if (problem.mode === 'weight' || walk.left < 1) return
    const rest = massG - put.massG
    const count = Math.round(rest / problem.model.unitMeanG)
    if (count < 1 || count > walk.left) return
    const density = takeDensity(problem, walk, count, rest, variance, constant)
    const group = { count, massG: rest, variance, atMs: change.fromMs }
    out.push({
      ...base,
      logP: walk.logP + prior.lift + prior.take + countLog(count, change) + density,
      groups: [...walk.groups, group],
      left: walk.left - count,
      leftG: Math.max(0, walk.leftG - rest),
    })
  })
}

/** Own pieces come back: up to three whole groups, or part of one. */
function explainReturn(problem: LaneProblem, walk: Walk, change: Change, constant: number, out: Walk[]): void {
  const { groups } = walk
  const massG = change.stepG
  const choices: number[][] = []
  for (let a = 0; a < groups.length; a += 1) {
    choices.push([a])
    for (let b = a + 1; b < groups.length; b += 1) {
      choices.push([a, b])
      for (let c = b + 1; c < groups.length && groups.length <= 8; c += 1) choices.push([a, b, c])
    }
  }
  if (groups.length > 3) choices.push(groups.map((_, index) => index))
  const whole = choices.length === 0 ? 0 : prior.returned - log(choices.length)
  for (const choice of choices) {
    let sumG = 0
    let variance = change.variance
    let count = 0
    for (const index of choice) {
      const group = groups[index] as TakenGroup
      sumG += group.massG
      variance += group.variance
      count += group.count
    }
    if (Math.abs(massG - sumG) > 8 * Math.sqrt(variance)) continue
    out.push({
      ...walk,
      logP: walk.logP + whole + logStudent(massG, sumG, variance, noiseFreedom, noiseConstant),
      groups: groups.filter((_, index) => !choice.includes(index)),
      left: walk.left + count,
      leftG: walk.leftG + massG,
    })
  }
  groups.forEach((_, index) => returnPart(problem, walk, change, index, constant, out))
}

function returnPart(
  problem: LaneProblem,
  walk: Walk,
  change: Change,
  index: number,
  constant: number,
  out: Walk[],
): void {
  const group = walk.groups[index] as TakenGroup
  const massG = change.stepG
  const base = walk.logP + prior.returned - log(walk.groups.length)
  const split = (count: number, logP: number) => {
    const rest = {
      count: Math.max(1, group.count - count),
      massG: group.massG - massG,
      variance: group.variance + change.variance,
      atMs: group.atMs,
    }
    out.push({
      ...walk,
      logP,
      groups: walk.groups.map((other, i) => (i === index ? rest : other)),
      left: walk.left + count,
      leftG: walk.leftG + massG,
    })
  }
  if (problem.mode === 'weight') {
    const couldBeTwo = group.massG > 1.4 * problem.model.unitMeanG
    if (couldBeTwo && massG < group.massG - 3 * Math.sqrt(group.variance))
      split(1, base + log(0.3) + log(1 / group.massG))
    return
  }
  for (let count = 1; count < group.count; count += 1) {
    const share = count / group.count
    const own = count * (1 - share) * problem.model.unitVariance
    const variance = own + change.variance + share * share * group.variance
    const density = logStudent(massG, share * group.massG, variance, problem.model.freedom, constant)
    split(count, base - log(group.count) + density)
  }
}

function keepLikely(walks: Walk[]): Walk[] {
  let best = -Infinity
  for (const walk of walks) if (walk.logP > best) best = walk.logP
  const likely = walks.filter((walk) => walk.logP > best - reachNats)
  likely.sort((a, b) => b.logP - a.logP)
  return likely.slice(0, maximumWalks)
}

/** Walks that end alike are one hypothesis. */
function mergeAlike(walks: readonly Walk[]): LaneHypothesis[] {
  const merged = new Map<string, LaneHypothesis>()
  for (const walk of walks) {
    const groups = walk.groups.map((group) => `${group.count}@${group.atMs}`).join()
    const puts = walk.puts.map((put) => put.atMs).join()
    const key = `${groups}|${puts}|${walk.isUnexplained}|${walk.hasKnownLeft}`
    const twin = merged.get(key)
    const { logP, isUnexplained, hasKnownLeft } = walk
    if (twin === undefined) {
      merged.set(key, { logP, groups: walk.groups, puts: walk.puts, isUnexplained, hasKnownLeft })
    } else merged.set(key, { ...twin, logP: logAdd(twin.logP, logP) })
  }
  return [...merged.values()].sort((a, b) => b.logP - a.logP)
}
