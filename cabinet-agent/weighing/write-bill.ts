import type { ReviewReason, Step } from '#shared/contracts/mqtt/event.ts'
import type { Plateau } from '#shared/contracts/mqtt/lane.ts'
import type { SessionAnalysis } from './analyse-session.ts'
import type { Bill, BillLine, LaneEvidence, LaneFlag, LiveCart } from './bill.ts'
import { decideBill, foreignOf, misplacementsOf, swapLanes, type Candidate, type Verdict } from './decide-bill.ts'
import type { LaneTrouble } from './decoder.ts'
import { roundTo } from './deterministic-math.ts'
import type { SessionSetup } from './session-setup.ts'

/** Writes down what was decided and what it rests on. */

export interface BillInput {
  setup: SessionSetup
  analysis: SessionAnalysis
  verdict: Verdict
  troubles: ReadonlyArray<LaneTrouble | undefined>
  doorState: 'open' | 'closed' | 'unknown'
  openings: readonly Plateau[]
  closings: readonly Plateau[]
}

/** A bill below this probability is no plausible explanation. */
const plausibleFrom = 0.005
const maximumHypotheses = 10

export function writeBill(input: BillInput): Bill {
  const { verdict, analysis } = input
  const review = reviewOf(input)
  const { explanation } = verdict.best
  const laneFlags = analysis.lanes.map((_, index) => flagsOfLane(input, index))
  const flags = [...verdict.best.flags]
  const hasDoubtfulStock = laneFlags.some((list) =>
    list.some((flag) => flag === 'unit_weight_contradicted' || flag === 'stock_contradicted'),
  )
  if (hasDoubtfulStock) flags.push('stock_flag')
  return {
    outcome: review === undefined ? 'settled' : 'review',
    lines: verdict.best.lines,
    totalFen: verdict.best.totalFen,
    confidence: verdict.confidence,
    flags,
    ...(review === undefined ? {} : { reviewReason: review.reason, reviewDetail: review.detail }),
    lowestLines: lowestOf(verdict),
    evidence: {
      lanes: analysis.lanes.map(({ lane }, index): LaneEvidence => {
        const opening = input.openings.find((plateau) => plateau.laneId === lane.laneId)
        const closing = input.closings.find((plateau) => plateau.laneId === lane.laneId)
        return {
          laneId: lane.laneId,
          ...(opening === undefined ? {} : { opening }),
          ...(closing === undefined ? {} : { closing }),
          remainingCount: remainingOf(input, index),
          ...whatMoved(input, index),
          flags: laneFlags[index] ?? [],
        }
      }),
      steps: stepsOf(analysis),
      hypotheses: verdict.candidates
        .filter((candidate) => !candidate.isUnexplained && candidate.probability >= 1e-6)
        .slice(0, maximumHypotheses)
        .map(({ probability, totalFen, lines, flags: own }) => ({
          probability: roundTo(probability, 6),
          totalFen,
          lines,
          flags: own,
        })),
      misplacements: misplacementsOf(analysis.lanes, explanation),
      foreign: foreignOf(analysis.lanes, explanation),
    },
  }
}

export function writeLiveCart(
  setup: SessionSetup,
  analysis: SessionAnalysis | undefined,
  moving: readonly boolean[],
): LiveCart {
  const unsettledLaneIds = setup.lanes.filter((_, index) => moving[index] === true).map(({ laneId }) => laneId)
  if (analysis === undefined) return { lines: [], totalFen: 0, unsettledLaneIds, misplacements: [], foreign: [] }
  const { best } = decideBill(analysis, setup.divisionMg)
  return {
    lines: best.lines,
    totalFen: best.totalFen,
    unsettledLaneIds,
    misplacements: misplacementsOf(analysis.lanes, best.explanation),
    foreign: foreignOf(analysis.lanes, best.explanation),
  }
}

function reviewOf(input: BillInput): { reason: ReviewReason; detail: string } | undefined {
  const { verdict, doorState, troubles, setup } = input
  if (doorState !== 'closed') return { reason: 'door_state_unknown', detail: `door: ${doorState}` }
  const troubled = troubles.findIndex((trouble) => trouble !== undefined)
  const trouble = troubles[troubled]
  if (trouble !== undefined) {
    const lanes = setup.lanes.filter((_, index) => troubles[index] !== undefined).map(({ laneId }) => laneId)
    return { reason: trouble.reason, detail: `${trouble.flag}: ${lanes.join(', ')}` }
  }
  if (verdict.reason === 'swap') return { reason: 'swap', detail: 'something lighter lies where goods were' }
  if (verdict.reason === undefined) return undefined
  const detail =
    verdict.reason === 'unexplained' ? 'no explanation fits the weights' : `posterior ${verdict.confidence}`
  return { reason: 'ambiguous', detail }
}

