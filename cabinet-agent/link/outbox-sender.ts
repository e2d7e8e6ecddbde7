import type { AckMessage, JournalEntry } from '#shared/contracts/mqtt/event.ts'
import type { CancelTimer, Clock } from '#shared/time/clock.ts'
import type { Journal } from '../journal/journal.ts'

export interface OutboxSenderOptions {
  journal: Journal
  clock: Clock
  /** Publishes one batch on `events`; does nothing when there is no connection. */
  publish: (entries: readonly JournalEntry[]) => void
  onAcked: (throughSeq: number) => void
  onLog: (level: 'info' | 'warn' | 'error', message: string, detail?: object) => void
}

const maxBatchEntries = 200
/** Stays below the largest payload with room for what JSON adds. */
const maxBatchBytes = 200_000
/** Entries on their way without an ack. */
const maxInFlight = 1_000
const ackTimeoutMs = 20_000
const maxAckTimeoutMs = 300_000

/**
 * Sends the journal to the server, in order, in batches, again after silence or a gap; at least once, and the server
 * keeps one. Sends only while `start` was called after the last `stop`, which follow the connection.
 */
export class OutboxSender {
  readonly #options: OutboxSenderOptions
  #isOnline = false
  /** No ack has come over this connection. */
  #isFirstAck = true
  #sentThrough = 0
  #timeoutMs = ackTimeoutMs
  #cancelTimeout: CancelTimer | undefined

  constructor(options: OutboxSenderOptions) {
    this.#options = options
  }

  /** A connection is there: everything unacknowledged goes out from the beginning. */
  start(): void {
    this.#isOnline = true
    this.#isFirstAck = true
    this.#sentThrough = this.#options.journal.position().ackedSeq
    this.#timeoutMs = ackTimeoutMs
    this.wake()
  }

  stop(): void {
    this.#isOnline = false
    this.#cancelTimeout?.()
    this.#cancelTimeout = undefined
  }

  /** Sends what is new. */
  wake(): void {
    if (!this.#isOnline) return
    const { journal, publish } = this.#options
    for (;;) {
      const { lastSeq, ackedSeq } = journal.position()
      const room = maxInFlight - (this.#sentThrough - ackedSeq)
      if (this.#sentThrough >= lastSeq || room <= 0) break
      const batch = fitting(journal.entriesAfter(this.#sentThrough, Math.min(maxBatchEntries, room)))
      const last = batch.at(-1)
      if (last === undefined) break
      publish(batch)
      this.#sentThrough = last.seq
    }
    this.#watchForSilence()
  }

  receive(ack: AckMessage): void {
    const isFirst = this.#isFirstAck
    this.#isFirstAck = false
    if ('resendFrom' in ack) this.#resendFrom(ack.resendFrom)
    else if (isFirst && ack.throughSeq < this.#options.journal.position().ackedSeq) {
      this.#options.onLog('error', 'the server has lost what it had acknowledged: it is sent again', ack)
      this.#resendFrom(ack.throughSeq + 1)
    } else this.#acknowledge(ack.throughSeq)
  }

  #acknowledge(throughSeq: number): void {
    const { journal, onAcked, onLog } = this.#options
    if (throughSeq > journal.position().lastSeq) {
      onLog('error', 'the server holds more than this journal ever wrote: numbering goes on behind it', { throughSeq })
      try {
        journal.renumberBehind(throughSeq)
        this.#sentThrough = throughSeq
      } catch (error) {
        // The next ack says so again.
        onLog('warn', 'the journal could not be renumbered', { error: String(error) })
      }
    } else journal.acknowledge(throughSeq)
    this.#sentThrough = Math.max(this.#sentThrough, journal.position().ackedSeq)
    this.#timeoutMs = ackTimeoutMs
    this.#cancelTimeout?.()
    this.#cancelTimeout = undefined
    onAcked(throughSeq)
    this.wake()
  }

  #resendFrom(seq: number): void {
    const { journal, onLog } = this.#options
    const { oldestSeq } = journal.position()
    if (seq < oldestSeq) {
      onLog('error', 'the server asks for entries that are gone: what is kept follows on', { seq, oldestSeq })
      try {
        journal.followOn(seq - 1)
      } catch (error) {
        // It will ask again.
        onLog('warn', 'the journal could not be renumbered', { error: String(error) })
        return
      }
    }
    this.#sentThrough = Math.min(this.#sentThrough, seq - 1)
    this.wake()
  }

  #watchForSilence(): void {
    const { journal, clock } = this.#options
    if (this.#cancelTimeout !== undefined || this.#sentThrough <= journal.position().ackedSeq) return
    this.#cancelTimeout = clock.setTimer(this.#timeoutMs, () => {
      this.#cancelTimeout = undefined
      this.#timeoutMs = Math.min(this.#timeoutMs * 2, maxAckTimeoutMs)
      this.#sentThrough = journal.position().ackedSeq
      this.wake()
    })
  }
}

/** The head of the entries that fits one message; always at least one. */
function fitting(entries: readonly JournalEntry[]): readonly JournalEntry[] {
  if (entries.length < 2) return entries
  let bytes = 0
  let count = 0
  for (const entry of entries) {
    bytes += JSON.stringify(entry).length * 2
    if (count > 0 && bytes > maxBatchBytes * 2) break
    count += 1
  }
  return entries.slice(0, count)
}
