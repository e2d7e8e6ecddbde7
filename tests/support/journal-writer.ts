// Writes a cabinet's journal as an agent would: seq without gaps, each entry hashed over the one before.
import { genesisHash } from '#shared/contracts/mqtt/event.ts'
import type { EventBody, EventType, JournalEntry } from '#shared/contracts/mqtt/event.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { hashOfEntry, readEntry } from '#server/mqtt/journal-entries.ts'
import type { ReceivedEntry } from '#server/mqtt/journal-entries.ts'

export class JournalWriter {
  readonly #bootId: Id
  readonly #now: () => number
  #seq = 0
  #prevHash = genesisHash

  constructor(bootId: Id, now: () => number) {
    this.#bootId = bootId
    this.#now = now
  }

  write<T extends EventType>(type: T, body: EventBody<T>): JournalEntry {
    this.#seq += 1
    const unhashed = { bootId: this.#bootId, seq: this.#seq, atMs: this.#now(), type, body, prevHash: this.#prevHash }
    const hash = hashOfEntry(unhashed)
    this.#prevHash = hash
    return { ...unhashed, hash }
  }

  /** The entry as the server reads it off the wire. */
  receive<T extends EventType>(type: T, body: EventBody<T>): ReceivedEntry {
    const received = readEntry(this.write(type, body), this.#now())
    if (received === undefined) throw new Error(`not an entry: ${type}`)
    return received
  }
}
