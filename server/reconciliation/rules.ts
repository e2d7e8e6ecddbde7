// Two lists of the same money, laid side by side by reference: what a bank's or a channel's statement says, and what the books
// say. Pure; every difference names what may be behind it, for a person to look at.
import type { causeCandidates, differenceKinds, reconciliationChannels } from '#shared/contracts/http/reconciliation.ts'

export type Channel = (typeof reconciliationChannels)[number]
export type DifferenceKind = (typeof differenceKinds)[number]
export type CauseCandidate = (typeof causeCandidates)[number]

/** One movement, money in > 0, money out < 0. */
export interface Movement {
  readonly reference: string
  /** YYYY-MM-DD in the district. */
  readonly day: string
  readonly amountFen: number
}

export interface Difference {
  readonly kind: DifferenceKind
  readonly reference: string
  readonly statementFen: number
  readonly booksFen: number
  readonly causes: readonly CauseCandidate[]
}

export interface DayComparison {
  readonly statementFen: number
  readonly booksFen: number
  /** Σ statement − Σ books. */
  readonly differenceFen: number
  readonly differences: readonly Difference[]
}

const sum = (amounts: readonly number[]) => amounts.reduce((total, fen) => total + fen, 0)

function byReference(movements: readonly Movement[]): Map<string, Movement[]> {
  const found = new Map<string, Movement[]>()
  for (const movement of movements) found.set(movement.reference, [...(found.get(movement.reference) ?? []), movement])
  return found
}

/**
 * Compares one day. A reference belongs to the day its statement names; where the statement has none, to the day of the books:
 * money booked late in the evening that the statement shows a day later is no difference. Both lists hold beside the day the other
 * sides of its movements, whatever day they stand on. Σ of the differences is the day's difference.
 */
export function compareDay(day: string, statement: readonly Movement[], books: readonly Movement[]): DayComparison {
  const stated = byReference(statement)
  const booked = byReference(books)
  const dayOf = (reference: string) => (stated.get(reference) ?? booked.get(reference))?.[0]?.day
  const references = [...new Set([...stated.keys(), ...booked.keys()])].filter((it) => dayOf(it) === day).toSorted()
  const lines = references.map((reference) => ({
    reference,
    statementFen: sum((stated.get(reference) ?? []).map(({ amountFen }) => amountFen)),
    booksFen: sum((booked.get(reference) ?? []).map(({ amountFen }) => amountFen)),
    kind: kindOf(stated.has(reference), booked.has(reference)),
  }))
  const open = lines.filter(({ statementFen, booksFen }) => statementFen !== booksFen)
  const statementFen = sum(lines.map((line) => line.statementFen))
  const booksFen = sum(lines.map((line) => line.booksFen))
  const differences = open.map((line) => ({ ...line, causes: findCauses(line, open) }))
  return { statementFen, booksFen, differenceFen: statementFen - booksFen, differences }
}

function kindOf(isStated: boolean, isBooked: boolean): DifferenceKind {
  if (!isBooked) return 'missing_in_books'
  return isStated ? 'amount_differs' : 'missing_in_statement'
}

type OpenLine = Omit<Difference, 'causes'>

function findCauses(line: OpenLine, open: readonly OpenLine[]): CauseCandidate[] {
  const { kind, statementFen, booksFen } = line
  if (kind === 'missing_in_books') {
    const hasTwin = open.some((other) => other.kind === 'missing_in_statement' && other.booksFen === statementFen)
    return hasTwin ? ['reference_mistyped', 'not_booked_yet'] : ['not_booked_yet']
  }
  if (kind === 'missing_in_statement') {
    const hasTwin = open.some((other) => other.kind === 'missing_in_books' && other.statementFen === booksFen)
    return hasTwin ? ['reference_mistyped', 'statement_not_complete'] : ['statement_not_complete']
  }
  const causes = findSlips(statementFen, booksFen)
  if (statementFen < booksFen && isFee(booksFen - statementFen, booksFen)) causes.push('fee_deducted')
  return causes
}

/** What turns one amount into another by hand. */
function findSlips(oneFen: number, otherFen: number): CauseCandidate[] {
  const causes: CauseCandidate[] = []
  const [small, large] = [Math.abs(oneFen), Math.abs(otherFen)].toSorted((a, b) => a - b) as [number, number]
  if (small > 0 && (large === small * 10 || large === small * 100)) causes.push('decimal_point_lost')
  if ((large - small) % 9 === 0 && hasSameDigits(small, large)) causes.push('digits_swapped')
  return causes
}

/** Banks and providers take less than two in a hundred. */
const isFee = (differenceFen: number, amountFen: number) => amountFen > 0 && differenceFen * 50 <= amountFen

const sortedDigits = (fen: number) =>
  String(fen)
    .split('')
    .toSorted((a, b) => (a < b ? -1 : 1))
    .join('')
const hasSameDigits = (a: number, b: number) => sortedDigits(a) === sortedDigits(b)

/** One attempt to pay, as the three who know of it see it; money out < 0. */
export interface ThreeWays {
  readonly reference: string
  readonly ledgerFen: number
  readonly batchFen: number
  readonly bankFen: number
  readonly isInStatement: boolean
}

export interface ThreeWayDifference extends Difference {
  readonly batchFen: number
}

/** Why the bank may have moved another amount than the batch asks for, both as money out. */
function findMoved(batchFen: number, bankFen: number): CauseCandidate[] {
  if (bankFen === batchFen) return []
  const slips = findSlips(bankFen, batchFen)
  if (bankFen < batchFen)
    return ['bank_took_less', ...slips, ...(isFee(batchFen - bankFen, batchFen) ? (['fee_deducted'] as const) : [])]
  return [
    'bank_took_more',
    ...(bankFen === 2 * batchFen ? (['paid_twice'] as const) : []),
    ...slips,
    ...(isFee(bankFen - batchFen, batchFen) ? (['fee_added'] as const) : []),
  ]
}

/** The attempts of a payout run on which ledger, batch and bank do not agree. */
export function compareThreeWays(lines: readonly ThreeWays[]): ThreeWayDifference[] {
  return lines
    .filter(({ ledgerFen, batchFen, bankFen }) => ledgerFen !== batchFen || batchFen !== bankFen)
    .map(({ reference, ledgerFen, batchFen, bankFen, isInStatement }) => {
      const causes: CauseCandidate[] = []
      if (ledgerFen !== batchFen) causes.push('own_books_disagree')
      if (batchFen === 0 && bankFen < 0) causes.push('return_file_missing')
      if (batchFen < 0 && !isInStatement) causes.push('statement_not_complete', 'bank_did_not_pay')
      if (batchFen < 0 && isInStatement) causes.push(...findMoved(-batchFen, -bankFen))
      const kind = isInStatement ? (batchFen === 0 ? 'missing_in_books' : 'amount_differs') : 'missing_in_statement'
      return { kind, reference, statementFen: bankFen, booksFen: ledgerFen, batchFen, causes }
    })
}
