/**
 * Tells what changes now and then from what changes its mind all the time, as a loose cable makes it: each change that is believed
 * is journalled, and a cable must not fill the disk.
 */
export interface SteadinessRule {
  /** Changes believed one upon the other; one more is after each `anotherMs`. */
  readonly burst: number
  readonly anotherMs: number
  /** What changed more often must stay the same for so long, ms; twice as long each time it did not keep to it, up to the longest. */
  readonly restMs: number
  readonly longestRestMs: number
}

export class Steadiness<Seen> {
  readonly #rule: SteadinessRule
  #seen: Seen | undefined
  #changedMs = 0
  #left: number
  #countedMs = 0
  /** 0: not since the burst was whole. */
  #restMs = 0
  #isResting = false

  constructor(rule: SteadinessRule) {
    this.#rule = rule
    this.#left = rule.burst
  }

  /** Takes what was seen now, by the monotonic clock; whether it may be believed. */
  look(seen: Seen, nowMs: number): boolean {
    const { burst, anotherMs, restMs, longestRestMs } = this.#rule
    if (!this.#isResting) {
      this.#left = Math.min(burst, this.#left + (nowMs - this.#countedMs) / anotherMs)
      if (this.#left === burst) this.#restMs = 0
    }
    this.#countedMs = nowMs
    const hasChanged = this.#seen !== undefined && seen !== this.#seen
    this.#seen = seen
    if (hasChanged) {
      this.#changedMs = nowMs
      if (this.#isResting) return false
      if (this.#left < 1) {
        this.#restMs = Math.min(longestRestMs, Math.max(restMs, this.#restMs * 2))
        this.#isResting = true
      } else this.#left -= 1
    } else if (this.#isResting && nowMs - this.#changedMs >= this.#restMs) this.#isResting = false
    return !this.#isResting
  }

  /** How long it must stay as it is to be believed again, ms. */
  waitMs(nowMs: number): number {
    return this.#isResting ? Math.max(0, this.#changedMs + this.#restMs - nowMs) : 0
  }
}
