// Times from the news that a door closed to the commit of its sale, when the receipt can be shown. Both instants are this
// server's own, so that no cabinet's clock counts.
import type { Id } from '#shared/ids/uuid-v7.ts'
import type { Histogram } from 'prom-client'
import type { ReceivedEntry } from './journal-entries.ts'

export class ReceiptTimer {
  readonly #seconds: Histogram
  /** One instant a cabinet at most. */
  readonly #closedAtMs = new Map<Id, number>()

  constructor(seconds: Histogram) {
    this.#seconds = seconds
  }

  /** Entries of a cabinet that are committed now, in their order. */
  note(cabinetId: Id, committed: readonly ReceivedEntry[], nowMs: number): void {
    for (const { event, receivedAtMs } of committed) {
      if (event?.type === 'door.closed') this.#closedAtMs.set(cabinetId, receivedAtMs)
      if (event?.type === 'session.review' || event?.type === 'session.interrupted') this.#closedAtMs.delete(cabinetId)
      if (event?.type !== 'session.settled') continue
      const closedAtMs = this.#closedAtMs.get(cabinetId)
      this.#closedAtMs.delete(cabinetId)
      if (closedAtMs !== undefined) this.#seconds.observe((nowMs - closedAtMs) / 1_000)
    }
  }
}
