import type { Plateau } from '#shared/contracts/mqtt/lane.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { record, reply, type Drying, type Effect, type SessionInput } from './session-input.ts'
import type { Authorised, CabinetState, Closing, Decision, Open, Unlocking, Unseen } from './session-state.ts'
import { endSession } from './end-session.ts'
import { forceDoor, type Stepped } from './force-door.ts'

/** How the states of a session under way answer their inputs, one function a state. */

type Input = Exclude<SessionInput, { input: 'command' | 'pass-shown' | 'restarted' }>
type UnlockFinished = Extract<SessionInput, { input: 'unlock-finished' }>
type TimerFired = Extract<SessionInput, { input: 'timer-fired' }>

/** A bolt that is still drawn is looked at again after this long, ms. */
const boltRecheckMs = 500

const stay = (state: CabinetState): Stepped => ({ state, effects: [] })

/** Waiting for the opening plateau: nothing has moved yet, so every way out but one is a refusal. */
export function stepAuthorised(state: CabinetState, session: Authorised, input: Input): Stepped {
  const { core } = session
  const { atMs } = input
  switch (input.input) {
    case 'opening-ready':
      if (atMs > core.expiresAtMs) return refuse(state, session, atMs, 'expired', 'expired')
      return startUnlocking(state, session, input.opening, atMs)
    case 'opening-failed':
      return refuse(state, session, atMs, 'refused', input.reason, input.detail)
    case 'pass-revoked':
      if (core.pass?.passId !== input.passId) return stay(state)
      return refuse(state, session, atMs, 'refused', 'expired', 'the pass was revoked, or used elsewhere, meanwhile')
    case 'timer-fired':
      if (input.timer !== 'opening') return stay(state)
      return refuse(state, session, atMs, 'refused', 'opening_unstable', 'the weights did not come to rest')
    case 'door-changed': {
      if (input.door !== 'open') return stay(state)
      const refused = refuse(state, session, atMs, 'refused', 'lock_fault', 'the door opened before it was unlocked')
      const forced = forceDoor(refused.state, 'the door opened before it was unlocked')
      return { state: forced.state, effects: [...refused.effects, ...forced.effects] }
    }
    default:
      return stay(state)
  }
}

/** The one place an `unlock` effect is made. The state that holds the opening plateau is stored before it is acted on. */
function startUnlocking(
  state: CabinetState,
  session: Authorised,
  opening: readonly Plateau[],
  startedAtMs: number,
): Stepped {
  const { core } = session
  const { sessionId, kind, commandId, versions, timeouts, expiresAtMs, pass } = core
  const passCode = pass === undefined ? {} : { passCode: pass.code }
  return {
    state: {
      ...state,
      session: { name: 'unlocking', core, opening, startedAtMs, isAnswered: false, isResumed: false },
    },
    effects: [
      record('session.started', { sessionId, kind, commandId, versions, opening: [...opening], ...passCode }),
      ...(pass === undefined ? [] : [{ effect: 'use-pass', pass } as const]),
      { effect: 'cancel-timers', sessionId },
      { effect: 'set-timer', sessionId, timer: 'no-open', delayMs: timeouts.noOpenMs },
      { effect: 'unlock', sessionId, expiresAtMs },
    ],
  }
}

function refuse(
  state: CabinetState,
  session: Authorised,
  atMs: number,
  outcome: 'refused' | 'expired',
  reason: NonNullable<Parameters<typeof reply>[3]>,
  detail?: string,
): Stepped {
  const { sessionId, commandId } = session.core
  return endSession(state, session, atMs, 'refused', [
    record('session.refused', { sessionId, commandId, reason }),
    reply(commandId, atMs, outcome, reason, detail),
  ])
}

export function stepUnlocking(state: CabinetState, session: Unlocking, input: Input): Stepped {
  switch (input.input) {
    case 'unlock-finished':
      return finishUnlock(state, session, input)
    case 'door-changed':
      return input.door === 'open' ? enterOpen(state, session, input.atMs) : stay(state)
    case 'timer-fired':
      return input.timer === 'no-open' ? nobodyOpened(state, session, input) : stay(state)
    default:
      return stay(state)
  }
}

