// Reads what cabinets publish: topic, size, JSON and schema are checked here, before anything else of the server sees a
// message. What does not fit is kept aside and counted, never fatal.
import type { z } from 'zod'
import { findJsonFault } from '#shared/contracts/json-fault.ts'
import { Reply } from '#shared/contracts/mqtt/command.ts'
import { LiveMessage, Telemetry } from '#shared/contracts/mqtt/live.ts'
import { maxPayloadBytes, parseTopic } from '#shared/contracts/mqtt/topics.ts'
import { Presence, ReportedTwin } from '#shared/contracts/mqtt/twin.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import type { Clock } from '#shared/time/clock.ts'
import type { Metrics } from '../http/metrics.ts'
import type { UpChannel } from './cabinet-link.ts'
import { readEntry, type ReceivedEntry } from './journal-entries.ts'
import type { RejectedBin, RejectReason } from './rejected-bin.ts'

export interface InboxHandlers {
  onEntries(cabinetId: Id, entries: readonly ReceivedEntry[]): void
  onReply(cabinetId: Id, reply: Reply): void
  onLive(cabinetId: Id, message: LiveMessage): void
  onPresence(cabinetId: Id, presence: Presence): void
  onReported(cabinetId: Id, reported: ReportedTwin): void
  onTelemetry(cabinetId: Id, telemetry: Telemetry): void
}

/** Most entries in one message (shared/contracts/mqtt/event.ts, EventsMessage). */
const maxEntries = 200

export class Inbox {
  readonly #clock: Clock
  readonly #bin: RejectedBin
  readonly #handlers: InboxHandlers
  readonly #metrics: Metrics

  constructor(clock: Clock, metrics: Metrics, bin: RejectedBin, handlers: InboxHandlers) {
    this.#clock = clock
    this.#metrics = metrics
    this.#bin = bin
    this.#handlers = handlers
  }

  receive(topic: string, payload: Buffer): void {
    const parsed = parseTopic(topic)
    const reject = (reason: RejectReason, detail: string) =>
      this.#bin.keep({
        cabinetId: parsed?.cabinetId,
        topic,
        channel: parsed?.channel ?? 'none',
        reason,
        detail,
        payload,
      })
    if (parsed === undefined) return reject('foreign_topic', 'not a topic of the contract')
    // A retained message that somebody cleared.
    if (payload.length === 0) return
    if (payload.length > maxPayloadBytes) return reject('oversized', `${payload.length} bytes`)
    let message: unknown
    try {
      message = JSON.parse(payload.toString('utf8'))
    } catch (error) {
      return reject('not_json', (error as Error).message)
    }
    const { cabinetId, channel } = parsed
    const problem = this.#judge(cabinetId, channel as UpChannel, message)
    if (problem === undefined) this.#metrics.messages.inc({ channel })
    else reject('invalid', problem)
  }

  /** Hands a message on; returns what is wrong with it instead when something is. No message ends the process. */
  #judge(cabinetId: Id, channel: UpChannel, message: unknown): string | undefined {
    // Entries are judged one by one, so that an odd one hides no neighbour.
    const fault = channel === 'events' ? undefined : findJsonFault(message)
    if (fault !== undefined) return `${fault.path}: ${fault.message}`
    try {
      return this.#dispatch(cabinetId, channel, message)
    } catch (error) {
      return `could not be handled: ${String(error)}`
    }
  }

  /** Hands a message on; returns what is wrong with it instead when something is. */
  #dispatch(cabinetId: Id, channel: UpChannel, message: unknown): string | undefined {
    const on = this.#handlers
    switch (channel) {
      case 'events':
        return this.#readEvents(cabinetId, message)
      case 'replies':
        return hand(Reply, message, (reply) => on.onReply(cabinetId, reply))
      case 'live':
        return hand(LiveMessage, message, (live) => on.onLive(cabinetId, live))
      case 'presence':
        return hand(Presence, message, (presence) => on.onPresence(cabinetId, presence))
      case 'reported':
        return hand(ReportedTwin, message, (reported) => on.onReported(cabinetId, reported))
      case 'telemetry':
        return hand(Telemetry, message, (telemetry) => on.onTelemetry(cabinetId, telemetry))
      default:
        // Down channels: on an external broker without access rules somebody may publish there.
        return `cabinets do not publish on ${String(channel)}`
    }
  }

  /** Good entries go on even when their neighbour is beyond reading; then the message is kept aside as well. */
  #readEvents(cabinetId: Id, message: unknown): string | undefined {
    const raw: unknown[] = Array.isArray(message) ? message : [message]
    if (raw.length === 0 || raw.length > maxEntries) return `${raw.length} entries`
    const nowMs = this.#clock.now()
    const read = raw.map((one) => readEntry(one, nowMs))
    const good = read.filter((one) => one !== undefined)
    if (good.length > 0) this.#handlers.onEntries(cabinetId, good)
    const isOdd = good.length < raw.length || good.some(({ flags }) => flags.includes('invalid_entry'))
    return isOdd ? 'an entry breaks the contract' : undefined
  }
}

function hand<S extends z.ZodType>(schema: S, message: unknown, take: (value: z.output<S>) => void) {
  const parsed = schema.safeParse(message)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    return `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`
  }
  take(parsed.data)
  return undefined
}
