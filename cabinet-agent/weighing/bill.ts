import type { ReviewReason, Step } from '#shared/contracts/mqtt/event.ts'
import type { LaneId, Plateau, PricingMode } from '#shared/contracts/mqtt/lane.ts'
import type { MassMg } from '#shared/units/mass.ts'
import type { WeighedPieces } from './lot-statistics.ts'

/**
 * What the decoder says: the bill, how sure it is, and what it rests on. Also the preview while the door is open.
 * Source: weighing.md, rules 5 and 9 and the table of situations.
 */

/** One lane's sale: `count` when mode is piece, `massMg` when mode is weight. `amountFen` at the shown price. */
export interface BillLine {
  laneId: LaneId
  skuId: string
  mode: PricingMode
  count?: number
  massMg?: MassMg
  amountFen: number
}

/**
 * misplaced: a taken piece lies in another lane (net 0) · foreign: an object was left · swap: something lighter lies
 * where a piece was · stock_flag: the stock figures need a person's eye.
 */
export type SessionFlag = 'misplaced' | 'foreign' | 'swap' | 'stock_flag'

export type LaneFlag =
  | 'foreign'
  | 'misplaced'
  | 'swap'
  | 'unit_weight_contradicted'
  | 'stock_contradicted'
  | 'unstable'
  | 'missing'
  | 'stuck'
  | 'out_of_range'
  | 'unexplained'

/** A piece of one lane put down in another. */
export interface Misplacement {
  fromLaneId: LaneId
  inLaneId: LaneId
  skuId: string
  massMg: MassMg
}

/** Something that lies in a lane now and did not when the door opened. */
export interface ForeignFinding {
  laneId: LaneId
  massMg: MassMg
}

export interface LaneEvidence {
  laneId: LaneId
  opening?: Plateau
  closing?: Plateau
  /** Pieces the decoder thinks lie in the lane now, own stock only. */
  remainingCount: number
  /** Pieces that left for good, as they were weighed: each entry left in one go. */
  taken: readonly WeighedPieces[]
  /** Objects that lie in the lane now and are not its stock: known ones that stayed, and new ones. */
  foreignMassesMg: readonly MassMg[]
  /** Gross when counted minus the opening level, mg; lost water, drift, or (when flagged) something else. */
  lostSinceCountMg: MassMg
  flags: readonly LaneFlag[]
}

/** One explanation of what the weights say. */
export interface BillHypothesis {
  probability: number
  totalFen: number
  lines: readonly BillLine[]
  flags: readonly SessionFlag[]
}

export interface Evidence {
  lanes: readonly LaneEvidence[]
  steps: readonly Step[]
  /** Best first, at most 10; probabilities over all explanations, unexplained ones included, sum to at most 1. */
  hypotheses: readonly BillHypothesis[]
  misplacements: readonly Misplacement[]
  foreign: readonly ForeignFinding[]
}

export interface Bill {
  outcome: 'settled' | 'review'
  /** Settled: what to charge. Review: the best guess, for the operator; nothing may be charged from it. */
  lines: readonly BillLine[]
  totalFen: number
  /** Probability of `lines`, rounded to 1e-6. */
  confidence: number
  flags: readonly SessionFlag[]
  /** Present when outcome is review. */
  reviewReason?: ReviewReason
  reviewDetail?: string
  /** The cheapest plausible explanation: the most a buyer may be charged after a review. */
  lowestLines: readonly BillLine[]
  evidence: Evidence
}

/** The cart as it looks now; a preview, never a bill. */
export interface LiveCart {
  lines: readonly BillLine[]
  totalFen: number
  /** Lanes whose weight is moving. */
  unsettledLaneIds: readonly LaneId[]
  misplacements: readonly Misplacement[]
  foreign: readonly ForeignFinding[]
}

/** settled: every lane is steady · waiting: some lane is not yet · timed_out: not steady in time, decide anyway. */
export type Settling = 'settled' | 'waiting' | 'timed_out'