function finishUnlock(state: CabinetState, session: Unlocking, input: UnlockFinished): Stepped {
  const { core } = session
  const { outcome, detail, atMs } = input
  if (outcome === 'OPENED' || outcome === 'UNKNOWN') {
    const answer =
      outcome === 'OPENED'
        ? reply(core.commandId, atMs, 'done')
        : reply(core.commandId, atMs, 'failed', 'outcome_unknown', detail)
    return {
      state: { ...state, session: { ...session, lockOutcome: outcome, isAnswered: true } },
      effects: session.isAnswered ? [] : [answer],
    }
  }
  if (outcome === 'NOT_OPENED') {
    const answer = reply(core.commandId, atMs, 'failed', 'not_opened', detail)
    return verifyUnseen(state, session, atMs, { outcome, detail }, session.isAnswered ? [] : [answer])
  }
  const answer =
    outcome === 'EXPIRED'
      ? reply(core.commandId, atMs, 'expired', 'expired')
      : reply(core.commandId, atMs, 'failed', 'lock_fault', detail)
  return endSession(state, session, atMs, 'not_opened', [
    record('session.not_opened', { sessionId: core.sessionId, outcome, detail: detail.slice(0, 300) }),
    ...(session.isAnswered ? [] : [answer]),
  ])
}

const restartedDetail = 'restarted while unlocking'

/**
 * The no-open timeout. A bolt still drawn keeps the session: who opens now is the buyer, not a thief. But not for ever: whoever finds the
 * door unlocked much later is somebody else, and the buyer must not pay for them. A restock goes on: behind a switch that says closed
 * for ever staff may be loading.
 */
function nobodyOpened(state: CabinetState, session: Unlocking, input: TimerFired): Stepped {
  const { core, lockOutcome, isResumed } = session
  const { commandId, timeouts } = core
  const { atMs, door, isLockOpen } = input
  if (door === 'open') return enterOpen(state, session, atMs)
  const waitedMs = atMs - session.startedAtMs
  const isGivenUp = core.kind === 'sale' && waitedMs > timeouts.noOpenMs + timeouts.doorAlarmMs
  if (isLockOpen && !isGivenUp) return waitForBolt(state, session, waitedMs)
  const answers = session.isAnswered
    ? []
    : isResumed
      ? [reply(commandId, atMs, 'failed', 'interrupted', restartedDetail)]
      : [reply(commandId, atMs, 'failed', 'outcome_unknown', 'no answer from the lock')]
  if (door === 'unknown') {
    const reviewed = reviewUnknownDoor(state, session, atMs)
    return { state: reviewed.state, effects: [...reviewed.effects, ...answers] }
  }
  const outcome = isResumed ? 'RESTARTED' : lockOutcome === 'OPENED' ? 'NO_OPEN_TIMEOUT' : 'UNKNOWN'
  const waited = isLockOpen ? `${boltDetail} for ${waitedMs} ms` : `the door stayed closed for ${timeouts.noOpenMs} ms`
  return verifyUnseen(state, session, atMs, { outcome, detail: isResumed ? restartedDetail : waited }, [
    isLockOpen ? boltAlarm : { effect: 'clear-alarm', alarm: 'lock_left_open' },
    ...answers,
  ])
}

const boltDetail = 'the bolt is drawn and nobody opened the door'
const boltAlarm: Effect = { effect: 'raise-alarm', alarm: 'lock_left_open', detail: boltDetail }

/** Looked at often, told once: each look would be a write. */
function waitForBolt(state: CabinetState, session: Unlocking, waitedMs: number): Stepped {
  const { sessionId, timeouts } = session.core
  const again: Effect = { effect: 'set-timer', sessionId, timer: 'no-open', delayMs: boltRecheckMs }
  if (session.isBoltTold === true || waitedMs <= 2 * timeouts.noOpenMs) return { state, effects: [again] }
  return { state: { ...state, session: { ...session, isBoltTold: true } }, effects: [boltAlarm, again] }
}

/** A door may have been opened and closed between two looks: before a session ends as never opened, it is weighed. */
function verifyUnseen(
  state: CabinetState,
  session: Unlocking,
  atMs: number,
  unseen: Unseen,
  before: readonly Effect[],
): Stepped {
  const { core, opening, isResumed } = session
  const closing: Closing = {
    name: 'closing',
    core,
    opening,
    openedAtMs: atMs,
    misplaced: [],
    isDoorUnknown: false,
    isOverdue: false,
    isResumed,
    unseen,
  }
  const watched = doorFoundClosed(state, closing)
  return { state: watched.state, effects: [...before, ...watched.effects] }
}

