import type { Reply } from '#shared/contracts/mqtt/command.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import type { Journal } from '../journal/journal.ts'

export interface ReplySenderOptions {
  journal: Journal
  isConnected: () => boolean
  publish: (reply: Reply, onConfirmed: () => void) => void
  /** The broker has one, and the journal knows in memory that it does. */
  onConfirmed: () => void
}

/** Sends the answers to commands that the journal holds until the broker confirms each; at least once. */
export class ReplySender {
  readonly #options: ReplySenderOptions
  readonly #inFlight = new Set<Id>()

  constructor(options: ReplySenderOptions) {
    this.#options = options
  }

  /** The connection is gone, or another one: what was on its way is sent again. */
  forget(): void {
    this.#inFlight.clear()
  }

  /** Sends what waits. */
  wake(): void {
    const { journal, isConnected, publish, onConfirmed } = this.#options
    if (!isConnected()) return
    for (const reply of journal.undeliveredReplies()) {
      const { commandId } = reply
      if (this.#inFlight.has(commandId)) continue
      this.#inFlight.add(commandId)
      publish(reply, () => {
        this.#inFlight.delete(commandId)
        journal.markDelivered(commandId)
        onConfirmed()
      })
    }
  }
}
