// What nouns do with what cabinets say. A journal entry is handed to every handler of its type inside the transaction that
// stores the entry: what an event causes is committed with it or not at all, and once. A handler that throws RefusalError
// undoes only its own writes; the entry is kept, flagged with the code and acknowledged all the same.
//
//   export const sessionEvents: EventHandlers = {
//     *'session.settled'(ctx, event) {
//       yield* settleSession(ctx, event.cabinetId, event.body)
//       return [{ kind: 'live', accountId, update }]
//     },
//   }
import type { Command, CommandKind, Reply } from '#shared/contracts/mqtt/command.ts'
import type { EventBody, EventType } from '#shared/contracts/mqtt/event.ts'
import type { LiveMessage } from '#shared/contracts/mqtt/live.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import type { EpochMs } from '#shared/time/clock.ts'
import type { Effect, ServerContext } from '../context.ts'
import type { Unit, UnitContext } from '../db/unit.ts'

/** A journal entry whose body fits its type. Chain and order are checked already. */
export interface JournalEvent<T extends EventType = EventType> {
  readonly cabinetId: Id
  readonly bootId: Id
  readonly seq: number
  /** When it happened, by the cabinet's clock. */
  readonly atMs: EpochMs
  /** When the server got it. */
  readonly receivedAtMs: EpochMs
  readonly type: T
  readonly body: EventBody<T>
}

export type EventHandler<T extends EventType> = (ctx: UnitContext, event: JournalEvent<T>) => Unit<readonly Effect[]>
export type EventHandlers = { readonly [T in EventType]?: EventHandler<T> }

/** The end of a command: the cabinet's reply, or `expired` by the server when none came. */
export interface CommandEnd {
  readonly cabinetId: Id
  readonly command: Pick<Command, 'commandId' | 'kind' | 'body' | 'issuedAtMs' | 'expiresAtMs'>
  readonly reply: Reply
  /** True when the server gave up waiting; the cabinet's own answer may still come and is handed over too. */
  readonly isByServer: boolean
}
export type CommandEndHandler = (ctx: UnitContext, end: CommandEnd) => Unit<readonly Effect[]>
export type CommandEndHandlers = { readonly [K in CommandKind]?: CommandEndHandler }

/** Handles the cart preview of a cabinet (QoS 0, nothing is stored). Errors are logged. */
export type LiveHandler = (ctx: ServerContext, cabinetId: Id, message: LiveMessage) => Promise<void>