/** Door open: from Unlocking for the first time, from Closing again. */
export function enterOpen(state: CabinetState, session: Unlocking | Closing, atMs: number): Stepped {
  const { core, opening, isResumed } = session
  const { sessionId, timeouts } = core
  const open: Open = {
    name: 'open',
    core,
    opening,
    openedAtMs: session.name === 'closing' ? session.openedAtMs : atMs,
    warning: 'none',
    misplaced: session.name === 'closing' ? session.misplaced : [],
    isDoorUnknown: false,
    isResumed,
  }
  const isUnanswered = session.name === 'unlocking' && !session.isAnswered
  return {
    state: { ...state, session: open },
    effects: [
      record('door.opened', { sessionId }),
      // The open door proves that the lock opened, whatever the board will say.
      ...(isUnanswered ? [reply(core.commandId, atMs, 'done')] : []),
      { effect: 'clear-alarm', alarm: 'lock_left_open' },
      { effect: 'cancel-timers', sessionId },
      ...doorTimers(open, atMs),
      { effect: 'watch-open', session: open },
    ],
  }

  function doorTimers(session: Open, nowMs: number): Effect[] {
    const openForMs = nowMs - session.openedAtMs
    return [
      { effect: 'set-timer', sessionId, timer: 'door-prompt', delayMs: Math.max(0, timeouts.doorPromptMs - openForMs) },
      { effect: 'set-timer', sessionId, timer: 'door-alarm', delayMs: Math.max(0, timeouts.doorAlarmMs - openForMs) },
    ]
  }
}

export function stepOpen(state: CabinetState, session: Open, input: Input): Stepped {
  const { core } = session
  const { sessionId, timeouts } = core
  switch (input.input) {
    case 'door-changed':
      if (input.door === 'closed') return enterClosing(state, session)
      if (input.door === 'open')
        return { state: { ...state, session: { ...session, isDoorUnknown: false } }, effects: [] }
      if (session.isDoorUnknown) return stay(state)
      return {
        state: { ...state, session: { ...session, isDoorUnknown: true } },
        effects: [{ effect: 'set-timer', sessionId, timer: 'door-unknown', delayMs: timeouts.doorAlarmMs }],
      }
    case 'timer-fired':
      return doorTimer(state, session, input)
    case 'misplaced-seen': {
      const { fromLaneId, inLaneId, skuId } = input
      const key = `${fromLaneId}>${inLaneId}:${skuId}`
      if (session.misplaced.includes(key) || session.misplaced.length >= 100) return stay(state)
      return {
        state: { ...state, session: { ...session, misplaced: [...session.misplaced, key] } },
        effects: [record('session.misplaced', { sessionId, fromLaneId, inLaneId, skuId })],
      }
    }
    default:
      return stay(state)
  }
}

function doorTimer(state: CabinetState, session: Open, input: TimerFired): Stepped {
  const { sessionId } = session.core
  const openForMs = Math.max(0, input.atMs - session.openedAtMs)
  if (input.timer === 'door-prompt' && session.warning === 'none') {
    return {
      state: { ...state, session: { ...session, warning: 'prompt' } },
      effects: [record('door.open_too_long', { sessionId, openForMs, isAlarm: false })],
    }
  }
  if (input.timer === 'door-alarm' && session.warning !== 'alarm') {
    return {
      state: { ...state, session: { ...session, warning: 'alarm' } },
      effects: [
        record('door.open_too_long', { sessionId, openForMs, isAlarm: true }),
        { effect: 'raise-alarm', alarm: 'door_open', detail: `the door has been open for ${openForMs} ms` },
      ],
    }
  }
  if (input.timer === 'door-unknown' && session.isDoorUnknown) {
    // The door was never seen again: whether it is closed now decides how the session goes on.
    if (input.door === 'closed') return enterClosing(state, session)
    if (input.door === 'unknown') return reviewUnknownDoor(state, session, input.atMs)
  }
  return stay(state)
}

export function enterClosing(state: CabinetState, session: Open): Stepped {
  const { core, opening, openedAtMs, misplaced, isResumed } = session
  const { sessionId, timeouts } = core
  const closing: Closing = {
    name: 'closing',
    core,
    opening,
    openedAtMs,
    misplaced,
    isDoorUnknown: false,
    isOverdue: false,
    isResumed,
  }
  return {
    state: { ...state, session: closing },
    effects: [
      record('door.closed', { sessionId }),
      { effect: 'clear-alarm', alarm: 'door_open' },
      { effect: 'cancel-timers', sessionId },
      { effect: 'set-timer', sessionId, timer: 'settle', delayMs: timeouts.settleMs },
      { effect: 'watch-settling', session: closing },
    ],
  }
}

export function stepClosing(state: CabinetState, session: Closing, input: Input): Stepped {
  switch (input.input) {
    case 'door-changed':
      if (input.door === 'open') return enterOpen(state, session, input.atMs)
      if (input.door === 'closed' && session.isDoorUnknown) return doorFoundClosed(state, session)
      return stay(state)
    case 'timer-fired':
      if (input.timer !== 'settle') return stay(state)
      if (session.isDoorUnknown) return reviewUnknownDoor(state, session, input.atMs)
      return {
        state: { ...state, session: { ...session, isOverdue: true } },
        effects: [{ effect: 'decide-now', session: { ...session, isOverdue: true } }],
      }
    case 'decided':
      return session.isDoorUnknown ? stay(state) : settle(state, session, input)
    default:
      return stay(state)
  }
}

