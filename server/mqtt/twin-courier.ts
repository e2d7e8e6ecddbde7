// Brings twins to cabinets. Never an older one after a newer, which the broker would keep; and once more to a cabinet whose reports
// stay at another version, or at other keys of the server than the newest list names, whatever led it there: a message that came late,
// twice or never, or a disk that kept nothing of it.
import type { DesiredTwin, ReportedTwin } from '#shared/contracts/mqtt/twin.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import type { Clock } from '#shared/time/clock.ts'

/** A cabinet takes a twin over between sessions, and its report takes a moment, ms. */
const patienceMs = 20_000

export interface TwinCourierOptions {
  readonly clock: Clock
  readonly publish: (cabinetId: Id, twin: DesiredTwin) => Promise<void>
  /** The twin as it should be now; undefined when there is no such cabinet. */
  readonly find: (cabinetId: Id) => Promise<DesiredTwin | undefined>
  /** The keys that cabinets are told to obey, with every twin; undefined before they are told of any. */
  readonly obeyed: () => readonly string[] | undefined
}

type LastReport = Pick<ReportedTwin, 'desiredVersion' | 'rejected' | 'obeyedKeys'>

const hasTaken = ({ desiredVersion, rejected }: LastReport, version: number) =>
  desiredVersion === version || rejected?.desiredVersion === version

export class TwinCourier {
  readonly #options: TwinCourierOptions
  /** The newest twin of each cabinet that was published, and when it was last. */
  readonly #sent = new Map<Id, { readonly version: number; readonly atMs: number }>()
  /** What each cabinet said last. */
  readonly #reported = new Map<Id, LastReport>()

  constructor(options: TwinCourierOptions) {
    this.#options = options
  }

  async send(cabinetId: Id, twin: DesiredTwin): Promise<void> {
    const { version } = twin
    if (version < (this.#sent.get(cabinetId)?.version ?? 0)) return
    this.#sent.set(cabinetId, { version, atMs: this.#options.clock.monotonicMs() })
    await this.#options.publish(cabinetId, twin)
  }

  noteReported(cabinetId: Id, { desiredVersion, rejected, obeyedKeys }: LastReport): void {
    // Also of whoever was sent none yet: after a start a cabinet's retained report comes first, and it tells nothing again that stays.
    this.#reported.set(cabinetId, { desiredVersion, ...(rejected && { rejected }), ...(obeyedKeys && { obeyedKeys }) })
  }

  /** Call at each word of a cabinet that is online. */
  async catchUp(cabinetId: Id): Promise<void> {
    const { clock, find } = this.#options
    const sent = this.#sent.get(cabinetId)
    const reported = this.#reported.get(cabinetId)
    if (sent === undefined || reported === undefined || clock.monotonicMs() - sent.atMs < patienceMs) return
    if (hasTaken(reported, sent.version) && this.#isObeying(reported)) return
    const twin = await find(cabinetId)
    if (twin !== undefined) await this.send(cabinetId, twin)
  }

  /** Also true of a cabinet too old to say whom it obeys. */
  #isObeying({ obeyedKeys }: LastReport): boolean {
    const wanted = this.#options.obeyed()
    if (wanted === undefined || obeyedKeys === undefined) return true
    return wanted.length === obeyedKeys.length && wanted.every((key) => obeyedKeys.includes(key))
  }
}
