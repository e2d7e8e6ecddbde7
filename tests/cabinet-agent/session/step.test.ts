import { describe, expect, it } from 'vitest'
import type { SessionInput } from '#cabinet-agent/session/session-input.ts'
import { activeSession, type CabinetState, type SessionState } from '#cabinet-agent/session/session-state.ts'
import { step } from '#cabinet-agent/session/step.ts'
import { isFinalEvent } from '#cabinet-agent/session/end-session.ts'
import {
  commandInput,
  decisions,
  makeFacts,
  makeTestId,
  opening,
  recorded,
  replied,
  restockInput,
  run,
  unlockInput,
} from '#tests/support/session-inputs.ts'
import { testEpochMs } from '#tests/support/test-clock.ts'

const sessionId = makeTestId()
const atMs = testEpochMs + 1_000
const ready: SessionInput = { input: 'opening-ready', sessionId, opening, atMs }
const unlocked = (outcome: 'OPENED' | 'NOT_OPENED' | 'UNKNOWN' | 'EXPIRED' | 'FAULT'): SessionInput => ({
  input: 'unlock-finished',
  sessionId,
  outcome,
  detail: '',
  atMs,
})
const door = (state: 'open' | 'closed' | 'unknown'): SessionInput => ({ input: 'door-changed', door: state, atMs })
const timer = (name: Extract<SessionInput, { input: 'timer-fired' }>['timer'], isLockOpen = false): SessionInput => ({
  input: 'timer-fired',
  sessionId,
  timer: name,
  door: 'closed',
  isLockOpen,
  atMs,
})
const boltLook = { ...timer('no-open', true), atMs }
const decided = (decision: keyof typeof decisions): SessionInput => ({
  input: 'decided',
  sessionId,
  decision: decisions[decision],
  lanes: [],
  atMs,
})
const restarted = (state: 'open' | 'closed' | 'unknown'): SessionInput => ({ input: 'restarted', door: state, atMs })
const unlock = unlockInput({ sessionId })

