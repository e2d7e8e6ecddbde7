import type { BillHypothesis, BillLine, ForeignFinding, Misplacement, SessionFlag } from './bill.ts'
import type { LaneAnalysis, SessionAnalysis } from './analyse-session.ts'
import { roundTo } from './deterministic-math.ts'
import type { Explanation, Match } from './explain-session.ts'
import type { LanePlateau, TakenGroup } from './lane-walk.ts'
import { pieceLine, weightLine } from './price-goods.ts'

/**
 * From explanations to a verdict: alike bills are added up, then the best is settled when it is sure enough and
 * settling costs less than a review. Source: weighing.md, rule 5 and the table of situations.
 */

export interface Verdict {
  isSettled: boolean
  reason: 'ambiguous' | 'swap' | 'unexplained' | undefined
  confidence: number
  best: Candidate
  candidates: readonly Candidate[]
}

/** A bill some explanations agree on; `explanation` is the likeliest of them. */
export interface Candidate extends BillHypothesis {
  explanation: Explanation
  hasSwap: boolean
  isUnexplained: boolean
  /** A line by weight rests on a level that was not still: its mass is a guess. */
  isVague: boolean
}

/** Posterior a bill must have to be settled; a little less when next to no money hangs on the rest. */
const settleAt = 0.995
const settleCheapAt = 0.985
/** A piece that went to another lane costs nothing: then a foreign object of its weight must be out of the question. */
const foreignDoubtLimit = 0.002
/** And more so when nothing else is charged. */
const foreignDoubtLimitAtZero = 0.0012
/** sd of a mass sold by weight beyond which the line is a guess, g and as a part of the mass. */
const vagueSdG = 8
const vaguePart = 0.008
const cheapLossFen = 30
/** Over-charging by a fen weighs as much as this many fen under-charged. */
const overChargeWeight = 20
/** What a review costs, fen: a person's minute and the buyer's waiting [assumed]. */
const reviewCostFen = 400
/** Two masses of one lane are the same line within this, g. */
const sameMassG = 12

export function decideBill(analysis: SessionAnalysis, divisionMg: number): Verdict {
  const candidates = collect(analysis, divisionMg)
  const best = candidates[0]
  if (best === undefined) throw new Error('a session has at least one explanation')
  const confidence = roundTo(best.probability, 6)
  const swapPart = candidates.reduce((sum, candidate) => sum + (candidate.hasSwap ? candidate.probability : 0), 0)
  let reason: Verdict['reason']
  if (best.isUnexplained) reason = 'unexplained'
  else if (roundTo(swapPart, 6) > 0.05) reason = 'swap'
  else {
    const isCheap =
      best.totalFen > 0 && best.explanation.matches.length === 0 && moneyInDoubt(best, candidates) <= cheapLossFen
    const needed = isCheap ? settleCheapAt : settleAt
    const isUnsure = confidence < needed || lossOfSettling(best, candidates) > reviewCostFen
    if (isUnsure || isMatchDoubtful(best, candidates) || best.isVague || isNothingForSomething(best)) {
      reason = 'ambiguous'
    }
  }
  return { isSettled: reason === undefined, reason, confidence, best, candidates }
}

/** What lies in another lane may be no piece of ours but a thing of its weight. */
function isMatchDoubtful(best: Candidate, candidates: readonly Candidate[]): boolean {
  if (best.explanation.matches.length === 0) return false
  const doubt = candidates.reduce(
    (sum, { flags, probability }) => sum + (flags.includes('foreign') ? probability : 0),
    0,
  )
  return roundTo(doubt, 6) > (best.totalFen === 0 ? foreignDoubtLimitAtZero : foreignDoubtLimit)
}

/** Who takes nothing leaves nothing: an object that may hide a piece taken from under it is for a person to look at. */
function isNothingForSomething({ totalFen, flags }: Candidate): boolean {
  return totalFen === 0 && flags.includes('foreign')
}

function lossOfSettling(best: Candidate, candidates: readonly Candidate[]): number {
  let loss = 0
  for (const other of candidates) {
    const overFen = best.totalFen - other.totalFen
    loss += other.probability * (overFen > 0 ? overFen * overChargeWeight : -overFen)
  }
  return roundTo(loss, 3)
}

/** As the loss of settling, but either way of being wrong weighs as over-charging. */
function moneyInDoubt(best: Candidate, candidates: readonly Candidate[]): number {
  let doubtFen = 0
  for (const other of candidates) {
    doubtFen += other.probability * Math.abs(best.totalFen - other.totalFen) * overChargeWeight
  }
  return roundTo(doubtFen, 3)
}

function collect(analysis: SessionAnalysis, divisionMg: number): Candidate[] {
  const candidates: Candidate[] = []
  for (const explanation of analysis.explanations) {
    const { lines, isVague } = linesOf(analysis.lanes, explanation, divisionMg)
    const isUnexplained = explanation.lanes.some((lane) => lane.isUnexplained)
    const hasSwap = swapLanes(explanation).length > 0
    const twin = candidates.find(
      (candidate) =>
        candidate.isUnexplained === isUnexplained &&
        candidate.hasSwap === hasSwap &&
        isSameBill(candidate.lines, lines),
    )
    if (twin === undefined) {
      const totalFen = lines.reduce((sum, line) => sum + line.amountFen, 0)
      const { probability } = explanation
      candidates.push({
        probability,
        totalFen,
        lines,
        flags: flagsOf(explanation),
        explanation,
        hasSwap,
        isUnexplained,
        isVague,
      })
    } else twin.probability += explanation.probability
  }
  return candidates.sort((a, b) => b.probability - a.probability)
}

