import { exp, log, logNormal } from './deterministic-math.ts'
import type { LaneHypothesis, PutObject, TakenGroup } from './lane-walk.ts'

/**
 * Puts the lanes together: one hypothesis of each lane makes an explanation of the session, and an object put down may
 * be a piece taken from another lane before (conservation: nothing is put down that was not taken, unless it is
 * foreign). Probabilities are over all explanations. Source: weighing.md, rule 4.
 */

/** A put object traced to a piece of another lane: `share` of the group's pieces went there. */
export interface Match {
  fromLane: number
  group: TakenGroup
  pieces: number
  toLane: number
  put: PutObject
}

export interface Explanation {
  probability: number
  /** One per lane. */
  lanes: readonly LaneHypothesis[]
  matches: readonly Match[]
}

interface Partial {
  logP: number
  lanes: LaneHypothesis[]
  matches: Match[]
}

/** One hypothesis of each lane so far, newest first. */
interface Chain {
  logP: number
  hypothesis: LaneHypothesis | undefined
  before: Chain | undefined
}

const reachNats = 13
const maximumPartials = 128
const maximumPerLane = 32
/** Odds that an object put down is a piece from another lane, against a foreign one, before weighing [assumed]. */
const misplacedOdds = log(10)
/** The same where goods had left the very lane it lies in: that is also how junk is put in their place. */
const inPlaceOfGoodsOdds = log(1)
/** Each further piece put there in one go [assumed]. */
const oneMoreMisplaced = log(0.02)
/** Minus the density the lane gave to an object of any weight (lane-hypotheses.ts). */
const flatLog = log(1 / 1500)

export function explainSession(
  lanes: ReadonlyArray<readonly LaneHypothesis[]>,
  unitVariances: readonly number[],
  isPiece: readonly boolean[],
): Explanation[] {
  let chains: Chain[] = [{ logP: 0, hypothesis: undefined, before: undefined }]
  for (const hypotheses of lanes) {
    const best = hypotheses[0]?.logP ?? 0
    // Another lane can raise a put's odds by a match, so hypotheses with puts get more reach.
    const likely = hypotheses.filter(({ logP, puts }) => logP > best - reachNats - (puts.length > 0 ? 6 : 0))
    const next: Chain[] = []
    const floor = (chains[0]?.logP ?? 0) - reachNats - 6
    for (const hypothesis of likely.slice(0, maximumPerLane)) {
      for (const before of chains) {
        const logP = before.logP + hypothesis.logP - best
        // Likeliest first, so what follows is less likely still.
        if (logP <= floor) break
        next.push({ logP, hypothesis, before })
      }
    }
    chains = likely.length === 1 ? next : likeliest(next)
  }
  const partials = chains.map((chain): Partial => ({ logP: chain.logP, lanes: unchain(chain), matches: [] }))
  const explained = partials.flatMap((partial) => matchPuts(partial, unitVariances, isPiece))
  return normalise(explained)
}

function likeliest(chains: Chain[]): Chain[] {
  return chains.sort((a, b) => b.logP - a.logP).slice(0, maximumPartials)
}

function unchain(last: Chain): LaneHypothesis[] {
  const lanes: LaneHypothesis[] = []
  for (let chain: Chain | undefined = last; chain?.hypothesis !== undefined; chain = chain.before) {
    lanes.push(chain.hypothesis)
  }
  return lanes.reverse()
}

function normalise(partials: readonly Partial[]): Explanation[] {
  let best = -Infinity
  for (const { logP } of partials) if (logP > best) best = logP
  const likely = partials.filter(({ logP }) => logP > best - reachNats).sort((a, b) => b.logP - a.logP)
  let total = 0
  for (const { logP } of likely) total += exp(logP - best)
  return likely.map(({ logP, lanes, matches }) => ({ probability: exp(logP - best) / total, lanes, matches }))
}

/** Every way to trace the session's puts to groups of other lanes; untraced puts stay foreign. */
function matchPuts(partial: Partial, unitVariances: readonly number[], isPiece: readonly boolean[]): Partial[] {
  let ways: Partial[] = [partial]
  partial.lanes.forEach((hypothesis, toLane) => {
    for (const put of hypothesis.puts) {
      if (put.isKnown) continue
      const next: Partial[] = []
      const isInPlaceOfGoods = hypothesis.groups.some((group) => group.atMs <= put.atMs)
      const priorOdds = isInPlaceOfGoods ? inPlaceOfGoodsOdds : misplacedOdds
      for (const way of ways) {
        next.push(way)
        const choices = choicesFor(way, put, toLane, unitVariances, isPiece)
        for (const { match, logDensity } of choices) {
          const odds = priorOdds - log(choices.length) - flatLog + logDensity
          next.push({ ...way, logP: way.logP + odds, matches: [...way.matches, match] })
        }
      }
      ways = next.slice(0, maximumPartials)
    }
  })
  return ways
}

function choicesFor(
  way: Partial,
  put: PutObject,
  toLane: number,
  unitVariances: readonly number[],
  isPiece: readonly boolean[],
): Array<{ match: Match; logDensity: number }> {
  const choices: Array<{ match: Match; logDensity: number }> = []
  way.lanes.forEach((hypothesis, fromLane) => {
    if (fromLane === toLane) return
    for (const group of hypothesis.groups) {
      if (group.atMs > put.atMs || way.matches.some((match) => match.group === group)) continue
      for (let pieces = 1; pieces <= group.count; pieces += 1) {
        const share = pieces / group.count
        // By weight the count is a guess, so the pieces that went need not share the group's mass evenly.
        const evenness = isPiece[fromLane] === true ? 1 - share : share < 1 ? 1 : 0
        const own = pieces * evenness * (unitVariances[fromLane] ?? 0)
        const variance = own + put.variance + share * share * group.variance
        const meanG = share * group.massG
        if (Math.abs(put.massG - meanG) > 7 * Math.sqrt(variance)) continue
        const match = { fromLane, group, pieces, toLane, put }
        const logDensity = logNormal(put.massG, meanG, variance) + (pieces - 1) * oneMoreMisplaced
        choices.push({ match, logDensity })
      }
    }
  })
  return choices
}
