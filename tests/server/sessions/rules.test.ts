import { describe, expect, it } from 'vitest'
import {
  endsSession,
  holdingStates,
  isFinal,
  makeReceiptNumber,
  nextState,
  sessionMoves,
  sessionStates,
  type SessionMove,
  type SessionState,
} from '#server/sessions/rules.ts'

const moves = Object.keys(sessionMoves) as SessionMove[]

function reachableFrom(start: SessionState): Set<SessionState> {
  const reached = new Set<SessionState>([start])
  for (const state of reached) {
    for (const move of moves) {
      const next = nextState(state, move)
      if (next !== undefined) reached.add(next)
    }
  }
  return reached
}

describe('the moves of a session', () => {
  it('reach every state from the first one', () => {
    expect([...reachableFrom('authorised')].toSorted()).toEqual([...sessionStates].toSorted())
  })

  it('lead out of every state that is not final, to an end', () => {
    for (const state of sessionStates.filter((candidate) => !isFinal(candidate))) {
      expect([...reachableFrom(state)].some(isFinal)).toBe(true)
    }
  })

  it('never leave a final state, so that a session ends once', () => {
    for (const state of sessionStates.filter(isFinal)) {
      for (const move of moves) expect(nextState(state, move)).toBeUndefined()
    }
  })

  it('keep the money held until the end and not after it', () => {
    expect(sessionStates.filter(isFinal)).toEqual(
      sessionStates.filter((state) => state !== 'cancelled' && !holdingStates.some((held) => held === state)),
    )
  })

  it('let a cabinet that was silent still tell what happened', () => {
    expect(nextState('silent', 'session.settled')).toBe('settled')
    expect(nextState('silent', 'session.not_opened')).toBe('not_opened')
    expect(nextState('silent', 'session.review')).toBe('review')
  })

  it('take a late word of a cabinet that never answered, but open nothing any more', () => {
    expect(nextState('authorised', 'unlock.unanswered')).toBe('cancelled')
    expect(nextState('cancelled', 'session.settled')).toBe('settled')
    expect(nextState('cancelled', 'door.opened')).toBeUndefined()
    expect(nextState('open', 'unlock.unanswered')).toBeUndefined()
    expect(nextState('authorised', 'unlock.refused_unwritten')).toBe('cancelled')
    expect(nextState('open', 'unlock.refused_unwritten')).toBeUndefined()
  })

  it('do not let a refusal end a session whose door was seen open', () => {
    expect(nextState('open', 'unlock.refused')).toBeUndefined()
    expect(nextState('closing', 'session.refused')).toBeUndefined()
  })
})

describe('an answer to an unlock', () => {
  it.each([
    [{ outcome: 'done', isByServer: false }, false],
    [{ outcome: 'refused', reason: 'busy', isByServer: false }, true],
    [{ outcome: 'unsupported', isByServer: false }, true],
    [{ outcome: 'expired', isByServer: false }, true],
    [{ outcome: 'expired', isByServer: true }, false],
    [{ outcome: 'failed', reason: 'lock_fault', isByServer: false }, true],
    [{ outcome: 'failed', reason: 'interrupted', isByServer: false }, false],
    [{ outcome: 'failed', reason: 'outcome_unknown', isByServer: false }, false],
    [{ outcome: 'failed', reason: 'not_opened', isByServer: false }, false],
  ] as const)('%o ends the session: %s', (end, expected) => {
    expect(endsSession(end)).toBe(expected)
  })
})

describe('a receipt number', () => {
  it('names the cabinet and the journal entry', () => {
    expect(makeReceiptNumber('YB-0001', 42, 'any')).toBe('YB-0001-000042')
    expect(makeReceiptNumber('YB-0001', 12_345_678, 'any')).toBe('YB-0001-12345678')
  })

  it('names the session when no entry tells of it', () => {
    expect(makeReceiptNumber('YB-0001', null, '0195-9f3a01bc')).toBe('YB-0001-M9F3A01BC')
  })
})
