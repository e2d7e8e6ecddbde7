import type { Hypothesis } from '#shared/contracts/mqtt/event.ts'
import type { SoldLine } from '#shared/contracts/mqtt/lane.ts'
import type { Decision } from '../session/session-state.ts'
import type { Bill, BillHypothesis, BillLine } from '../weighing/bill.ts'
import type { LaneSetup } from '../weighing/session-setup.ts'

export interface DecisionContext {
  setups: readonly LaneSetup[]
  lotIds: ReadonlyMap<string, string>
  /** Probability that the total must have before nobody needs to look. */
  settleConfidence: number
  /** Lanes whose goods may not be charged by weight: nothing is, and a person looks at it. */
  unverifiedLaneIds: ReadonlySet<string>
  steadyAtMs: number
}

/** The decoder's bill in the contract's words. Settles only what is sure enough in money; never turns doubt into zero. */
export function writeDecision(bill: Bill, context: DecisionContext): Decision {
  const line = (billed: BillLine): SoldLine => toSoldLine(billed, context)
  const plateaus = (which: 'opening' | 'closing') => bill.evidence.lanes.flatMap((lane) => lane[which] ?? [])
  const evidence = {
    opening: plateaus('opening'),
    closing: plateaus('closing'),
    steps: bill.evidence.steps.slice(-1_000).map((step) => ({ ...step, atMs: Math.round(step.atMs) })),
    hypotheses: bill.evidence.hypotheses.slice(0, 20).map((hypothesis) => toHypothesis(hypothesis, line)),
  }
  const flags = [...bill.flags]
  const lowestLines = bill.lowestLines.filter(({ laneId }) => !context.unverifiedLaneIds.has(laneId)).map(line)
  if (bill.outcome === 'review') {
    return {
      outcome: 'review',
      reason: bill.reviewReason ?? 'ambiguous',
      detail: (bill.reviewDetail ?? '').slice(0, 500),
      lowestLines,
      flags,
      evidence,
    }
  }
  const unverified = bill.lines.filter(({ laneId }) => context.unverifiedLaneIds.has(laneId))
  if (unverified.length > 0) {
    const detail = `no valid verification certificate to sell ${unverified.map(({ laneId }) => laneId).join(', ')} by weight`
    return { outcome: 'review', reason: 'scale_unverified', detail, lowestLines, flags, evidence }
  }
  const sureness = totalProbability(bill)
  if (sureness < context.settleConfidence) {
    const detail = `the total is ${sureness.toFixed(6)} sure, ${context.settleConfidence} is asked for`
    return { outcome: 'review', reason: 'ambiguous', detail, lowestLines, flags, evidence }
  }
  return {
    outcome: 'settled',
    lines: bill.lines.map(line),
    confidence: bill.confidence,
    flags,
    evidence,
    steadyAtMs: Math.round(context.steadyAtMs),
  }
}

/** How sure the total is: explanations that cost the same are as good as one (weighing.md rule 5). */
function totalProbability(bill: Bill): number {
  const same = bill.evidence.hypotheses
    .filter((hypothesis) => hypothesis.totalFen === bill.totalFen)
    .reduce((sum, hypothesis) => sum + hypothesis.probability, 0)
  return Math.max(bill.confidence, same)
}

function toHypothesis(hypothesis: BillHypothesis, line: (billed: BillLine) => SoldLine): Hypothesis {
  return {
    probability: Math.min(1, Math.max(0, hypothesis.probability)),
    totalFen: hypothesis.totalFen,
    lines: hypothesis.lines.map(line),
  }
}

function toSoldLine(billed: BillLine, { setups, lotIds }: DecisionContext): SoldLine {
  const setup = setups.find((lane) => lane.laneId === billed.laneId)
  const lotId = lotIds.get(billed.laneId)
  return {
    laneId: billed.laneId,
    skuId: billed.skuId,
    ...(lotId === undefined ? {} : { lotId }),
    mode: billed.mode,
    ...(billed.count === undefined ? {} : { count: billed.count }),
    ...(billed.massMg === undefined ? {} : { massMg: billed.massMg }),
    shownPriceFen: setup?.priceFen ?? 0,
  }
}
