// Keeps messages aside that break the contract, with the reason, so that a person can look; counted always, stored within
// bounds, so that a babbling cabinet cannot fill the database.
import type { Logger } from 'pino'
import type { Id } from '#shared/ids/uuid-v7.ts'
import type { Clock } from '#shared/time/clock.ts'
import type { Database } from '../db/database.ts'
import { insertRows, type UnitContext } from '../db/unit.ts'
import type { Metrics } from '../http/metrics.ts'

export type RejectReason = UnitContext['tables']['rejectedMessages']['$inferInsert']['reason']

export interface Rejected {
  readonly cabinetId: Id | undefined
  readonly topic: string
  readonly channel: string
  readonly reason: RejectReason
  readonly detail: string
  readonly payload: Uint8Array
}

/** Bytes of the payload that are kept. */
const keptBytes = 4_096
const keptDetail = 500
/** Most messages stored per cabinet and hour, and per hour from all. */
const maxPerCabinet = 50
const maxInAll = 2_000
const windowMs = 3_600_000

/** The beginning of a text that was not ours, without what PostgreSQL keeps in no text. */
function keepable(text: string, length: number): string {
  return text.slice(0, length).replaceAll(/[\0\p{Surrogate}]/gu, '\ufffd')
}

export class RejectedBin implements AsyncDisposable {
  readonly #database: Database
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #metrics: Metrics
  #windowEndsAtMs = 0
  #inAll = 0
  readonly #perCabinet = new Map<string, number>()
  readonly #writing = new Set<Promise<void>>()

  constructor(parts: { database: Database; clock: Clock; logger: Logger; metrics: Metrics }) {
    this.#database = parts.database
    this.#clock = parts.clock
    this.#logger = parts.logger
    this.#metrics = parts.metrics
  }

  keep(rejected: Rejected): void {
    const { cabinetId, topic, channel, reason, detail, payload } = rejected
    this.#metrics.rejectedMessages.inc({ channel, reason })
    if (!this.#hasRoom(cabinetId ?? topic)) return
    this.#logger.warn({ cabinetId, topic, reason, detail }, 'a message was kept aside')
    const writing = this.#database
      .run(function* (ctx) {
        yield* insertRows(ctx.tables.rejectedMessages, [
          {
            messageId: ctx.newId(),
            atMs: ctx.now(),
            cabinetId,
            topic: keepable(topic, 200),
            reason,
            detail: keepable(detail, keptDetail),
            sizeBytes: payload.length,
            payload: Buffer.from(payload.subarray(0, keptBytes)),
          },
        ])
      })
      .catch((error: unknown) => this.#logger.error({ err: error }, 'a rejected message could not be kept'))
      .finally(() => this.#writing.delete(writing))
    this.#writing.add(writing)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#writing)
  }

  #hasRoom(key: string): boolean {
    const nowMs = this.#clock.monotonicMs()
    if (nowMs >= this.#windowEndsAtMs) {
      this.#windowEndsAtMs = nowMs + windowMs
      this.#inAll = 0
      this.#perCabinet.clear()
    }
    const kept = this.#perCabinet.get(key) ?? 0
    if (kept >= maxPerCabinet || this.#inAll >= maxInAll) return false
    this.#perCabinet.set(key, kept + 1)
    this.#inAll += 1
    return true
  }
}
