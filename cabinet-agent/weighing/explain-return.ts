import { log } from './deterministic-math.ts'
import {
  arrive,
  objectLog,
  prior,
  type Change,
  type LaneProblem,
  type TakenGroup,
  type Walk,
  type Walks,
} from './lane-walk.ts'
import { logNoise, logStudent } from './student-density.ts'

/** Explanations of a change upwards: own pieces come back, or an object is put down. */

/** Groups larger than this many are not combined by threes. */
const maximumTriples = 8

/** Every set of groups that may come back together, by index: one, two, three, or all. */
function returnChoices(groups: readonly TakenGroup[]): number[][] {
  const choices: number[][] = []
  for (let a = 0; a < groups.length; a += 1) {
    choices.push([a])
    for (let b = a + 1; b < groups.length; b += 1) {
      choices.push([a, b])
      for (let c = b + 1; c < groups.length && groups.length <= maximumTriples; c += 1) choices.push([a, b, c])
    }
  }
  if (groups.length > 3) choices.push(groups.map((_, index) => index))
  return choices
}

/** The very pieces that went come back, so their mass is known to the scale's noise. */
export function explainReturn(problem: LaneProblem, walk: Walk, change: Change, out: Walks): void {
  const { groups } = walk
  const massG = change.stepG
  const choices = returnChoices(groups)
  const base = walk.logP + prior.returned - log(Math.max(1, choices.length))
  for (const choice of choices) {
    let sumG = 0
    let sumVariance = 0
    let count = 0
    for (const index of choice) {
      const group = groups[index] as TakenGroup
      sumG += group.massG
      sumVariance += group.variance
      count += group.count
    }
    const variance = change.variance + sumVariance
    if (Math.abs(massG - sumG) > 8 * Math.sqrt(variance)) continue
    const logDensity = logNoise(massG, sumG, variance)
    const logP = base + logDensity
    if (!out.isWithinReach(logP)) continue
    const { levelG, levelVariance, stepG } = arrive(walk, change, sumG, sumVariance)
    out.push({
      ...walk,
      levelG,
      levelVariance,
      logP,
      latest: 'returned',
      latestAtMs: change.toMs,
      miss: { massG: massG - sumG, variance, logDensity },
      groups: groups.filter((_, index) => !choice.includes(index)),
      left: walk.left + count,
      leftG: walk.leftG + stepG,
    })
  }
  groups.forEach((_, index) => returnPart(problem, walk, change, index, out))
}

/** Some of a group's pieces come back; which is not known, so their mass is known to the pieces' spread. */
function returnPart(problem: LaneProblem, walk: Walk, change: Change, index: number, out: Walks): void {
  const group = walk.groups[index] as TakenGroup
  const massG = change.stepG
  const base = walk.logP + prior.returned - log(walk.groups.length)
  const split = (count: number, logP: number, meanG: number, ownVariance: number) => {
    const { levelG, levelVariance, stepG, stepVariance } = arrive(walk, change, meanG, ownVariance)
    const rest = {
      count: Math.max(1, group.count - count),
      massG: group.massG - stepG,
      variance: group.variance + stepVariance,
      atMs: group.atMs,
    }
    out.push({
      ...walk,
      levelG,
      levelVariance,
      logP,
      latest: undefined,
      groups: walk.groups.map((other, i) => (i === index ? rest : other)),
      left: walk.left + count,
      leftG: walk.leftG + stepG,
    })
  }
  if (problem.mode === 'weight') {
    const couldBeTwo = group.massG > 1.4 * problem.model.unitMeanG
    const isPart = massG < group.massG - 3 * Math.sqrt(group.variance)
    if (couldBeTwo && isPart) split(1, base + log(0.02) + log(1 / group.massG), massG, Infinity)
    return
  }
  const { model, constant } = problem
  for (let count = 1; count < group.count; count += 1) {
    const share = count / group.count
    const ownVariance = count * (1 - share) * model.unitVariance + share * share * group.variance
    const meanG = share * group.massG
    const density = logStudent(massG, meanG, ownVariance + change.variance, model.freedom, constant)
    split(count, base - log(group.count) + density, meanG, ownVariance)
  }
}

/** Whether the object is a piece of another lane or foreign is decided when the lanes are put together. */
export function explainPut(walk: Walk, change: Change, out: Walks): void {
  const { levelG, levelVariance, stepG, stepVariance } = arrive(walk, change, change.stepG, Infinity)
  const put = { massG: stepG, variance: stepVariance, atMs: change.toMs, isKnown: false }
  const logP = walk.logP + prior.put + objectLog(change.stepG)
  const latest = { latest: 'put' as const, latestAtMs: change.toMs }
  out.push({ ...walk, ...latest, levelG, levelVariance, logP, puts: [...walk.puts, put] })
}
