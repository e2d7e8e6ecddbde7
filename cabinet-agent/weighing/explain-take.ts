import { log, logAdd } from './deterministic-math.ts'
import { arrive, countLog, flatLog, prior, type Change, type LaneProblem, type Walk, type Walks } from './lane-walk.ts'
import { logNoise, logStudent } from './student-density.ts'

/** Explanations of a change downwards: own pieces taken, or something put down earlier lifted again. */

/** Mean, own variance and log density of the mass of `count` of the pieces left. */
function weighPieces(
  problem: LaneProblem,
  walk: Walk,
  count: number,
  massG: number,
  variance: number,
): { meanG: number; ownVariance: number; logDensity: number } {
  const { model, constant } = problem
  const share = count / walk.left
  const ownVariance = count * (1 - share) * model.unitVariance + share * share * model.zeroVariance
  const meanG = share * walk.leftG
  // Few degrees of freedom where the pieces' own spread decides, many where the scale's noise does.
  const logDensity =
    ownVariance < variance
      ? logNoise(massG, meanG, ownVariance + variance)
      : logStudent(massG, meanG, ownVariance + variance, model.freedom, constant)
  return { meanG, ownVariance, logDensity }
}

export function explainTake(problem: LaneProblem, walk: Walk, change: Change, out: Walks): void {
  if (problem.mode === 'weight') takeByWeight(problem, walk, change, out)
  else if (walk.left >= 1) takePieces(problem, walk, change, out)
}

function takePieces(problem: LaneProblem, walk: Walk, change: Change, out: Walks): void {
  const { model } = problem
  const massG = -change.stepG
  const unitG = walk.leftG > 0 ? walk.leftG / walk.left : model.unitMeanG
  const reach = 6 * Math.sqrt(change.variance + model.unitVariance * Math.max(1, massG / unitG))
  const low = Math.max(1, Math.floor((massG - reach) / unitG))
  const high = Math.min(walk.left, sellable(problem, walk), Math.ceil((massG + reach) / unitG))
  for (let count = low; count <= high; count += 1) {
    const { meanG, ownVariance, logDensity } = weighPieces(problem, walk, count, massG, change.variance)
    const logP = walk.logP + prior.take + countLog(count, change) + logDensity
    if (!out.isWithinReach(logP)) continue
    const { levelG, levelVariance, stepG, stepVariance } = arrive(walk, change, -meanG, ownVariance)
    out.push({
      ...walk,
      levelG,
      levelVariance,
      logP,
      latest: 'group',
      latestAtMs: change.toMs,
      groups: [...walk.groups, { count, massG: -stepG, variance: stepVariance, atMs: change.fromMs }],
      left: walk.left - count,
      leftG: Math.max(0, walk.leftG + stepG),
    })
  }
}

/** Pieces that may still go: never more than the stock figures say, whichever way they are read. */
function sellable({ model }: LaneProblem, { groups }: Walk): number {
  return model.sellable - groups.reduce((sum, group) => sum + group.count, 0)
}

/** By weight any mass can be goods, but hardly one far below a piece; the count is only a guess. */
function takeByWeight(problem: LaneProblem, walk: Walk, change: Change, out: Walks): void {
  const { model, constant } = problem
  const massG = -change.stepG
  if (massG > walk.leftG + 4 * Math.sqrt(change.variance + model.zeroVariance)) return
  const count = Math.max(1, Math.round(massG / model.unitMeanG))
  let density = flatLog + log(0.01)
  for (let k = Math.max(1, count - 1); k <= count + 1; k += 1) {
    const spread = k * model.unitVariance + change.variance
    density = logAdd(
      density,
      countLog(k, change) + logStudent(massG, k * model.unitMeanG, spread, model.freedom, constant),
    )
  }
  const small = 4 * log(Math.min(1, massG / (0.35 * model.unitMeanG)))
  const { levelG, levelVariance, stepG, stepVariance } = arrive(walk, change, change.stepG, Infinity)
  out.push({
    ...walk,
    levelG,
    levelVariance,
    logP: walk.logP + prior.take + density + small,
    latest: 'group',
    latestAtMs: change.toMs,
    groups: [...walk.groups, { count, massG: -stepG, variance: stepVariance, atMs: change.fromMs }],
    left: Math.max(0, walk.left - count),
    leftG: Math.max(0, walk.leftG + stepG),
  })
}

/** Something put down earlier goes again, alone or together with own pieces. */
export function explainLift(problem: LaneProblem, walk: Walk, change: Change, out: Walks): void {
  const massG = -change.stepG
  walk.puts.forEach((put, index) => {
    const puts = walk.puts.filter((_, other) => other !== index)
    const variance = change.variance + put.variance
    const base = { ...walk, latest: undefined, puts, hasKnownLeft: walk.hasKnownLeft || put.isKnown }
    const alone = arrive(walk, change, -put.massG, put.variance)
    out.push({
      ...base,
      levelG: alone.levelG,
      levelVariance: alone.levelVariance,
      logP: walk.logP + prior.lift + logNoise(massG, put.massG, variance),
    })
    if (problem.mode === 'weight' || walk.left < 1) return
    const restG = massG - put.massG
    const count = Math.round(restG / problem.model.unitMeanG)
    if (count < 1 || count > Math.min(walk.left, sellable(problem, walk))) return
    const { meanG, ownVariance, logDensity } = weighPieces(problem, walk, count, restG, variance)
    const { levelG, levelVariance } = arrive(walk, change, -put.massG - meanG, put.variance + ownVariance)
    out.push({
      ...base,
      levelG,
      levelVariance,
      logP: walk.logP + prior.lift + prior.take + countLog(count, change) + logDensity,
      latest: 'group',
      latestAtMs: change.toMs,
      groups: [...walk.groups, { count, massG: restG, variance, atMs: change.fromMs }],
      left: walk.left - count,
      leftG: Math.max(0, walk.leftG - restG),
    })
  })
}
