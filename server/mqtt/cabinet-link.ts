// The server's end of the line to all cabinets: the embedded broker or an external one look the same from here. Payloads go
// up as bytes (inbox.ts reads them) and down as values of the contract.
import type { Channel, channelRules } from '#shared/contracts/mqtt/topics.ts'
import type { LiveUpdate } from '#shared/contracts/http/sessions.ts'
import type { AckMessage } from '#shared/contracts/mqtt/event.ts'
import type { Command } from '#shared/contracts/mqtt/command.ts'
import type { DesiredTwin } from '#shared/contracts/mqtt/twin.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'

/** What the server may say on which channel. */
export interface DownMessages {
  acks: AckMessage
  commands: Command
  desired: DesiredTwin
}
export type DownChannel = keyof DownMessages

/** Channels that cabinets publish on. */
export type UpChannel = { [C in Channel]: (typeof channelRules)[C]['publisher'] extends 'cabinet' ? C : never }[Channel]

export interface LinkListener {
  /** A message of a cabinet, as it came. Must not throw. */
  onMessage(topic: string, payload: Buffer): void
  /** The line stands (again): subscriptions are made, the broker may have lost what was retained. */
  onConnected(): void
  /** An update for pages, from another server process. */
  onPageUpdate(accountId: Id, update: LiveUpdate): void
}

export interface CabinetLink extends AsyncDisposable {
  /** True while messages can come and go. */
  readonly isConnected: boolean
  /** Where cabinets find the broker. */
  readonly url: string
  /** Resolves when the broker has taken the message; rejects when there is no broker. */
  publish<C extends DownChannel>(cabinetId: Id, channel: C, message: DownMessages[C]): Promise<void>
  /** Tells the other server processes' pages; alone it does nothing. */
  shareWithPages(accountId: Id, update: LiveUpdate): void
  /** Hangs up on a cabinet whose key is no longer valid. */
  disconnect(cabinetId: Id): void
}