/** The cheapest plausible bill; nothing when "none of these" is plausible. */
function lowestOf(verdict: Verdict): readonly BillLine[] {
  let lowest: Candidate | undefined
  for (const candidate of verdict.candidates) {
    if (candidate.probability < plausibleFrom) continue
    if (candidate.isUnexplained) return []
    if (lowest === undefined || candidate.totalFen < lowest.totalFen) lowest = candidate
  }
  return lowest?.lines ?? []
}

function flagsOfLane({ verdict, analysis, troubles }: BillInput, index: number): LaneFlag[] {
  const { explanation } = verdict.best
  const hypothesis = explanation.lanes[index]
  const models = analysis.lanes[index]?.models
  const flags: LaneFlag[] = []
  const trouble = troubles[index]
  if (trouble !== undefined) flags.push(trouble.flag)
  if (models?.isUnitWeightContradicted === true) flags.push('unit_weight_contradicted')
  if (models?.isStockContradicted === true) flags.push('stock_contradicted')
  if (hypothesis?.isUnexplained === true) flags.push('unexplained')
  if (swapLanes(explanation).includes(index)) flags.push('swap')
  for (const put of hypothesis?.puts ?? []) {
    if (put.isKnown) continue
    const flag = explanation.matches.some((match) => match.put === put) ? 'misplaced' : 'foreign'
    if (!flags.includes(flag)) flags.push(flag)
  }
  return flags
}

function remainingOf({ verdict, analysis }: BillInput, index: number): number {
  const count = analysis.lanes[index]?.models?.models[0]?.count ?? analysis.lanes[index]?.lane.stock.count ?? 0
  const groups = verdict.best.explanation.lanes[index]?.groups ?? []
  return Math.max(0, count - groups.reduce((sum, group) => sum + group.count, 0))
}

function whatMoved(
  { verdict, analysis }: BillInput,
  index: number,
): Pick<LaneEvidence, 'taken' | 'foreignMassesMg' | 'lostSinceCountMg'> {
  const { lanes, matches } = verdict.best.explanation
  const hypothesis = lanes[index]
  const analysed = analysis.lanes[index]
  const opening = analysed?.levels[0]
  const lane = analysed?.lane
  const foreignMg = (lane?.foreignMassesMg ?? []).reduce((sum, massMg) => sum + massMg, 0)
  const openingMg = opening === undefined ? undefined : Math.round(opening.tail.levelG * 1000)
  return {
    taken: (hypothesis?.groups ?? [])
      .filter((group) => matches.every((match) => match.group !== group))
      .map(({ count, massG, variance }) => ({
        count,
        massMg: Math.round(massG * 1000),
        standardErrorMg: Math.round(Math.sqrt(variance) * 1000),
      })),
    foreignMassesMg: (hypothesis?.puts ?? []).map(({ massG }) => Math.round(massG * 1000)),
    lostSinceCountMg: lane === undefined || openingMg === undefined ? 0 : lane.stock.grossMg - (openingMg - foreignMg),
  }
}

function stepsOf(analysis: SessionAnalysis): Step[] {
  const steps: Step[] = []
  for (const { lane, levels } of analysis.lanes) {
    for (let i = 1; i < levels.length; i += 1) {
      const before = levels[i - 1]
      const after = levels[i]
      if (before === undefined || after === undefined) continue
      const massG = after.head.levelG - before.tail.levelG
      const variance = after.head.variance + before.tail.variance
      // The closing level repeats the opening where nothing happened.
      if (massG * massG < 9 * variance) continue
      steps.push({
        laneId: lane.laneId,
        atMs: Math.round((before.toMs + after.fromMs) / 2),
        massMg: Math.round(massG * 1000),
        standardErrorMg: Math.round(Math.sqrt(variance) * 1000),
      })
    }
  }
  return steps.sort((a, b) => a.atMs - b.atMs)
}
