import { record, reply, type SessionInput } from './session-input.ts'
import { activeSession, type CabinetState, type Closing, type Open, type Unlocking } from './session-state.ts'
import { endSession } from './end-session.ts'
import { enterClosing, enterOpen } from './step-active.ts'
import { forceDoor, type Stepped } from './force-door.ts'

/**
 * After a crash or a restart the machine goes on from its stored state and from what the door shows now. It never
 * unlocks again: a lock that may have fired counts as fired, and door and weights tell the rest.
 */
export function stepRestarted(state: CabinetState, input: Extract<SessionInput, { input: 'restarted' }>): Stepped {
  const session = activeSession(state.session)
  const { door, atMs } = input
  if (session === undefined) {
    if (door === 'open' && !state.isDoorForced) return forceDoor(state, 'found open at start with no session')
    if (door === 'closed' && state.isDoorForced) {
      return { state: { ...state, isDoorForced: false }, effects: [{ effect: 'clear-alarm', alarm: 'door_forced' }] }
    }
    return { state, effects: [] }
  }
  switch (session.name) {
    case 'authorised': {
      const { sessionId, commandId } = session.core
      const ended = endSession(state, session, atMs, 'interrupted', [
        record('session.interrupted', {
          sessionId,
          commandId,
          stage: 'authorised',
          ...(door === 'unknown' ? {} : { isDoorOpen: door === 'open' }),
        }),
        reply(commandId, atMs, 'failed', 'interrupted', 'restarted before the lock was fired'),
      ])
      if (door !== 'open') return ended
      const forced = forceDoor(ended.state, 'found open at start before it was unlocked')
      return { state: forced.state, effects: [...ended.effects, ...forced.effects] }
    }
    case 'unlocking':
      return door === 'open'
        ? enterOpen(state, { ...session, isResumed: true }, atMs)
        : resumeUnlocking(state, session, input)
    case 'open':
      return resumeOpen(state, { ...session, isResumed: true }, input)
    case 'closing': {
      const closing: Closing = { ...session, isResumed: true, isOverdue: false }
      if (door === 'open') return enterOpen(state, closing, atMs)
      return watchClosing(state, { ...closing, isDoorUnknown: door === 'unknown' })
    }
  }
}

/**
 * Restarted while unlocking, and the door is not open: the bolt may still be drawn, and who opens now is the buyer. So the time
 * to open runs on; when it is over the weights tell, from the plateau stored before the lock fired.
 */
function resumeUnlocking(
  state: CabinetState,
  session: Unlocking,
  { door, atMs }: Extract<SessionInput, { input: 'restarted' }>,
): Stepped {
  const { sessionId, timeouts } = session.core
  const goneMs = Math.max(0, atMs - session.startedAtMs)
  // Boards that do not answer yet get the time in which a door is looked for otherwise.
  const delayMs = Math.max(timeouts.noOpenMs - goneMs, door === 'unknown' ? timeouts.settleMs : 0)
  return {
    state: { ...state, session: { ...session, isResumed: true } },
    effects: [
      { effect: 'cancel-timers', sessionId },
      { effect: 'set-timer', sessionId, timer: 'no-open', delayMs },
    ],
  }
}

function resumeOpen(state: CabinetState, session: Open, input: Extract<SessionInput, { input: 'restarted' }>): Stepped {
  const { sessionId, timeouts } = session.core
  if (input.door === 'closed') return enterClosing(state, session)
  const isDoorUnknown = input.door === 'unknown'
  const openForMs = input.atMs - session.openedAtMs
  const open: Open = { ...session, isDoorUnknown }
  return {
    state: { ...state, session: open },
    effects: [
      { effect: 'cancel-timers', sessionId },
      { effect: 'set-timer', sessionId, timer: 'door-prompt', delayMs: Math.max(0, timeouts.doorPromptMs - openForMs) },
      { effect: 'set-timer', sessionId, timer: 'door-alarm', delayMs: Math.max(0, timeouts.doorAlarmMs - openForMs) },
      ...(isDoorUnknown
        ? [{ effect: 'set-timer', sessionId, timer: 'door-unknown', delayMs: timeouts.doorAlarmMs } as const]
        : []),
      { effect: 'watch-open', session: open },
    ],
  }
}

function watchClosing(state: CabinetState, closing: Closing): Stepped {
  const { sessionId, timeouts } = closing.core
  return {
    state: { ...state, session: closing },
    effects: [
      { effect: 'cancel-timers', sessionId },
      { effect: 'set-timer', sessionId, timer: 'settle', delayMs: timeouts.settleMs },
      ...(closing.isDoorUnknown ? [] : [{ effect: 'watch-settling', session: closing } as const]),
    ],
  }
}