describe('every way through a session', () => {
  it('sells: plateau before the lock, one answer, one end', () => {
    const { state, effects } = run([unlock, ready, unlocked('OPENED'), door('open'), door('closed'), decided('sold')])

    expect(state.session).toMatchObject({ name: 'settled', sessionId, finalEvent: 'session.settled' })
    expect(recorded(effects)).toEqual(['session.started', 'door.opened', 'door.closed', 'session.settled'])
    expect(replied(effects)).toMatchObject([{ outcome: 'done' }])
    const order = effects.map((effect) => (effect.effect === 'record' ? effect.type : effect.effect))
    expect(order.indexOf('session.started')).toBeLessThan(order.indexOf('unlock'))
  })

  it('does not open on a pass that is revoked while the scales come to rest; after the lock was fired it is too late', () => {
    const passId = makeTestId()
    const pass = { passId, groupId: makeTestId(), buyerId: makeTestId(), code: 'HN1:X', counter: 3, capFen: 5_000 }
    const times = { notBeforeMs: testEpochMs, expiresAtMs: testEpochMs + 3_600_000 }
    const shown: SessionInput = {
      input: 'pass-shown',
      sessionId,
      pass: { ...pass, ...times },
      facts: makeFacts(),
      atMs: testEpochMs,
    }
    const revoked = (which: string): SessionInput => ({ input: 'pass-revoked', passId: which, atMs })

    const before = run([shown, revoked(makeTestId()), revoked(passId), ready])
    const after = run([shown, ready, revoked(passId), unlocked('OPENED')])

    expect(recorded(before.effects)).toEqual(['session.refused'])
    expect(before.effects.some(({ effect }) => effect === 'unlock' || effect === 'use-pass')).toBe(false)
    expect(replied(before.effects)).toMatchObject([{ commandId: passId, outcome: 'refused' }])
    expect(recorded(after.effects)).toEqual(['session.started'])
    expect(replied(after.effects)).toMatchObject([{ outcome: 'done' }])
  })

  it('takes an open door as proof when the board has not answered yet', () => {
    const { effects } = run([unlock, ready, door('open'), unlocked('NOT_OPENED'), door('closed'), decided('sold')])

    expect(replied(effects)).toMatchObject([{ outcome: 'done' }])
    expect(recorded(effects).filter(isFinalEvent)).toEqual(['session.settled'])
  })

  it.each([
    ['out of service', { state: { isInService: false } }, {}, 'out_of_service'],
    ['disk full', {}, { isDiskFull: true }, 'disk_full'],
    ['door open', {}, { door: 'open' }, 'lock_fault'],
    ['lock board silent', {}, { door: 'unknown' }, 'lock_fault'],
    ['scale fault', {}, { faultyLaneIds: ['L01'] }, 'scale_fault'],
    ['goods by weight without a certificate', {}, { unverifiedLaneIds: ['L01'] }, 'scale_unverified'],
    ['every lane on sale locked', {}, { lockedLaneIds: ['L01', 'L02'] }, 'lanes_locked'],
    ['too warm for too long', {}, { isOverTemperature: true }, 'over_temperature'],
    ['other planogram', {}, { planogramVersion: 2 }, 'stale_planogram'],
    ['other prices', {}, { pricesVersion: 5 }, 'stale_prices'],
    ['no planogram', {}, { knownLaneIds: [] }, 'lane_unknown'],
  ] as const)('refuses: %s', (_name, { state }: { state?: Partial<CabinetState> }, facts, reason) => {
    const from: CabinetState = { isInService: true, isDoorForced: false, session: { name: 'idle' }, ...state }

    const { effects } = run([unlockInput({ facts })], from)

    expect(replied(effects)).toMatchObject([{ outcome: 'refused', reason }])
    expect(recorded(effects)).toEqual(['session.refused'])
    expect(effects.some((effect) => effect.effect === 'unlock')).toBe(false)
  })

  it('lets staff in where buyers are refused', () => {
    const restock = restockInput(sessionId)
    const lock = commandInput(
      { kind: 'lock', body: { reason: 'cleaning' }, commandId: makeTestId(), expiresAtMs: testEpochMs + 1 },
      {},
    )

    const { state, effects } = run([lock, restock, ready, door('open'), door('closed'), decided('restocked')])

    expect(state.session).toMatchObject({ name: 'settled', finalEvent: 'restock.completed' })
    expect(recorded(effects)).not.toContain('session.settled')
  })

  it('does not unlock when the command expired while the weights came to rest', () => {
    const { effects } = run([unlock, { ...ready, atMs: testEpochMs + 30_001 }])

    expect(replied(effects)).toMatchObject([{ outcome: 'expired' }])
    expect(effects.some((effect) => effect.effect === 'unlock')).toBe(false)
  })

  it('bills what was taken through a door that nobody saw open', () => {
    const { effects } = run([unlock, ready, unlocked('NOT_OPENED'), decided('sold')])

    expect(replied(effects)).toMatchObject([{ outcome: 'failed', reason: 'not_opened' }])
    expect(recorded(effects).filter(isFinalEvent)).toEqual(['session.settled'])
  })

  it('keeps the session while the bolt is drawn, and ends it when the bolt falls', () => {
    const { state, effects } = run([unlock, ready, unlocked('OPENED'), timer('no-open', true)])
    const ended = run([timer('no-open'), decided('nothing')], state)

    expect(state.session.name).toBe('unlocking')
    expect(recorded(effects)).toEqual(['session.started'])
    expect(recorded(ended.effects)).toEqual(['session.not_opened'])
  })

  it('gives a bolt up that stays drawn: who opens much later is not the buyer', () => {
    const look = (afterMs: number): SessionInput => ({ ...boltLook, atMs: atMs + afterMs })
    const waiting = run([unlock, ready, unlocked('OPENED'), look(21_000), look(21_500), look(180_000)])
    const given = run([look(190_500), decided('nothing'), door('open'), door('closed')], waiting.state)
    const alarmsOf = ({ effects }: typeof given) =>
      effects.flatMap((effect) => ('alarm' in effect ? [`${effect.effect} ${effect.alarm}`] : []))

    expect(waiting.state.session.name).toBe('unlocking')
    expect(alarmsOf(waiting)).toEqual(['raise-alarm lock_left_open'])
    expect(recorded(given.effects)).toEqual(['session.not_opened', 'door.forced', 'door.closed'])
    expect(alarmsOf(given).filter((alarm) => alarm.endsWith('lock_left_open'))).toEqual([
      'raise-alarm lock_left_open',
      'clear-alarm lock_left_open',
    ])
  })

  it('does not end a restock while the bolt is drawn: staff may load behind a door switch that is stuck', () => {
    const late: SessionInput = { ...boltLook, atMs: atMs + 900_000 }
    const { state, effects } = run([restockInput(sessionId), ready, unlocked('OPENED'), late])

    expect(state.session.name).toBe('unlocking')
    expect(recorded(effects)).toEqual(['session.started'])
  })

  it('prompts once and alarms once when the door stays open', () => {
    const { effects } = run([
      unlock,
      ready,
      door('open'),
      timer('door-prompt'),
      timer('door-alarm'),
      timer('door-alarm'),
    ])

    expect(recorded(effects).filter((type) => type === 'door.open_too_long')).toHaveLength(2)
    expect(effects.filter((effect) => effect.effect === 'raise-alarm')).toHaveLength(1)
  })

  it('tells a door that opens with no session, and its end', () => {
    const { effects } = run([door('open'), door('closed')])

    expect(recorded(effects)).toEqual(['door.forced', 'door.closed'])
  })

  it.each([
    ['authorised', [unlock], 'closed', ['session.interrupted'], 'failed'],
    ['unlocking, nothing gone', [unlock, ready], 'closed', ['session.interrupted'], 'failed'],
    ['unlocking, door found open', [unlock, ready], 'open', [], 'done'],
    ['open, door found closed', [unlock, ready, door('open')], 'closed', ['session.settled'], 'done'],
  ] as const)('never fires the lock again after a restart: %s', (_name, before, found, finals, outcome) => {
    const { state, effects } = run(before)
    const after = run([restarted(found), timer('no-open'), decided('nothing')], state)
    const all = [...effects, ...after.effects]

    expect(after.effects.some((effect) => effect.effect === 'unlock')).toBe(false)
    expect(recorded(all).filter(isFinalEvent)).toEqual(finals)
    expect(replied(all)).toMatchObject([{ outcome }])
  })

  it('sells to who opens after a restart while the bolt is drawn, however the restart found the door', () => {
    const { state, effects } = run([unlock, ready])
    const after = run([restarted('closed'), restarted('unknown'), door('open'), door('closed'), decided('sold')], state)

    expect(recorded(after.effects)).toEqual(['door.opened', 'door.closed', 'session.settled'])
    expect(replied([...effects, ...after.effects])).toMatchObject([{ outcome: 'done' }])
  })

  it('tells of a door that stands open after a restart, before it was unlocked', () => {
    const { state } = run([unlock])
    const after = run([restarted('open'), door('closed')], state)

    expect(recorded(after.effects)).toEqual(['session.interrupted', 'door.forced', 'door.closed'])
    expect(after.state).toMatchObject({ isDoorForced: false, session: { name: 'interrupted' } })
  })

  it('asks a person when the door cannot be seen after a restart', () => {
    const { state } = run([unlock, ready, door('open'), door('closed')])
    const after = run([restarted('unknown'), timer('settle')], state)

    expect(after.state.session).toMatchObject({ name: 'review' })
  })
})

