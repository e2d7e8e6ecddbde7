// Slows down guessing: failures are counted per key (a login, an address) in a window, and a full window refuses until it
// has passed. In memory and bounded; a restart forgives, which an attacker cannot cause.
import type { Clock } from '#shared/time/clock.ts'

export interface AttemptRule {
  /** Failures a window may hold. */
  readonly maxFailures: number
  readonly windowMs: number
}

/** Most keys remembered; beyond it the oldest is forgotten. */
const maxKeys = 50_000

export class AttemptLimiter {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #rule: AttemptRule
  readonly #windows = new Map<string, { failures: number; endsAtMs: number }>()

  constructor(clock: Pick<Clock, 'monotonicMs'>, rule: AttemptRule) {
    this.#clock = clock
    this.#rule = rule
  }

  /** How long the key is refused still, ms; 0 when it may try. */
  waitMs(key: string): number {
    const window = this.#windows.get(key)
    if (window === undefined || window.failures < this.#rule.maxFailures) return 0
    const leftMs = window.endsAtMs - this.#clock.monotonicMs()
    if (leftMs > 0) return Math.ceil(leftMs)
    this.#windows.delete(key)
    return 0
  }

  fail(key: string): void {
    const nowMs = this.#clock.monotonicMs()
    const known = this.#windows.get(key)
    const window =
      known === undefined || known.endsAtMs <= nowMs ? { failures: 0, endsAtMs: nowMs + this.#rule.windowMs } : known
    window.failures += 1
    // Written anew, so that the map's order is that of the latest failure.
    this.#windows.delete(key)
    this.#windows.set(key, window)
    if (this.#windows.size <= maxKeys) return
    const [oldest] = this.#windows.keys()
    if (oldest !== undefined) this.#windows.delete(oldest)
  }

  /** Takes one failure back: an attempt is counted when it begins, so that many at once gain nothing. */
  undo(key: string): void {
    const window = this.#windows.get(key)
    if (window !== undefined && window.failures > 0) window.failures -= 1
  }

  forgive(key: string): void {
    this.#windows.delete(key)
  }
}