/** The same goods at the same prices, whichever lanes they came from. */
function isSameBill(a: readonly BillLine[], b: readonly BillLine[]): boolean {
  if (a.length === b.length && a.every((line, index) => isSameLine(line, b[index]))) return true
  const sums = new Map<string, { count: number; massMg: number; amountFen: number }>()
  const add = (line: BillLine, sign: number) => {
    const sum = sums.get(line.skuId) ?? { count: 0, massMg: 0, amountFen: 0 }
    sum.count += sign * (line.count ?? 0)
    sum.massMg += sign * (line.massMg ?? 0)
    if (line.mode === 'piece') sum.amountFen += sign * line.amountFen
    sums.set(line.skuId, sum)
  }
  for (const line of a) add(line, 1)
  for (const line of b) add(line, -1)
  return [...sums.values()].every(
    ({ count, massMg, amountFen }) => count === 0 && amountFen === 0 && Math.abs(massMg) <= sameMassG * 1000,
  )
}

function isSameLine(line: BillLine, other: BillLine | undefined): boolean {
  if (other === undefined || other.laneId !== line.laneId || other.count !== line.count) return false
  return Math.abs((line.massMg ?? 0) - (other.massMg ?? 0)) <= sameMassG * 1000
}

function linesOf(
  lanes: readonly LaneAnalysis[],
  explanation: Explanation,
  divisionMg: number,
): { lines: BillLine[]; isVague: boolean } {
  const lines: BillLine[] = []
  let isVague = false
  lanes.forEach(({ lane, levels }, index) => {
    const hypothesis = explanation.lanes[index]
    if (hypothesis === undefined || hypothesis.groups.length === 0) return
    const gone = explanation.matches.filter((match) => match.fromLane === index)
    if (lane.mode === 'piece') {
      let count = hypothesis.groups.reduce((sum, group) => sum + group.count, 0)
      for (const match of gone) count -= match.pieces
      if (count > 0) lines.push(pieceLine(lane, count))
      return
    }
    const kept = hypothesis.groups.flatMap((group) => restOf(group, gone))
    if (kept.length === 0) return
    // Alone with its own goods the lane is billed from opening to closing; otherwise from the steps that were goods.
    const isPure = gone.length === 0 && hypothesis.puts.length === 0 && !hypothesis.hasKnownLeft
    const opening = levels[0]
    const closing = levels.at(-1)
    const steps = kept.reduce((sum, group) => sum + group.massG, 0)
    const massG =
      isPure && opening !== undefined && closing !== undefined ? opening.tail.levelG - closing.tail.levelG : steps
    const variance = isPure ? varianceOf(levels) : kept.reduce((sum, group) => sum + group.variance, 0)
    const sdG = Math.sqrt(variance)
    if (sdG > Math.max(vagueSdG, vaguePart * massG)) isVague = true
    const line = weightLine(lane, massG, sdG, divisionMg)
    if ((line.massMg ?? 0) > 0) lines.push(line)
  })
  return { lines, isVague }
}

/** What of a group was bought by weight: all of it, or what did not go to another lane. */
function restOf(group: TakenGroup, gone: readonly Match[]): Array<Pick<TakenGroup, 'massG' | 'variance'>> {
  const match = gone.find((candidate) => candidate.group === group)
  if (match === undefined) return [group]
  if (match.pieces === group.count) return []
  return [{ massG: group.massG - match.put.massG, variance: group.variance + match.put.variance }]
}

/** Of the difference between the first and the last level, drift between them included, g². */
function varianceOf(levels: readonly LanePlateau[]): number {
  const opening = levels[0]
  const closing = levels.at(-1)
  return opening === undefined || closing === undefined ? 0 : opening.tail.variance + closing.tail.variance
}

/** Lanes where something lighter now lies where goods were: −x, then +y that is no known piece. */
export function swapLanes(explanation: Explanation): number[] {
  const found: number[] = []
  explanation.lanes.forEach((hypothesis, index) => {
    const takenG = hypothesis.groups.reduce((sum, group) => sum + group.massG, 0)
    const hasSwap = hypothesis.puts.some(
      (put) =>
        !put.isKnown &&
        put.massG < takenG * 1.1 &&
        hypothesis.groups.some((group) => group.atMs <= put.atMs) &&
        explanation.matches.every((match) => match.put !== put),
    )
    if (hasSwap) found.push(index)
  })
  return found
}

export function foreignOf(lanes: readonly LaneAnalysis[], explanation: Explanation): ForeignFinding[] {
  return lanes.flatMap(({ lane }, index) =>
    (explanation.lanes[index]?.puts ?? [])
      .filter((put) => !put.isKnown && explanation.matches.every((match) => match.put !== put))
      .map((put) => ({ laneId: lane.laneId, massMg: Math.round(put.massG * 1000) })),
  )
}

export function misplacementsOf(lanes: readonly LaneAnalysis[], explanation: Explanation): Misplacement[] {
  return explanation.matches.flatMap((match) => {
    const from = lanes[match.fromLane]?.lane
    const into = lanes[match.toLane]?.lane
    if (from === undefined || into === undefined) return []
    const massMg = Math.round(match.put.massG * 1000)
    return [{ fromLaneId: from.laneId, inLaneId: into.laneId, skuId: from.skuId, massMg }]
  })
}

function flagsOf(explanation: Explanation): SessionFlag[] {
  const flags: SessionFlag[] = []
  if (explanation.matches.length > 0) flags.push('misplaced')
  const hasForeign = explanation.lanes.some((hypothesis) =>
    hypothesis.puts.some((put) => !put.isKnown && explanation.matches.every((match) => match.put !== put)),
  )
  if (swapLanes(explanation).length > 0) flags.push('swap')
  else if (hasForeign) flags.push('foreign')
  return flags
}
