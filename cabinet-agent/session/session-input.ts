import type { CommandBody, CommandOutcome, Reply } from '#shared/contracts/mqtt/command.ts'
import type { EventBody, EventType, Versions } from '#shared/contracts/mqtt/event.ts'
import type { Plateau } from '#shared/contracts/mqtt/lane.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import type { LostWater } from '../lanes/dry-lanes.ts'
import type { LaneRecord } from '../lanes/lane-record.ts'
import type { DryingRate } from '../weighing/moisture-loss.ts'
import type { ActiveSession, Decision, DoorState, SessionPass, SessionTimeouts } from './session-state.ts'

/**
 * What goes into the session machine and what comes out of it, both as data. Times come in with the inputs; the
 * machine asks nobody for anything.
 */

/** What must be known to judge a command, gathered at the instant it arrives. */
export interface CommandFacts {
  planogramVersion: number
  pricesVersion: number
  knownLaneIds: readonly string[]
  /** On-sale lanes whose scale does not answer or reads no weight. */
  faultyLaneIds: readonly string[]
  /** On-sale lanes priced by weight while no valid verification certificate allows it. */
  unverifiedLaneIds: readonly string[]
  /** Lanes that could be sold from, were they not locked. */
  onSaleLaneIds: readonly string[]
  lockedLaneIds: readonly string[]
  /** It was too warm for too long, and nobody has inspected the goods since. */
  isOverTemperature: boolean
  isDiskFull: boolean
  door: DoorState
  /** A session with this id was seen before, whatever became of it. */
  isKnownSession: boolean
  timeouts: SessionTimeouts
  versions: Versions
}

/** The commands the machine decides on; the others never touch a session. */
export type MachineCommand = {
  [K in 'unlock' | 'restock-open' | 'lock' | 'release' | 'reboot']: { kind: K; body: CommandBody<K> }
}['unlock' | 'restock-open' | 'lock' | 'release' | 'reboot'] & { commandId: Id; expiresAtMs: number }

export type TimerName = 'opening' | 'no-open' | 'door-prompt' | 'door-alarm' | 'door-unknown' | 'settle'

export type SessionInput =
  | { input: 'command'; command: MachineCommand; facts: CommandFacts; atMs: number }
  /** A verified pass was shown; `sessionId` is made for it here. */
  | { input: 'pass-shown'; sessionId: Id; pass: SessionPass; facts: CommandFacts; atMs: number }
  /** The server told that a pass opens nothing any more. */
  | { input: 'pass-revoked'; passId: Id; atMs: number }
  | { input: 'opening-ready'; sessionId: Id; opening: readonly Plateau[]; atMs: number }
  | {
      input: 'opening-failed'
      sessionId: Id
      reason: 'opening_unstable' | 'scale_fault' | 'lane_unknown'
      detail: string
      atMs: number
    }
  | {
      input: 'unlock-finished'
      sessionId: Id
      outcome: 'OPENED' | 'NOT_OPENED' | 'UNKNOWN' | 'EXPIRED' | 'FAULT'
      detail: string
      atMs: number
    }
  | { input: 'door-changed'; door: DoorState; atMs: number }
  | { input: 'timer-fired'; sessionId: Id; timer: TimerName; door: DoorState; isLockOpen: boolean; atMs: number }
  | { input: 'misplaced-seen'; sessionId: Id; fromLaneId: string; inLaneId: string; skuId: Id; atMs: number }
  | {
      input: 'decided'
      sessionId: Id
      decision: Decision
      lanes: readonly LaneRecord[]
      /** What the lanes lost before the session, and what was learned from it. */
      drying?: Drying
      /** What the decoder was told (sampling/trace-recorder.ts). */
      trace?: string
      atMs: number
    }
  | { input: 'restarted'; door: DoorState; atMs: number }

export interface Drying {
  losses: readonly LostWater[]
  /** Those that changed, by SKU. */
  rates: ReadonlyMap<Id, DryingRate>
}

type RecordEffect = { [T in EventType]: { effect: 'record'; type: T; body: EventBody<T> } }[EventType]

/**
 * `record`, `reply`, the `save-` effects and the alarms are stored in the same transaction as the new state; the others are
 * carried out after it.
 */
export type Effect =
  | RecordEffect
  | { effect: 'reply'; reply: Reply }
  | { effect: 'save-lanes'; lanes: readonly LaneRecord[] }
  | { effect: 'save-drying'; rates: Drying['rates'] }
  /** The pass is used up, whatever becomes of the session. */
  | { effect: 'use-pass'; pass: SessionPass }
  | { effect: 'save-trace'; sessionId: Id; trace: string }
  | { effect: 'raise-alarm'; alarm: string; detail: string }
  | { effect: 'clear-alarm'; alarm: string }
  | { effect: 'take-opening'; sessionId: Id }
  | { effect: 'unlock'; sessionId: Id; expiresAtMs: number }
  | { effect: 'set-timer'; sessionId: Id; timer: TimerName; delayMs: number }
  | { effect: 'cancel-timers'; sessionId: Id }
  /** The door is open: follow the weights from here. */
  | { effect: 'watch-open'; session: ActiveSession }
  /** The door is closed: answer with `decided` when the weights rest. */
  | { effect: 'watch-settling'; session: ActiveSession }
  /** No more time: answer with `decided` from what there is. */
  | { effect: 'decide-now'; session: ActiveSession }
  | { effect: 'session-ended'; sessionId: Id }
  | { effect: 'restart-process'; reason: string }

const storedEffects: Readonly<Record<Effect['effect'], boolean>> = {
  record: true,
  reply: true,
  'save-lanes': true,
  'save-drying': true,
  'use-pass': true,
  'save-trace': true,
  'raise-alarm': true,
  'clear-alarm': true,
  'take-opening': false,
  unlock: false,
  'set-timer': false,
  'cancel-timers': false,
  'watch-open': false,
  'watch-settling': false,
  'decide-now': false,
  'session-ended': false,
  'restart-process': false,
}

/** Whether it is stored with the state; the others are only carried out. */
export function isStored({ effect }: Effect): boolean {
  return storedEffects[effect]
}

export function record<T extends EventType>(type: T, body: EventBody<T>): Effect {
  return { effect: 'record', type, body } as RecordEffect
}

export function reply(
  commandId: Id,
  atMs: number,
  outcome: CommandOutcome,
  reason?: NonNullable<Reply['reason']>,
  detail?: string,
): Effect {
  return {
    effect: 'reply',
    reply: {
      commandId,
      outcome,
      ...(reason === undefined ? {} : { reason }),
      ...(detail === undefined ? {} : { detail: detail.slice(0, 1_000) }),
      atMs,
    },
  }
}
