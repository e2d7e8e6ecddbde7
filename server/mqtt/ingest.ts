// Takes journal entries of all cabinets to the database. Each cabinet has a lane: entries wait there in order of seq, one
// unit of work at a time carries them, and all lanes' units share commits. The ack goes out after the commit and never
// before. Bounded: a lane and the whole refuse what they cannot hold, and the cabinet sends it again.
import type { AckMessage } from '#shared/contracts/mqtt/event.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import type { CancelTimer, Clock } from '#shared/time/clock.ts'
import type { Logger } from 'pino'
import type { Effect } from '../context.ts'
import type { Database } from '../db/database.ts'
import { mayPass } from '../db/database-error.ts'
import { RefusalError } from '../errors/refusal.ts'
import type { Metrics } from '../http/metrics.ts'
import { commitEntries, type CommitCare, type CommitResult, type HandlerTable } from './commit-entries.ts'
import type { ReceivedEntry } from './journal-entries.ts'
import { ReceiptTimer } from './receipt-timer.ts'

/** Most entries one unit carries. */
const maxBatch = 200
/** Most entries that wait for one cabinet, and for all. */
const maxLaneEntries = 1_000
const maxWaitingEntries = 50_000
/** How long entries beyond a gap wait for the missing ones before these are asked for. */
const gapWaitMs = 100
/** Pause after a busy or unreachable database: doubles from the first to the second. */
const minRetryMs = 100
const maxRetryMs = 5_000

export interface IngestOptions {
  readonly database: Database
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  readonly handlers: HandlerTable
  /** Sends an ack; losing one is harmless, the cabinet asks again. */
  readonly sendAck: (cabinetId: Id, ack: AckMessage) => void
  readonly perform: (effects: readonly Effect[]) => void
  /** Keeps an entry aside whose place is taken by another. */
  readonly onConflict: (cabinetId: Id, received: ReceivedEntry) => void
  /** Told of entries that were stored with a flag, and of cabinets nobody registered. */
  readonly onFlagged: (cabinetId: Id, flagged: CommitResult['flagged']) => void
  readonly onUnknownCabinet: (cabinetId: Id) => void
}

interface Lane {
  readonly waiting: Map<number, ReceivedEntry>
  isRunning: boolean
  /** Entries came that the running unit does not carry. */
  isStale: boolean
  retryMs: number
  cancelTimer: CancelTimer | undefined
}

export class Ingest implements AsyncDisposable {
  readonly #options: IngestOptions
  readonly #lanes = new Map<Id, Lane>()
  readonly #running = new Set<Promise<void>>()
  readonly #receipts: ReceiptTimer
  #waitingCount = 0
  #isClosed = false

  constructor(options: IngestOptions) {
    this.#options = options
    this.#receipts = new ReceiptTimer(options.metrics.receiptSeconds)
  }

  /** Entries that wait for their commit. */
  get waitingCount(): number {
    return this.#waitingCount
  }

