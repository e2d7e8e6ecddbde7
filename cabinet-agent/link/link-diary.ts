import type { EpochMs } from '#shared/time/clock.ts'

/** How often the link broke since the agent started, and why the last times. */
export interface LinkHistory {
  readonly sinceMs: EpochMs
  readonly disconnects: number
  /** The newest last. */
  readonly last: ReadonlyArray<{ readonly atMs: EpochMs; readonly why: string }>
}

const keptDisconnects = 5

/** Remembers how the link did, for the self-test. */
export class LinkDiary {
  readonly #sinceMs: EpochMs
  #disconnects = 0
  #last: Array<{ atMs: EpochMs; why: string }> = []

  constructor(sinceMs: EpochMs) {
    this.#sinceMs = sinceMs
  }

  note(atMs: EpochMs, why: string): void {
    this.#disconnects += 1
    this.#last = [...this.#last, { atMs, why }].slice(-keptDisconnects)
  }

  get history(): LinkHistory {
    return { sinceMs: this.#sinceMs, disconnects: this.#disconnects, last: this.#last }
  }
}
