import type { LaneLoad } from '#shared/contracts/mqtt/command.ts'
import type { EventBody, Versions } from '#shared/contracts/mqtt/event.ts'
import type { Plateau } from '#shared/contracts/mqtt/lane.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'

/**
 * The states of a cabinet's session (design.md, Session). A state carries all its data and is plain JSON, because it
 * is what the journal stores: after a crash at any instant the machine goes on from it.
 */

export type SessionKind = 'sale' | 'restock'
/** `unknown` when the board that would know does not answer. */
export type DoorState = 'open' | 'closed' | 'unknown'

/** Durations the session was authorised with; a config change never alters a session under way. */
export interface SessionTimeouts {
  openingMs: number
  noOpenMs: number
  doorPromptMs: number
  doorAlarmMs: number
  settleMs: number
}

/** The offline pass that a session was opened with, and what it was scanned as. */
export interface SessionPass {
  code: string
  passId: Id
  buyerId: Id
  counter: number
  capFen: number
  notBeforeMs: number
  expiresAtMs: number
}

/** What stays the same from authorisation to the end. */
export interface SessionCore {
  sessionId: Id
  kind: SessionKind
  /** The command that asked for it, or the pass. */
  commandId: Id
  pass?: SessionPass
  expiresAtMs: number
  timeouts: SessionTimeouts
  versions: Versions
  /** What a restocker says is being loaded; empty in a sale. */
  loads: readonly LaneLoad[]
}

export type FinalEventType =
  | 'session.settled'
  | 'session.refused'
  | 'session.not_opened'
  | 'session.review'
  | 'session.interrupted'
  | 'restock.completed'

/** How far the door prompt has gone. */
export type DoorWarning = 'none' | 'prompt' | 'alarm'

export type Authorised = { name: 'authorised'; core: SessionCore }
export type Unlocking = {
  name: 'unlocking'
  core: SessionCore
  opening: readonly Plateau[]
  startedAtMs: number
  isAnswered: boolean
  /** Set when the lock has answered; UNKNOWN waits for the door to tell. */
  lockOutcome?: 'OPENED' | 'UNKNOWN'
  isResumed: boolean
  /** That the bolt stays drawn was told; absent: not yet. */
  isBoltTold?: boolean
}
export type Open = {
  name: 'open'
  core: SessionCore
  opening: readonly Plateau[]
  openedAtMs: number
  warning: DoorWarning
  /** `from>in:sku` of goods noticed in the wrong lane, so that each is told once. */
  misplaced: readonly string[]
  isDoorUnknown: boolean
  isResumed: boolean
}
/** How the session ends when the weights confirm that nobody opened. RESTARTED: the agent did while unlocking. */
export type Unseen = { outcome: 'NOT_OPENED' | 'UNKNOWN' | 'NO_OPEN_TIMEOUT' | 'RESTARTED'; detail: string }
export type Closing = {
  name: 'closing'
  core: SessionCore
  opening: readonly Plateau[]
  openedAtMs: number
  misplaced: readonly string[]
  /** The door's state is not known yet after a restart: nothing is weighed until it is. */
  isDoorUnknown: boolean
  /** The settle timeout has passed and a verdict was demanded. */
  isOverdue: boolean
  isResumed: boolean
  /** Nobody saw the door open. The weights have the last word on that: if they moved, they bill. */
  unseen?: Unseen
}
/** The end of a session. The next command starts from here as from Idle. */
export type Ended = {
  name: 'settled' | 'refused' | 'not_opened' | 'review' | 'interrupted'
  /** Absent: stored by an older agent. */
  kind?: SessionKind
  sessionId: Id
  finalEvent: FinalEventType
  endedAtMs: number
}
export type Idle = { name: 'idle' }

export type SessionState = Idle | Authorised | Unlocking | Open | Closing | Ended

/** All that the machine knows. */
export interface CabinetState {
  isInService: boolean
  /** Why it is out of service. */
  lockReason?: string
  /** The door stands open though no session opened it. */
  isDoorForced: boolean
  session: SessionState
}

export const initialState: CabinetState = { isInService: true, isDoorForced: false, session: { name: 'idle' } }

export type ActiveSession = Authorised | Unlocking | Open | Closing

/** The session under way; undefined when the next command may start one. */
export function activeSession(session: SessionState): ActiveSession | undefined {
  switch (session.name) {
    case 'authorised':
    case 'unlocking':
    case 'open':
    case 'closing':
      return session
    default:
      return undefined
  }
}

/** What the weights say once the door is closed. The event bodies' own shapes, less what the machine adds. */
export type Decision =
  | ({ outcome: 'settled' } & Omit<EventBody<'session.settled'>, 'sessionId' | 'versions'>)
  | ({ outcome: 'review' } & Omit<EventBody<'session.review'>, 'sessionId' | 'versions'>)
  | ({ outcome: 'restocked' } & Omit<EventBody<'restock.completed'>, 'sessionId' | 'versions'>)