  submit(cabinetId: Id, received: readonly ReceivedEntry[]): void {
    if (this.#isClosed) return
    let lane = this.#lanes.get(cabinetId)
    if (lane === undefined) {
      lane = { waiting: new Map(), isRunning: false, isStale: false, retryMs: 0, cancelTimer: undefined }
      this.#lanes.set(cabinetId, lane)
    }
    for (const one of received) {
      const { seq } = one.entry
      if (lane.waiting.has(seq)) this.#count('duplicate', 1)
      else if (lane.waiting.size >= maxLaneEntries || this.#waitingCount >= maxWaitingEntries) this.#count('dropped', 1)
      else {
        lane.waiting.set(seq, one)
        this.#waitingCount += 1
      }
    }
    lane.isStale = true
    // After a failure the lane waits for its timer; new entries join it there.
    if (!lane.isRunning && lane.retryMs === 0) this.#start(cabinetId, lane)
  }

  /** Carries what waits, then takes nothing more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    for (const lane of this.#lanes.values()) lane.cancelTimer?.()
    await Promise.all(this.#running)
  }

  #start(cabinetId: Id, lane: Lane): void {
    lane.cancelTimer?.()
    lane.cancelTimer = undefined
    lane.isRunning = true
    const run = this.#run(cabinetId, lane)
      .catch((error: unknown) => this.#options.logger.error({ err: error, cabinetId }, 'ingest lane failed'))
      .finally(() => {
        lane.isRunning = false
        this.#running.delete(run)
        if (lane.isStale && lane.retryMs === 0 && !this.#isClosed) this.#start(cabinetId, lane)
        else if (lane.waiting.size === 0 && lane.retryMs === 0) this.#lanes.delete(cabinetId)
      })
    this.#running.add(run)
  }

  async #run(cabinetId: Id, lane: Lane): Promise<void> {
    while (lane.isStale) {
      lane.isStale = false
      const batch = [...lane.waiting.values()].toSorted((a, b) => a.entry.seq - b.entry.seq).slice(0, maxBatch)
      if (batch.length === 0) return
      const result = await this.#commit(cabinetId, batch)
      if (result === undefined) {
        this.#retryLater(cabinetId, lane)
        return
      }
      lane.retryMs = 0
      this.#finish(cabinetId, lane, batch, result)
      if (batch.length === maxBatch && result.beyondGap.length === 0) lane.isStale = true
    }
  }

  /** Commits a batch; undefined when the database cannot take it now. */
  async #commit(cabinetId: Id, batch: readonly ReceivedEntry[]): Promise<CommitResult | undefined> {
    let entries = batch
    let care: CommitCare = 'swift'
    for (;;) {
      try {
        const given = entries
        const takenCare = care
        return await this.#options.database.run((ctx) =>
          commitEntries(ctx, cabinetId, given, this.#options.handlers, takenCare),
        )
      } catch (error) {
        if (!(error instanceof RefusalError)) {
          if (mayPass(error)) {
            this.#options.logger.warn({ err: error, cabinetId }, 'the database cannot take journal entries now')
            return undefined
          }
          this.#options.logger.error({ err: error, cabinetId, seq: entries[0]?.entry.seq, care }, 'an entry failed')
        }
        // From here one entry at a time, so that the odd one stands alone; with its handlers left out it always fits.
        if (care === 'storing') throw error
        const isFirstRefusal = care === 'swift' && error instanceof RefusalError
        care = care === 'careful' && entries.length === 1 ? 'storing' : 'careful'
        if (!isFirstRefusal) entries = entries.slice(0, 1)
      }
    }
  }

  #finish(cabinetId: Id, lane: Lane, batch: readonly ReceivedEntry[], result: CommitResult): void {
    if (!result.isKnown) {
      this.#forget(lane, batch)
      this.#options.onUnknownCabinet(cabinetId)
      return
    }
    const beyond = new Set(result.beyondGap)
    const handled = result.committed + result.duplicates + result.conflicts.length
    // A careful commit may have carried only the first of the batch: the others stay and are carried next.
    const carried = batch.filter((one) => !beyond.has(one)).slice(0, handled)
    this.#forget(lane, carried)
    if (carried.length + beyond.size < batch.length) lane.isStale = true
    this.#count('committed', result.committed)
    this.#count('duplicate', result.duplicates)
    this.#count('flagged', result.flagged.length)
    const now = this.#options.clock.now()
    for (const one of carried.slice(0, 1)) this.#options.metrics.ingestSeconds.observe((now - one.receivedAtMs) / 1_000)
    this.#receipts.note(cabinetId, carried, now)
    this.#options.sendAck(cabinetId, { throughSeq: result.throughSeq })
    this.#options.perform(result.effects)
    for (const one of result.conflicts) this.#options.onConflict(cabinetId, one)
    if (result.flagged.length > 0) this.#options.onFlagged(cabinetId, result.flagged)
    if (beyond.size > 0) this.#awaitGap(cabinetId, lane, result.throughSeq)
  }

  #awaitGap(cabinetId: Id, lane: Lane, throughSeq: number): void {
    lane.cancelTimer?.()
    lane.cancelTimer = this.#options.clock.setTimer(gapWaitMs, () => {
      lane.cancelTimer = undefined
      if (lane.isRunning) return
      this.#count('gapped', lane.waiting.size)
      this.#forget(lane, [...lane.waiting.values()])
      this.#lanes.delete(cabinetId)
      this.#options.sendAck(cabinetId, { resendFrom: throughSeq + 1 })
    })
  }

  #retryLater(cabinetId: Id, lane: Lane): void {
    lane.retryMs = Math.min(Math.max(lane.retryMs * 2, minRetryMs), maxRetryMs)
    this.#count('retried', 1)
    if (this.#isClosed) return
    lane.cancelTimer = this.#options.clock.setTimer(lane.retryMs, () => {
      lane.isStale = true
      this.#start(cabinetId, lane)
    })
  }

  #forget(lane: Lane, entries: readonly ReceivedEntry[]): void {
    for (const { entry } of entries) if (lane.waiting.delete(entry.seq)) this.#waitingCount -= 1
  }

  #count(outcome: string, count: number): void {
    if (count > 0) this.#options.metrics.ingestedEvents.inc({ outcome }, count)
  }
}
