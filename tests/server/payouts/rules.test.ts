// The payout's state machine as a table: everything can be reached, everything not final can be left, nothing skips a step.
import { describe, expect, it } from 'vitest'
import {
  applyResult,
  attemptOutcomes,
  bankResults,
  batchMoves,
  batchNoOf,
  batchStates,
  nextBatchState,
  ordinalOf,
  sampleSize,
  signaturesFor,
} from '#server/payouts/rules.ts'
import type { BatchMove, BatchState } from '#server/payouts/rules.ts'

const moves = Object.keys(batchMoves) as BatchMove[]

/** States that moves lead to from one, without those named. */
function reachable(from: BatchState, without: readonly BatchMove[] = []): Set<BatchState> {
  const seen = new Set<BatchState>([from])
  for (const state of seen)
    for (const move of moves) {
      const next = without.includes(move) ? undefined : nextBatchState(state, move)
      if (next !== undefined) seen.add(next)
    }
  return seen
}

describe('the states of a payout', () => {
  it('can all be reached from a draft', () => {
    expect([...reachable('DRAFT')].toSorted()).toEqual([...batchStates].toSorted())
  })

  it('can all be left but the two ends', () => {
    const stuck = batchStates.filter((state) => moves.every((move) => nextBatchState(state, move) === undefined))

    expect(stuck).toEqual(['SETTLED', 'CANCELLED'])
  })

  it.each(['review', 'approve', 'export', 'return'] as const)('do not reach the end without the move %s', (move) => {
    expect(reachable('DRAFT', [move])).not.toContain('SETTLED')
  })

  it('do not reach approval without a notice, but for a follow-up that inherits one', () => {
    expect(reachable('DRAFT', ['inheritNotice', 'closeNotice'])).not.toContain('APPROVED')
    expect(reachable('DRAFT', ['openNotice', 'inheritNotice'])).not.toContain('APPROVED')
  })

  it('do not go on from an objection unless it is resolved', () => {
    expect([...reachable('OBJECTED', ['resolve'])].toSorted()).toEqual(['CANCELLED', 'OBJECTED'])
  })

  it('cannot be cancelled once files are out', () => {
    for (const state of ['EXPORTED', 'BANK_RETURNED', 'SETTLED'] as const)
      expect(nextBatchState(state, 'cancel')).toBeUndefined()
  })
})

describe('what the bank says of an attempt', () => {
  it('never makes money of nothing: only exported or unknown lines become paid, only paid ones come back', () => {
    const leadingTo = (next: string) =>
      attemptOutcomes.filter((outcome) => bankResults.some((result) => applyResult(outcome, result) === next))

    expect(leadingTo('paid')).toEqual(['exported', 'unknown'])
    expect(leadingTo('failed')).toEqual(['exported', 'unknown'])
    expect(leadingTo('returned')).toEqual(['paid'])
    expect(leadingTo('unknown')).toEqual(['exported'])
  })

  it('contradicts itself when it refuses what it paid, or pays what it refused', () => {
    expect(applyResult('paid', 'FAILED')).toBeUndefined()
    expect(applyResult('failed', 'PAID')).toBeUndefined()
  })

  it('changes nothing the second time', () => {
    expect(applyResult('paid', 'PAID')).toBe('same')
    expect(applyResult('failed', 'FAILED')).toBe('same')
    expect(applyResult('unknown', 'UNKNOWN')).toBe('same')
  })
})

describe('how many people sign', () => {
  const stepRules = [
    { step: 'approve', fromFen: 0, signatures: 1 },
    { step: 'approve', fromFen: 1_000_000, signatures: 2 },
  ] as const

  it('goes by the highest threshold the total reaches', () => {
    expect(signaturesFor(stepRules, 'approve', 999_999)).toBe(1)
    expect(signaturesFor(stepRules, 'approve', 1_000_000)).toBe(2)
  })

  it('is one approver and one releaser where no rule is set', () => {
    expect([signaturesFor([], 'approve', 5), signaturesFor([], 'release', 5), signaturesFor([], 'review', 5)]).toEqual([
      1, 1, 0,
    ])
  })

  it('asks two in a hundred recipients, at least three', () => {
    expect([sampleSize(2), sampleSize(100), sampleSize(517), sampleSize(1_000_000)]).toEqual([2, 3, 11, 50])
  })
})

it('payouts of a day are numbered without an end, in the order of texts', () => {
  const ordinals = [1, 2, 998, 999, 1_000, 1_001, 9_999, 10_000, 99_999, 100_000]
  const numbers = ordinals.map((ordinal) => batchNoOf('OPERATING', '2026-03-01', ordinal))

  expect(numbers.slice(3, 5)).toEqual(['O-20260301-999', 'O-20260301-A1000'])
  expect(numbers.toSorted()).toEqual(numbers)
  expect(numbers.map(ordinalOf)).toEqual(ordinals)
  expect(Math.max(...numbers.map(({ length }) => length))).toBeLessThanOrEqual(20)
})
