import { record, type Effect } from './session-input.ts'
import type { CabinetState } from './session-state.ts'

/** What a step makes of a state and an input. */
export interface Stepped {
  state: CabinetState
  effects: readonly Effect[]
}

/** The door is open and no session opened it: told, alarmed, and remembered until it closes. */
export function forceDoor(state: CabinetState, detail: string): Stepped {
  return {
    state: { ...state, isDoorForced: true },
    effects: [record('door.forced', { detail }), { effect: 'raise-alarm', alarm: 'door_forced', detail }],
  }
}
