import type { ReportedTwin } from '#shared/contracts/mqtt/twin.ts'
import type { Clock } from '#shared/time/clock.ts'
import { NamedTimers } from '../named-timers.ts'

export interface TwinReporterOptions {
  clock: Clock
  /** The cabinet as it is now. */
  look: () => ReportedTwin
  publish: (reported: ReportedTwin) => void
}

const reportDelayMs = 150
/** How far a session is has other ways to whom it concerns: it waits so long for something else to report, ms. */
const sessionReportMs = 3_000

/** Tells the server what the cabinet is like, when that has changed. */
export class TwinReporter {
  readonly #options: TwinReporterOptions
  readonly #timers: NamedTimers<'report' | 'session'>
  /** What was told last over this connection. */
  #told = { twin: '', sessionState: '' }

  constructor(options: TwinReporterOptions) {
    this.#options = options
    this.#timers = new NamedTimers(options.clock)
  }

  /** Publishes soon; changes that come together go out once. */
  report(): void {
    if (this.#timers.has('report')) return
    this.#timers.set('report', reportDelayMs, () => this.#publish(false))
  }

  /** Publishes soon though nothing has changed: the server may not have it. */
  reportAnew(): void {
    this.#told = { twin: '', sessionState: '' }
    this.report()
  }

  stop(): void {
    this.#timers.stop()
  }

  /** Publishes what has changed, or how far a session is if that alone has, once it has waited long enough. */
  #publish(isSessionDue: boolean): void {
    const reported = this.#options.look()
    const { atMs: _, sessionState, ...rest } = reported
    const twin = JSON.stringify(rest)
    const isTold = twin === this.#told.twin
    if (isTold && sessionState === this.#told.sessionState) return
    if (isTold && !isSessionDue) {
      if (!this.#timers.has('session')) this.#timers.set('session', sessionReportMs, () => this.#publish(true))
      return
    }
    this.#told = { twin, sessionState }
    this.#options.publish(reported)
  }
}