function doorFoundClosed(state: CabinetState, session: Closing): Stepped {
  const { sessionId, timeouts } = session.core
  const closing: Closing = { ...session, isDoorUnknown: false }
  return {
    state: { ...state, session: closing },
    effects: [
      { effect: 'cancel-timers', sessionId },
      { effect: 'set-timer', sessionId, timer: 'settle', delayMs: timeouts.settleMs },
      { effect: 'watch-settling', session: closing },
    ],
  }
}

/** A longer trace stays in the cabinet's journal, where replay reads it, characters. */
const maximumSentTrace = 90_000

function settle(state: CabinetState, session: Closing, input: Extract<SessionInput, { input: 'decided' }>): Stepped {
  const { sessionId, versions } = session.core
  const { decision, lanes, drying, trace, atMs } = input
  const saved: Effect[] = lanes.length === 0 ? [] : [{ effect: 'save-lanes', lanes }]
  if (drying !== undefined) saved.push(...keepDrying(sessionId, drying))
  if (trace !== undefined) saved.push({ effect: 'save-trace', sessionId, trace })
  if (session.unseen !== undefined && isUntouched(decision, session.opening))
    return endUnseen(state, session, session.unseen, atMs)
  if (decision.outcome === 'review') {
    const { outcome: _, ...body } = decision
    const sent = trace === undefined || trace.length > maximumSentTrace ? {} : { trace }
    return endSession(state, session, atMs, 'review', [
      record('session.review', { sessionId, versions, ...body, ...sent }),
      ...saved,
    ])
  }
  if (decision.outcome === 'restocked') {
    const { outcome: _, ...body } = decision
    return endSession(state, session, atMs, 'settled', [
      record('restock.completed', { sessionId, versions, ...body }),
      ...saved,
    ])
  }
  const { outcome: _, ...body } = decision
  return endSession(state, session, atMs, 'settled', [
    record('session.settled', { sessionId, versions, ...body }),
    ...saved,
  ])
}

/** Rates are kept whenever they change; the server hears of them with the next loss. */
function keepDrying(sessionId: Id, { losses, rates }: Drying): Effect[] {
  if (rates.size === 0 && losses.length === 0) return []
  const kept: Effect = { effect: 'save-drying', rates }
  if (losses.length === 0) return [kept]
  const ppm = (part: number) => Math.min(1_000_000, Math.round(part * 1_000_000))
  const told = [...rates].map(([skuId, { partPerHour, sdPartPerHour, looks }]) => ({
    skuId,
    ppmPerHour: ppm(partPerHour),
    sdPpmPerHour: ppm(sdPartPerHour),
    looks,
  }))
  return [kept, record('stock.dried', { sessionId, lanes: [...losses], rates: told })]
}

/** Less than this between two plateaus of a lane is no pick and no load, mg. */
const untouchedMg = 15_000

/** Nothing in the weights says that the door was open. */
function isUntouched(decision: Decision, opening: readonly Plateau[]): boolean {
  if (decision.outcome === 'settled') return decision.lines.length === 0
  if (decision.outcome === 'review') return false
  return decision.closing.every((plateau) => {
    const before = opening.find((candidate) => candidate.laneId === plateau.laneId)
    return before === undefined || Math.abs(plateau.levelMg - before.levelMg) <= untouchedMg
  })
}

function endUnseen(state: CabinetState, session: Closing, { outcome, detail }: Unseen, atMs: number): Stepped {
  const { sessionId } = session.core
  if (outcome === 'RESTARTED') {
    return endSession(state, session, atMs, 'interrupted', [
      record('session.interrupted', { sessionId, stage: 'unlocking', isDoorOpen: false }),
    ])
  }
  return endSession(state, session, atMs, 'not_opened', [
    record('session.not_opened', { sessionId, outcome, detail: detail.slice(0, 300) }),
  ])
}

/** The door cannot be seen, so what was taken cannot be known: a person decides. */
export function reviewUnknownDoor(state: CabinetState, session: Unlocking | Open | Closing, atMs: number): Stepped {
  const { sessionId, versions } = session.core
  return endSession(state, session, atMs, 'review', [
    record('session.review', {
      sessionId,
      reason: 'door_state_unknown',
      detail: 'neither lock nor door switch answers',
      lowestLines: [],
      flags: [],
      versions,
      evidence: { opening: [...session.opening], closing: [], steps: [], hypotheses: [] },
    }),
  ])
}
