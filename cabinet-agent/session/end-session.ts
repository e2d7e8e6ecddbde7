import type { Effect } from './session-input.ts'
import type { ActiveSession, CabinetState, Ended, FinalEventType } from './session-state.ts'
import type { Stepped } from './force-door.ts'

const finalEvents: ReadonlySet<string> = new Set<FinalEventType>([
  'session.settled',
  'session.refused',
  'session.not_opened',
  'session.review',
  'session.interrupted',
  'restock.completed',
])

export function isFinalEvent(type: string): type is FinalEventType {
  return finalEvents.has(type)
}

/** Ends a session with exactly one final event, which must be among `effects`; anything else is a mistake in a step. */
export function endSession(
  state: CabinetState,
  session: ActiveSession,
  endedAtMs: number,
  name: Ended['name'],
  effects: readonly Effect[],
): Stepped {
  const finals = effects.flatMap((effect) =>
    effect.effect === 'record' && isFinalEvent(effect.type) ? [effect.type] : [],
  )
  const [finalEvent, ...others] = finals
  if (finalEvent === undefined || others.length > 0)
    throw new Error(`a session ends by one event, not by ${finals.length}`)
  const { sessionId, kind } = session.core
  return {
    state: { ...state, session: { name, kind, sessionId, finalEvent, endedAtMs } },
    effects: [
      ...effects,
      { effect: 'clear-alarm', alarm: 'door_open' },
      { effect: 'cancel-timers', sessionId },
      { effect: 'session-ended', sessionId },
    ],
  }
}
