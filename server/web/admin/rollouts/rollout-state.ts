import type { z } from 'zod'
import type { RolloutState } from '#shared/contracts/http/rollouts.ts'

type State = z.infer<typeof RolloutState>
export type Move = 'pause' | 'resume' | 'revert'

/** How the tag of each state looks. */
export const looks: Readonly<Record<State, string>> = {
  running: 'is-warm',
  paused: 'is-warm',
  stopped: 'is-bad',
  done: 'is-good',
  reverting: 'is-warm',
  reverted: '',
}

/** What the state lets one do; the server has the last word. */
export const movesOf: Readonly<Record<State, readonly Move[]>> = {
  running: ['pause', 'revert'],
  paused: ['resume', 'revert'],
  stopped: ['resume', 'revert'],
  done: ['revert'],
  reverting: [],
  reverted: [],
}
