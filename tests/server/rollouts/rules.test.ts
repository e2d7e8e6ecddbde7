import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decide,
  judgeCabinet,
  nextState,
  planWaves,
  restorePrices,
  type RolloutMove,
  rolloutMoves,
  type SentCabinet,
  type State,
} from '#server/rollouts/rules.ts'

const equal = { part: 'prices', isEqual: true, differences: [] } as const
const unequal = { part: 'prices', isEqual: false, differences: [] } as const

const cabinet = (change: Partial<SentCabinet> = {}): SentCabinet => ({
  diff: unequal,
  desiredVersion: 5,
  reportedVersion: 4,
  sentAtMs: 1_000,
  wasOnline: true,
  isOnline: true,
  lastSeenAtMs: 2_000,
  ...change,
})

const facts = {
  isReverting: false,
  counts: { waiting: 0, sent: 0, equal: 0, listed: 0 },
  errors: 0,
  forgivenErrors: 0,
  maxErrorBp: 500,
  isLastWave: false,
}

describe('the waves', () => {
  it('are 1, 10, 100 and all the rest', () => {
    expect(planWaves(1_000, [1, 10, 100])).toEqual([1, 10, 100, 889])
    expect(planWaves(8, [1, 10, 100])).toEqual([1, 7])
    expect(planWaves(11, [1, 10, 100])).toEqual([1, 10])
  })

  it('hold every cabinet once, and none is empty', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000 }), fc.array(fc.integer({ min: 1, max: 500 })), (count, sizes) => {
        const waves = planWaves(count, sizes)

        expect(waves.reduce((sum, size) => sum + size, 0)).toBe(count)
        expect(waves.every((size) => size > 0)).toBe(true)
      }),
    )
  })
})

describe('the states of a roll-out', () => {
  it('are all reached, and each that is no end can be left', () => {
    const moves = Object.keys(rolloutMoves) as RolloutMove[]
    const reached = new Set<State>(['running'])
    for (const state of reached) for (const move of moves) reached.add(nextState(state, move) ?? state)
    const ends = [...reached].filter((state) => moves.every((move) => nextState(state, move) === undefined))

    expect(reached.size).toBe(6)
    expect(ends).toEqual(['reverted'])
  })
})

describe('a cabinet that was sent a change', () => {
  const nowMs = 20_000

  it.each([
    ['equal', { diff: equal, reportedVersion: 5 }, { state: 'equal' }],
    ['not yet heard with this version', { diff: equal }, { state: 'sent' }],
    [
      'refused by it',
      { diff: { ...unequal, refusal: 'lane_without_price: L01' } },
      { state: 'listed', reason: 'lane_without_price: L01', isError: true },
    ],
  ] as const)('is %s', (_name, change, verdict) => {
    expect(judgeCabinet(cabinet(change), nowMs, 30_000)).toEqual(verdict)
  })

  it.each([
    ['offline', { wasOnline: false, isOnline: false, lastSeenAtMs: 500 }, false],
    ['offline', { wasOnline: false, isOnline: false, lastSeenAtMs: undefined }, false],
    ['lost', { isOnline: false }, true],
    ['not_taken_over', {}, true],
  ] as const)('is listed as %s after its time', (reason, change, isError) => {
    expect(judgeCabinet(cabinet(change), 31_000, 30_000)).toEqual({ state: 'listed', reason, isError })
  })
})

describe('what to do next', () => {
  it('is to send, wait, go on, and end', () => {
    const at = (counts: object, change: object = {}) =>
      decide({ ...facts, ...change, counts: { ...facts.counts, ...counts } })

    expect(at({ waiting: 3, equal: 1 })).toBe('send')
    expect(at({ sent: 1, equal: 1 })).toBe('wait')
    expect(at({ equal: 2 })).toBe('advance')
    expect(at({ equal: 2 }, { isLastWave: true })).toBe('finish')
    expect(at({ equal: 2 }, { isReverting: true })).toBe('finish')
  })

  it('is to stop when more than the share failed, before anything more is sent', () => {
    const counts = { ...facts.counts, waiting: 9, equal: 19, listed: 1 }

    expect(decide({ ...facts, counts, errors: 1 })).toBe('send')
    expect(decide({ ...facts, counts, errors: 2 })).toMatchObject({ stop: '2 of 20 failed, allowed are 5 %' })
    expect(decide({ ...facts, counts, errors: 2, forgivenErrors: 1 })).toBe('send')
    expect(decide({ ...facts, counts, errors: 20, isReverting: true })).toBe('send')
  })

  it('never waits or ends while a cabinet of the wave has not been sent to', () => {
    const small = fc.integer({ min: 0, max: 20 })
    fc.assert(
      fc.property(small, small, small, small, (waiting, sent, equalCount, listed) => {
        const decision = decide({ ...facts, counts: { waiting, sent, equal: equalCount, listed }, errors: 0 })

        expect(decision === 'send').toBe(waiting > 0)
        expect(decision === 'wait').toBe(waiting === 0 && sent > 0)
      }),
    )
  })
})

describe('prices put back', () => {
  it('are as they were, and those that were not there are gone', () => {
    expect(restorePrices({ a: 2, b: 3, c: 4 }, { a: 1, b: null })).toEqual({ a: 1, c: 4 })
  })
})
