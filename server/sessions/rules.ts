// Where a session may go, as a table, and what each end does with the money held. The cabinet decides what happened at
// its door; the server only follows and never lets a session end twice.
export const sessionStates = [
  'authorised',
  'open',
  'closing',
  /** No news past the deadline: shown as interrupted, but the money stays held until the cabinet or a person speaks. */
  'silent',
  'review',
  'settled',
  'refused',
  'not_opened',
  'interrupted',
  /** The cabinet never answered the unlock, or may forget that it refused: the money went back. Its late word still counts. */
  'cancelled',
] as const
export type SessionState = (typeof sessionStates)[number]

const unfinished = ['authorised', 'open', 'closing', 'silent'] as const
/** In which a cabinet's word of how a session ended is taken. */
const awaitingEnd = [...unfinished, 'cancelled'] as const

/** What can move a session: events of the cabinet, answers to its unlock, the server's own deadline, and people. */
export const sessionMoves = {
  'door.opened': { from: ['authorised', 'closing', 'silent'], to: 'open' },
  'door.closed': { from: ['authorised', 'open', 'silent'], to: 'closing' },
  'session.settled': { from: awaitingEnd, to: 'settled' },
  'session.review': { from: awaitingEnd, to: 'review' },
  'restock.completed': { from: awaitingEnd, to: 'settled' },
  'session.refused': { from: ['authorised', 'silent', 'cancelled'], to: 'refused' },
  'session.not_opened': { from: awaitingEnd, to: 'not_opened' },
  /** The agent stopped before anything could be taken, and says so. */
  'session.interrupted': { from: awaitingEnd, to: 'interrupted' },
  'unlock.refused': { from: ['authorised', 'silent', 'cancelled'], to: 'refused' },
  'deadline.passed': { from: ['authorised', 'open', 'closing'], to: 'silent' },
  /** By a cabinet that could not write down that it refused. */
  'unlock.refused_unwritten': { from: ['authorised', 'silent'], to: 'cancelled' },
  'unlock.unanswered': { from: ['authorised'], to: 'cancelled' },
  'review.decided': { from: ['review', 'silent', 'cancelled'], to: 'settled' },
} as const satisfies Record<string, { readonly from: readonly SessionState[]; readonly to: SessionState }>
export type SessionMove = keyof typeof sessionMoves

/** A buyer or a cabinet has at most one session in these states. */
export const liveStates = ['authorised', 'open', 'closing'] as const satisfies readonly SessionState[]
/** The hold stands in these states (unless it was returned before); every other state has captured or released it. */
export const holdingStates = [...unfinished, 'review'] as const satisfies readonly SessionState[]

/** The state a move leads to; undefined when the session cannot make it (it ended, or that already happened). */
export function nextState(state: SessionState, move: SessionMove): SessionState | undefined {
  const { from, to } = sessionMoves[move]
  return (from as readonly SessionState[]).includes(state) ? to : undefined
}

/** True once nothing can move the session any more. */
export function isFinal(state: SessionState): boolean {
  return state !== 'cancelled' && !(holdingStates as readonly SessionState[]).includes(state)
}

/** Flag of a session whose money went back before its end was known: a late bill is taken from the wallet, the rest is owed. */
export const holdReturned = 'hold_returned'

/** The journal of a cabinet that failed so still tells what became of the session: it restarted, cannot see its door, or weighs. */
const failuresToldLater: readonly string[] = ['interrupted', 'outcome_unknown', 'not_opened']

/**
 * Does this answer to an unlock end the session? A cabinet whose lock says that it did not open weighs all the same: a door may
 * open unseen, and what was taken is billed. A server that gave up waiting knows nothing.
 */
export function endsSession(end: {
  readonly outcome: 'done' | 'refused' | 'failed' | 'expired' | 'unsupported'
  readonly reason?: string | undefined
  readonly isByServer: boolean
}): boolean {
  if (end.isByServer || end.outcome === 'done') return false
  return !(end.outcome === 'failed' && end.reason !== undefined && failuresToldLater.includes(end.reason))
}

/**
 * How an answer that ends the session moves it. On a disk that takes nothing a refusal is in the cabinet's memory alone: after a
 * restart it may carry out a second copy of the same unlock, and then its bill counts.
 */
export function moveOfRefusal({ reason }: { readonly reason?: string | undefined }): SessionMove {
  return reason === 'disk_full' ? 'unlock.refused_unwritten' : 'unlock.refused'
}

/**
 * `YB-0001-000042`: unique because a cabinet settles one session per journal entry. A session that a person closed without
 * word from the cabinet is named by its own id: `YB-0001-M9F3A01BC`.
 */
export function makeReceiptNumber(cabinetCode: string, seq: number | null, sessionId: string): string {
  if (seq !== null) return `${cabinetCode}-${String(seq).padStart(6, '0')}`
  return `${cabinetCode}-M${sessionId.slice(-8).toUpperCase()}`
}
