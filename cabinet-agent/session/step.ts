import { forceDoor, type Stepped } from './force-door.ts'
import { record, type SessionInput } from './session-input.ts'
import { activeSession, type CabinetState } from './session-state.ts'
import { stepAuthorised, stepClosing, stepOpen, stepUnlocking } from './step-active.ts'
import { stepCommand } from './step-command.ts'
import { stepPass } from './step-pass.ts'
import { stepRestarted } from './step-restarted.ts'

/**
 * The session machine (design.md, Session): the only place that decides when a lock may fire and how a session ends.
 * Pure; never throws. An input that means nothing in the present state changes nothing.
 */
export function step(state: CabinetState, input: SessionInput): Stepped {
  if (input.input === 'command') return stepCommand(state, input)
  if (input.input === 'pass-shown') return stepPass(state, input)
  if (input.input === 'restarted') return stepRestarted(state, input)
  const session = activeSession(state.session)
  if (session === undefined) return stepIdle(state, input)
  // Late answers and timers of an earlier session say nothing about this one.
  if ('sessionId' in input && input.sessionId !== session.core.sessionId) return { state, effects: [] }
  switch (session.name) {
    case 'authorised':
      return stepAuthorised(state, session, input)
    case 'unlocking':
      return stepUnlocking(state, session, input)
    case 'open':
      return stepOpen(state, session, input)
    case 'closing':
      return stepClosing(state, session, input)
  }
}

/** With no session the only thing that can happen is a door that opens by itself. */
function stepIdle(state: CabinetState, input: SessionInput): Stepped {
  if (input.input !== 'door-changed') return { state, effects: [] }
  if (input.door === 'open' && !state.isDoorForced) return forceDoor(state, 'the door opened with no session')
  if (input.door === 'closed' && state.isDoorForced) {
    return {
      state: { ...state, isDoorForced: false },
      effects: [
        record('door.closed', {}),
        { effect: 'clear-alarm', alarm: 'door_forced' },
        { effect: 'clear-alarm', alarm: 'lock_left_open' },
      ],
    }
  }
  return { state, effects: [] }
}