/** Everything that can happen, in every variant that matters. */
const alphabet: readonly SessionInput[] = [
  unlock,
  restockInput(sessionId),
  unlockInput({ facts: { isDiskFull: true } }),
  ready,
  { input: 'opening-failed', sessionId, reason: 'scale_fault', detail: '', atMs },
  ...(['OPENED', 'NOT_OPENED', 'UNKNOWN', 'EXPIRED', 'FAULT'] as const).map(unlocked),
  ...(['open', 'closed', 'unknown'] as const).flatMap((state) => [door(state), restarted(state)]),
  ...(['opening', 'no-open', 'door-prompt', 'door-alarm', 'door-unknown', 'settle'] as const).map((name) =>
    timer(name),
  ),
  { input: 'timer-fired', sessionId, timer: 'door-unknown', door: 'unknown', isLockOpen: false, atMs },
  { input: 'misplaced-seen', sessionId, fromLaneId: 'L01', inLaneId: 'L02', skuId: sessionId, atMs },
  decided('sold'),
  decided('nothing'),
  decided('doubt'),
]

/** Walks everything reachable from Idle; states are told apart by all of their data. */
function explore() {
  const start: CabinetState = { isInService: true, isDoorForced: false, session: { name: 'idle' } }
  const found = new Map<string, { state: CabinetState; leadsTo: Set<string> }>()
  const open = [start]
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    const key = JSON.stringify(state)
    if (found.has(key)) continue
    const leadsTo = new Set<string>()
    found.set(key, { state, leadsTo })
    for (const input of alphabet) {
      const next = step(state, input).state
      leadsTo.add(JSON.stringify(next))
      open.push(next)
    }
  }
  return found
}

describe('the machine as a graph', () => {
  const found = explore()
  const nameOf = (state: CabinetState): SessionState['name'] => state.session.name

  it('reaches every state', () => {
    const names = new Set([...found.values()].map(({ state }) => nameOf(state)))

    expect([...names].toSorted()).toEqual(
      [
        'authorised',
        'closing',
        'idle',
        'interrupted',
        'not_opened',
        'open',
        'refused',
        'review',
        'settled',
        'unlocking',
      ].toSorted(),
    )
    expect(found.size).toBeGreaterThan(50)
  })

  it('can end every session from every state it can be in', () => {
    // Backwards from the ends: whatever is not reached that way is a trap.
    const good = new Set(
      [...found].filter(([, { state }]) => activeSession(state.session) === undefined).map(([key]) => key),
    )
    for (let before = -1; before !== good.size;) {
      before = good.size
      for (const [key, { leadsTo }] of found) if ([...leadsTo].some((next) => good.has(next))) good.add(key)
    }

    expect([...found.keys()].filter((key) => !good.has(key))).toEqual([])
  })
})
