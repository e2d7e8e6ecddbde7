import type { CancelTimer, Clock } from '#shared/time/clock.ts'

/** 2026-03-01T00:00:00Z: a fixed start, so that runs are the same whenever they run. */
export const testEpochMs = 1_772_323_200_000

interface Timer {
  dueMs: number
  order: number
  callback: () => void
}

/** Lets everything that is ready without time passing run: promise jobs and one turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

/**
 * A clock that stands still until the test moves it. Timers fire in order of due time, then of setting; each callback
 * sees the clock at its own due time. Wall and monotonic time move together except after `setWall`.
 */
export class TestClock implements Clock {
  #elapsedMs = 0
  #wallOffsetMs: number
  #order = 0
  #timers: Timer[] = []

  constructor(startMs: number = testEpochMs) {
    this.#wallOffsetMs = startMs
  }

  now(): number {
    return this.#wallOffsetMs + this.#elapsedMs
  }

  monotonicMs(): number {
    return this.#elapsedMs
  }

  setTimer(delayMs: number, callback: () => void): CancelTimer {
    const timer = { dueMs: this.#elapsedMs + Math.max(0, delayMs), order: this.#order, callback }
    this.#order += 1
    this.#timers.push(timer)
    return () => {
      const index = this.#timers.indexOf(timer)
      if (index >= 0) this.#timers.splice(index, 1)
    }
  }

  get timerCount(): number {
    return this.#timers.length
  }

  /** Monotonic time at which the next timer is due; undefined when none is set. */
  get nextDueMs(): number | undefined {
    return this.#next()?.dueMs
  }

  /** Sets the wall clock, as a person or NTP would; timers and monotonic time do not notice. */
  setWall(atMs: number): void {
    this.#wallOffsetMs = atMs - this.#elapsedMs
  }

  /** Moves time and fires what falls due, synchronously: promises settled by a callback run after this returns. */
  advance(byMs: number): void {
    const untilMs = this.#elapsedMs + byMs
    while (this.#fireNext(untilMs));
    this.#elapsedMs = untilMs
  }

  /** Moves time and, before and after each timer that fires, lets what it set off run (promises, I/O that is ready). */
  async advanceAsync(byMs: number): Promise<void> {
    const untilMs = this.#elapsedMs + byMs
    await turn()
    while (this.#fireNext(untilMs)) await turn()
    this.#elapsedMs = untilMs
    await turn()
  }

  #next(): Timer | undefined {
    let next: Timer | undefined
    for (const timer of this.#timers) {
      if (next === undefined || timer.dueMs < next.dueMs || (timer.dueMs === next.dueMs && timer.order < next.order)) {
        next = timer
      }
    }
    return next
  }

  #fireNext(untilMs: number): boolean {
    const next = this.#next()
    if (next === undefined || next.dueMs > untilMs) return false
    this.#timers.splice(this.#timers.indexOf(next), 1)
    this.#elapsedMs = Math.max(this.#elapsedMs, next.dueMs)
    next.callback()
    return true
  }
}
