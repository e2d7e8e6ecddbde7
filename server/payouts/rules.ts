// How a payout goes from draft to settled, as a table, and what kinds of income are paid apart (domain.md, payout and
// disclosure). Everything here is pure.
import { payoutStates } from '#shared/contracts/http/payouts.ts'
import type { IncomeKind } from '../attribution/schema.ts'

export const batchStates = payoutStates
export type BatchState = (typeof batchStates)[number]

const beforeExport = ['DRAFT', 'REVIEWED', 'NOTICE_OPEN', 'OBJECTED', 'RESOLVED', 'NOTICE_CLOSED', 'APPROVED'] as const

/** What moves a batch. Each is made by a person, but for `return`, which the last result of the bank makes. */
export const batchMoves = {
  review: { from: ['DRAFT'], to: 'REVIEWED' },
  openNotice: { from: ['REVIEWED'], to: 'NOTICE_OPEN' },
  /** A follow-up holds lines that stood in a notice already; it needs none of its own. */
  inheritNotice: { from: ['REVIEWED'], to: 'NOTICE_CLOSED' },
  object: { from: ['NOTICE_OPEN', 'OBJECTED', 'RESOLVED'], to: 'OBJECTED' },
  /** When the last open objection is answered. */
  resolve: { from: ['OBJECTED'], to: 'RESOLVED' },
  closeNotice: { from: ['NOTICE_OPEN', 'RESOLVED'], to: 'NOTICE_CLOSED' },
  approve: { from: ['NOTICE_CLOSED'], to: 'APPROVED' },
  export: { from: ['APPROVED'], to: 'EXPORTED' },
  return: { from: ['EXPORTED'], to: 'BANK_RETURNED' },
  settle: { from: ['BANK_RETURNED'], to: 'SETTLED' },
  cancel: { from: beforeExport, to: 'CANCELLED' },
} as const satisfies Record<string, { readonly from: readonly BatchState[]; readonly to: BatchState }>
export type BatchMove = keyof typeof batchMoves

/** The state a move leads to; undefined when the batch cannot make it now. */
export function nextBatchState(state: BatchState, move: BatchMove): BatchState | undefined {
  const { from, to } = batchMoves[move]
  return (from as readonly BatchState[]).includes(state) ? to : undefined
}

/** What the bank has made of an attempt, as it is kept; a line is where its newest attempt is. */
export const keptOutcomes = [
  /** Nothing yet. Whether a file holds it is the batch's to say: `exported_seq`. */
  'unanswered',
  /** The bank does not know (SUBMIT_UNKNOWN): it is asked, and nothing is sent again. */
  'unknown',
  'paid',
  /** The bank refused it: the debt stands again, a follow-up batch may try once more. */
  'failed',
  /** Paid, and later sent back: the debt stands again and falls into the next draft. */
  'returned',
  /** Taken out before a file held it: the money is the household's and falls into the next draft. */
  'withdrawn',
] as const
export type KeptOutcome = (typeof keptOutcomes)[number]

/** As people see it: unanswered is pending before a file holds it, and exported with its money in transit from then on. */
export const attemptOutcomes = ['pending', 'exported', 'unknown', 'paid', 'failed', 'returned', 'withdrawn'] as const
export type AttemptOutcome = (typeof attemptOutcomes)[number]

/** The outcome as people see it; attempts.ts says the same in SQL. */
export const outcomeOf = (kept: KeptOutcome, seq: number, exportedSeq: number): AttemptOutcome => {
  if (kept !== 'unanswered') return kept
  return seq <= exportedSeq ? 'exported' : 'pending'
}

/** What a bank says about one line. */
export const bankResults = ['PAID', 'FAILED', 'UNKNOWN', 'RETURNED'] as const
export type BankResult = (typeof bankResults)[number]

/**
 * What a bank's result does to an attempt: the new outcome, 'same' when it is known already, or undefined when it contradicts
 * what the bank said before. A refusal after UNKNOWN is the answer to the query; RETURNED of a line never reported as paid is
 * a refusal, since our books have not let the money go.
 */
export function applyResult(outcome: AttemptOutcome, result: BankResult): AttemptOutcome | 'same' | undefined {
  switch (outcome) {
    case 'exported':
    case 'unknown':
      if (result === 'PAID') return 'paid'
      if (result === 'UNKNOWN') return outcome === 'unknown' ? 'same' : 'unknown'
      return 'failed'
    case 'paid':
      if (result === 'RETURNED') return 'returned'
      return result === 'PAID' ? 'same' : undefined
    case 'failed':
      return result === 'FAILED' || result === 'RETURNED' ? 'same' : undefined
    case 'returned':
      return result === 'RETURNED' || result === 'PAID' ? 'same' : undefined
    case 'pending':
    case 'withdrawn':
      return undefined
  }
}

