import { logAdd } from './deterministic-math.ts'
import { explainPut, explainReturn } from './explain-return.ts'
import { explainLift, explainTake } from './explain-take.ts'
import {
  arrive,
  changeTo,
  gatherWalks,
  isShaking,
  objectLog,
  passingLog,
  prior,
  settle,
  type Change,
  type LaneHypothesis,
  type LanePlateau,
  type LaneProblem,
  type Walk,
  type Walks,
} from './lane-walk.ts'
import type { NoiseModel } from './noise-model.ts'
import { logBounded, logNoise } from './student-density.ts'

/**
 * Every way to explain one lane's levels from opening to closing, with its probability: pieces taken and returned,
 * objects put down and lifted again, hands that rested, and "none of these". Levels are walked in time order; each
 * change gets every explanation within reach and the unlikely walks are dropped. Source: weighing.md, rule 4.
 */

const maximumWalks = 48

export function enumerateLane(problem: LaneProblem, noise: NoiseModel): LaneHypothesis[] {
  const { plateaus, model, known } = problem
  const opening = plateaus[0]
  if (opening === undefined) return []
  let walks: Walk[] = [
    {
      logP: model.logPrior,
      groups: [],
      puts: known,
      isUnexplained: false,
      hasKnownLeft: false,
      at: 0,
      levelG: opening.tail.levelG,
      levelVariance: opening.tail.variance,
      left: model.count,
      leftG: model.massG,
      latest: undefined,
      latestAtMs: 0,
      miss: { massG: 0, variance: 1, logDensity: 0 },
    },
  ]
  for (let i = 1; i < plateaus.length; i += 1) {
    const next = gatherWalks()
    const isLast = i === plateaus.length - 1
    for (const walk of walks) {
      const passing = walk.logP + passingLog(plateaus[i] as LanePlateau)
      if (!isLast && next.isWithinReach(passing)) next.push({ ...walk, logP: passing })
      explainChange(problem, { ...walk, at: i }, changeTo(plateaus, walk, i, noise), noise, next)
    }
    walks = next.likeliest(maximumWalks)
  }
  return mergeAlike(walks)
}

/** `walk` already stands at the new level; its `levelG` is still the old one. */
function explainChange(problem: LaneProblem, walk: Walk, change: Change, noise: NoiseModel, out: Walks): void {
  const { stepG, variance } = change
  const still = prior.none + logNoise(stepG, 0, variance)
  const restLimitG = isShaking(walk, change) ? noise.burstSdG * 0.7 : noise.residueLimitG
  const restVariance = (restLimitG * restLimitG) / 3
  const residue = (isShaking(walk, change) ? prior.settling : prior.residue) + logBounded(stepG, restLimitG, variance)
  const rest = arrive(walk, change, 0, still > residue ? 0 : restVariance)
  const settled = settle(walk, change, rest)
  out.push({ ...settled, logP: settled.logP + logAdd(still, residue) })
  // What comes can be a foreign object, unless something else went on the way; what goes must have lain there.
  if (stepG < 0 || change.hasDipped) {
    const logP = walk.logP + (change.hasDipped ? prior.dipped : prior.unknown) + objectLog(Math.abs(stepG))
    if (out.isWithinReach(logP)) {
      const { levelG, levelVariance } = arrive(walk, change, stepG, Infinity)
      out.push({ ...walk, levelG, levelVariance, logP, isUnexplained: true })
    }
  }
  if (stepG < 0) {
    explainTake(problem, walk, change, out)
    explainLift(problem, walk, change, out)
  } else {
    explainReturn(problem, walk, change, out)
    explainPut(walk, change, out)
  }
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
