// Time of the simulation: a heap of what is due, and after each a turn in which every promise that is ready runs. Nothing waits
// for the machine's clock, so a year takes as long as what happens in it.
import type { CancelTimer, Clock } from '#shared/time/clock.ts'
import { nextUnit, type Random } from '#shared/ids/random.ts'

interface Due {
  readonly atMs: number
  /** Things due at the same instant come in an order that the seed draws. */
  readonly order: number
  readonly serial: number
  callback: (() => void) | undefined
}

function isBefore(a: Due, b: Due): boolean {
  if (a.atMs !== b.atMs) return a.atMs < b.atMs
  return a.order !== b.order ? a.order < b.order : a.serial < b.serial
}

/** So many steps share a turn of the event loop, in which Node tells of rejections that nobody handled. */
const stepsPerLoop = 16

export class Scheduler {
  readonly #random: Random
  #heap: Due[] = []
  #serial = 0
  #nowMs = 0
  #cancelled = 0
  #steps = 0

  constructor(random: Random) {
    this.#random = random
  }

  /** Milliseconds since the beginning. */
  get nowMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, callback: () => void): CancelTimer {
    this.#serial += 1
    const due: Due = {
      atMs: this.#nowMs + Math.max(0, delayMs),
      order: nextUnit(this.#random),
      serial: this.#serial,
      callback,
    }
    this.#push(due)
    return () => {
      if (due.callback === undefined) return
      due.callback = undefined
      this.#cancelled += 1
      // Timers that are set again and again would leave a heap of corpses.
      if (this.#cancelled > 1_000 && this.#cancelled > this.#heap.length / 2) this.#bury()
    }
  }

  /**
   * Runs what is due, one after the other and after each all it sets off, until `isOver` says so between two; rejects when nothing
   * is left. What a callback throws goes to `onError`, and time goes on.
   */
  run(isOver: () => boolean, onError: (error: unknown) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const tick = () => process.nextTick(turn)
      const ready = Promise.resolve()
      const turn = () => {
        if (isOver()) return resolve()
        const due = this.#next()
        if (due === undefined) return reject(new Error('nothing is left to happen'))
        try {
          due()
        } catch (error) {
          onError(error)
        }
        this.#steps += 1
        // Asked for by a microtask, a tick comes once everything is done that is ready without time passing, at a tenth of the price
        // of the event loop. Of a promise, since queueMicrotask has a resource made for each.
        if (this.#steps % stepsPerLoop === 0) setImmediate(turn)
        else void ready.then(tick)
      }
      turn()
    })
  }

  /** Goes to the instant of what is due next, and takes it. */
  #next(): (() => void) | undefined {
    for (;;) {
      const due = this.#pop()
      if (due === undefined) return undefined
      const { callback } = due
      if (callback === undefined) {
        this.#cancelled -= 1
        continue
      }
      due.callback = undefined
      this.#nowMs = due.atMs
      return callback
    }
  }

  #bury(): void {
    const living = this.#heap.filter(({ callback }) => callback !== undefined)
    this.#heap = []
    this.#cancelled = 0
    for (const due of living) this.#push(due)
  }

  #push(due: Due): void {
    const heap = this.#heap
    let at = heap.push(due) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = heap[above] as Due
      if (isBefore(parent, due)) break
      heap[at] = parent
      at = above
    }
    heap[at] = due
  }

  #pop(): Due | undefined {
    const heap = this.#heap
    const [first] = heap
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      if (left >= heap.length) break
      const right = left + 1
      const next = right < heap.length && isBefore(heap[right] as Due, heap[left] as Due) ? right : left
      if (isBefore(last, heap[next] as Due)) break
      heap[at] = heap[next] as Due
      at = next
    }
    heap[at] = last
    return first
  }
}

/** The clock of one machine: its own idea of the date, and timers that end with the process that set them. */
export class MachineClock implements Clock {
  readonly #scheduler: Scheduler
  readonly #isRunning: () => boolean
  readonly #epochMs: () => number

  /** `epochMs` is the wall clock's value at the beginning of the simulation; it may change. */
  constructor(scheduler: Scheduler, epochMs: () => number, isRunning: () => boolean) {
    this.#scheduler = scheduler
    this.#epochMs = epochMs
    this.#isRunning = isRunning
  }

  now(): number {
    return Math.floor(this.#epochMs() + this.#scheduler.nowMs)
  }

  monotonicMs(): number {
    return this.#scheduler.nowMs
  }

  setTimer(delayMs: number, callback: () => void): CancelTimer {
    return this.#scheduler.after(delayMs, () => {
      if (this.#isRunning()) callback()
    })
  }
}
