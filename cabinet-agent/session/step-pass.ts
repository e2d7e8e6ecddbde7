import type { Stepped } from './force-door.ts'
import { record, reply, type SessionInput } from './session-input.ts'
import type { CabinetState, SessionCore } from './session-state.ts'
import { whyNotOpen, whyNotSell } from './step-command.ts'

/** A pass that lies in a queue must not open a door later: the lock fires within this of its showing, ms. */
const passValidMs = 15_000

/**
 * A verified offline pass opens for its buyer as an unlock would, on the prices this cabinet holds. It is used up together
 * with the opening plateau, before the lock fires; until then a refusal leaves it as it was.
 */
export function stepPass(state: CabinetState, input: Extract<SessionInput, { input: 'pass-shown' }>): Stepped {
  const { sessionId, pass, facts, atMs } = input
  const { passId } = pass
  const refusal = whyNotOpen(state, facts) ?? whyNotSell(state, facts)
  if (refusal !== undefined) {
    const { reason, detail } = refusal
    return {
      state,
      effects: [
        record('pass.refused', { passId, reason, detail: detail.slice(0, 300) }),
        reply(passId, atMs, 'refused', reason, detail),
      ],
    }
  }
  const core: SessionCore = {
    sessionId,
    kind: 'sale',
    commandId: passId,
    pass,
    expiresAtMs: atMs + passValidMs,
    timeouts: facts.timeouts,
    versions: facts.versions,
    loads: [],
  }
  return {
    state: { ...state, session: { name: 'authorised', core } },
    effects: [
      { effect: 'set-timer', sessionId, timer: 'opening', delayMs: facts.timeouts.openingMs },
      { effect: 'take-opening', sessionId },
    ],
  }
}
