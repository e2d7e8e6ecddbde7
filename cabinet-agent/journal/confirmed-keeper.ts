import type { Clock } from '#shared/time/clock.ts'
import { NamedTimers } from '../named-timers.ts'
import type { Journal } from './journal.ts'

export interface ConfirmedKeeperOptions {
  journal: Journal
  clock: Clock
  onFailed: (error: unknown) => void
}

/** What was confirmed waits so long for a commit that takes it to the disk, ms: on a cabinet's flash each one counts. */
const keepConfirmedMs = 10_000

/** Stores what others have confirmed once no commit has taken it along. */
export class ConfirmedKeeper {
  readonly #options: ConfirmedKeeperOptions
  readonly #timers: NamedTimers<'keep'>

  constructor(options: ConfirmedKeeperOptions) {
    this.#options = options
    this.#timers = new NamedTimers(options.clock)
  }

  /** Something was confirmed just now. */
  note(): void {
    const { journal, onFailed } = this.#options
    this.#timers.set('keep', keepConfirmedMs, () => {
      try {
        journal.keepConfirmed()
      } catch (error) {
        onFailed(error)
        this.note()
      }
    })
  }

  stop(): void {
    this.#timers.stop()
  }
}