/** Kinds of income that a payout pays; each in batches of its own, with a purpose the bank shows the household. */
export const payoutKinds = ['OPERATING', 'PROPERTY', 'WAGE', 'TRANSFER'] as const satisfies readonly IncomeKind[]
export type PayoutKind = (typeof payoutKinds)[number]

/** First letter of a batch number, and so of every payout id: it tells which kind an entry of a household paid out. */
export const kindLetters = { OPERATING: 'O', PROPERTY: 'P', WAGE: 'W', TRANSFER: 'T' } as const satisfies Record<
  PayoutKind,
  string
>

/**
 * Causes whose entries on a household's account are of a kind, beside dividends, whose distribution says which kind they are
 * (income-entries.ts). Everything else there is OPERATING.
 */
export const kindCauses = {
  PROPERTY: [],
  WAGE: ['wage-line'],
  TRANSFER: ['grant-line'],
} as const satisfies Record<Exclude<PayoutKind, 'OPERATING'>, readonly string[]>

export const purposes: Readonly<Record<PayoutKind, string>> = {
  OPERATING: '农产品销售收入',
  PROPERTY: '股份分红',
  WAGE: '劳务工资',
  TRANSFER: '补助',
}

/** A public notice lasts at least this long (domain.md). */
export const noticeWorkingDays = 7
/** The bank answers within this long after the release, or the alarm goes off. */
export const returnWorkingDays = 3
/** A new account waits this long after its confirmation before money goes there. */
export const coolingOffMs = 3 * 86_400_000

/** Steps that people sign; the preparer's own signature is made with the draft. */
export const signedSteps = ['review', 'approve', 'release'] as const
export type SignedStep = (typeof signedSteps)[number]

export interface StepRule {
  readonly step: SignedStep
  /** Holds from this total on. */
  readonly fromFen: number
  /** People who must sign, each another person. */
  readonly signatures: number
}

/** Holds where the table has no rule for a step: the preparer submits, one approves, one releases. */
export const shippedStepRules: readonly StepRule[] = [
  { step: 'review', fromFen: 0, signatures: 0 },
  { step: 'approve', fromFen: 0, signatures: 1 },
  { step: 'release', fromFen: 0, signatures: 1 },
]

/** How many people must sign a step for a total: the rule with the highest threshold that the total reaches. */
export function signaturesFor(rules: readonly StepRule[], step: SignedStep, totalFen: number): number {
  const own = rules.filter((rule) => rule.step === step)
  const reached = (own.length > 0 ? own : shippedStepRules.filter((rule) => rule.step === step))
    .filter((rule) => rule.fromFen <= totalFen)
    .toSorted((a, b) => b.fromFen - a.fromFen)
  return reached[0]?.signatures ?? (step === 'review' ? 0 : 1)
}

/** Recipients who are asked before a batch is closed: 2 % of the paid lines, at least 3 and at most 50, or all. */
export function sampleSize(paidLines: number): number {
  return Math.min(paidLines, Math.max(3, Math.min(50, Math.ceil(paidLines / 50))))
}

/** `O-20260301-`: what the numbers of a kind and day begin with. */
export const batchNoPrefix = (kind: PayoutKind, day: string) => `${kindLetters[kind]}-${day.replaceAll('-', '')}-`

/**
 * `O-20260301-002`, and `O-20260301-A1000` behind `O-20260301-999`: a letter for each digit more keeps them sorted as texts. Unique, and short
 * enough for every id made from it (35 characters in ISO 20022).
 */
export function batchNoOf(kind: PayoutKind, day: string, ordinal: number): string {
  const digits = String(ordinal).padStart(3, '0')
  const letter = digits.length > 3 ? String.fromCodePoint('A'.charCodeAt(0) + digits.length - 4) : ''
  return `${batchNoPrefix(kind, day)}${letter}${digits}`
}

/** Which one of its kind and day a number names. */
export const ordinalOf = (batchNo: string): number => Number(/\d+$/.exec(batchNo)?.[0] ?? 0)

/** `O-20260301-002-0000017`: a batch and a place in it. A line is named by the batch that first paid it. */
export function lineIdOf(batchNo: string, seq: number): string {
  return `${batchNo}-${String(seq).padStart(7, '0')}`
}
