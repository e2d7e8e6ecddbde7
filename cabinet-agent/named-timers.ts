import type { CancelTimer, Clock } from '#shared/time/clock.ts'

/** Timers by name, one of each: set again, the earlier one is called off. */
export class NamedTimers<Name extends string> {
  readonly #clock: Clock
  readonly #cancels = new Map<Name, CancelTimer>()
  #isStopped = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  has(name: Name): boolean {
    return this.#cancels.has(name)
  }

  set(name: Name, delayMs: number, callback: () => void): void {
    if (this.#isStopped) return
    this.#cancels.get(name)?.()
    const cancel = this.#clock.setTimer(delayMs, () => {
      this.#cancels.delete(name)
      callback()
    })
    this.#cancels.set(name, cancel)
  }

  cancelAll(): void {
    for (const cancel of this.#cancels.values()) cancel()
    this.#cancels.clear()
  }

  /** For good: none is set any more. */
  stop(): void {
    this.#isStopped = true
    this.cancelAll()
  }
}
