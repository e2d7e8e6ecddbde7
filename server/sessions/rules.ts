// Where a session may go, as a table, and what each end does with the money held. The cabinet decides what happened at
// its door; the server only follows and never lets a session end twice.
export const sessionStates = [
  'authorised',
  'open',
  'closing',
  'settled',
  'review',
  'refused',
  'not_opened',
  'interrupted',
  'cancelled',
] as const
export type SessionState = (typeof sessionStates)[number]

/** What can move a session: events of the cabinet, answers to its unlock, the server's own deadline, and people. */
export const sessionMoves = {
  'door.opened': { from: ['authorised', 'closing', 'interrupted'], to: 'open' },
  'door.closed': { from: ['authorised', 'open', 'interrupted'], to: 'closing' },
  'session.settled': { from: ['authorised', 'open', 'closing', 'interrupted'], to: 'settled' },
  'session.review': { from: ['authorised', 'open', 'closing', 'interrupted'], to: 'review' },
  'session.refused': { from: ['authorised', 'interrupted'], to: 'refused' },
  'session.not_opened': { from: ['authorised', 'interrupted'], to: 'not_opened' },
  /** The agent stopped before the door could open: nothing left the cabinet. */
  'session.cancelled': { from: ['authorised', 'interrupted'], to: 'cancelled' },
  /** The agent gave up with the door open or unknown: a person has to look. */
  'session.interrupted': { from: ['authorised', 'open', 'closing', 'interrupted'], to: 'review' },
  'unlock.refused': { from: ['authorised'], to: 'refused' },
  'deadline.passed': { from: ['authorised', 'open', 'closing'], to: 'interrupted' },
  'review.decided': { from: ['review', 'interrupted'], to: 'settled' },
} as const satisfies Record<string, { readonly from: readonly SessionState[]; readonly to: SessionState }>
export type SessionMove = keyof typeof sessionMoves

/** A buyer or a cabinet has at most one session in these states. */
export const liveStates = ['authorised', 'open', 'closing'] as const satisfies readonly SessionState[]
/** The hold stands in these states; every other state has captured or released it. */
export const holdingStates = [...liveStates, 'review', 'interrupted'] as const satisfies readonly SessionState[]

/** The state a move leads to; undefined when the session cannot make it (it ended, or that already happened). */
export function nextState(state: SessionState, move: SessionMove): SessionState | undefined {
  const { from, to } = sessionMoves[move]
  return (from as readonly SessionState[]).includes(state) ? to : undefined
}

/** True once nothing can move the session any more. */
export function isFinal(state: SessionState): boolean {
  return !Object.values(sessionMoves).some(({ from }) => (from as readonly SessionState[]).includes(state))
}

/** Session stages of the agent in which the lock had not yet been told to open. */
const stagesBeforeUnlock: readonly string[] = ['idle', 'authorised']

/** Did an interruption happen before the door could open? Only then is the hold given back without a person. */
export function isInterruptedBeforeOpening(event: {
  readonly stage: string
  readonly isDoorOpen?: boolean | undefined
}): boolean {
  return event.isDoorOpen !== true && stagesBeforeUnlock.includes(event.stage)
}

/** `YB-0001-000042`: unique because a cabinet settles one session per journal entry. */
export function makeReceiptNumber(cabinetCode: string, seq: number): string {
  return `${cabinetCode}-${String(seq).padStart(6, '0')}`
}
