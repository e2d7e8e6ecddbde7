import { priorities, type Priority } from './exchange.ts'

/**
 * What waits for the line: by priority, first come first served within one. Among readings, one that has waited for long is
 * served in its turn: scales that are asked without a pause would else leave a thermometer on their line unread for ever.
 * Bounded.
 */
export interface RequestQueue<Job extends Queued> {
  /** False when the queue is full. `isAgain` puts a retry in front of its class, where it was. */
  add(priority: Priority, job: Job, isAgain?: boolean): boolean
  next(nowMs: number): Job | undefined
  /** Empties the queue. */
  drain(): Job[]
}

export interface Queued {
  /** Monotonic, ms. */
  readonly queuedAtMs: number
}

/** A reading that has waited so long goes before younger ones of any kind, ms. What moves or watches the door never waits for it. */
const longWaitMs = 1000
const readings: readonly Priority[] = ['weight', 'temperature']

/** `limit` jobs at most, over all priorities. */
export function createRequestQueue<Job extends Queued>(limit: number): RequestQueue<Job> {
  const classes = new Map<Priority, Job[]>(priorities.map((priority) => [priority, []]))
  const lists = [...classes.values()]
  const listsOf = (wanted: (priority: Priority) => boolean) =>
    [...classes].flatMap(([priority, list]) => (wanted(priority) ? [list] : []))
  const readingLists = listsOf((priority) => readings.includes(priority))
  const doorLists = listsOf((priority) => !readings.includes(priority))

  const nextReading = (nowMs: number): Job[] | undefined => {
    const waiting = readingLists.filter((list) => list.length > 0)
    const sinceMs = (list: readonly Job[]) => list[0]?.queuedAtMs ?? Infinity
    const oldest = waiting.toSorted((a, b) => sinceMs(a) - sinceMs(b))[0]
    return oldest !== undefined && nowMs - sinceMs(oldest) >= longWaitMs ? oldest : waiting[0]
  }

  return {
    add(priority, job, isAgain = false) {
      if (!isAgain && lists.reduce((sum, list) => sum + list.length, 0) >= limit) return false
      if (isAgain) classes.get(priority)?.unshift(job)
      else classes.get(priority)?.push(job)
      return true
    },
    next(nowMs) {
      return (doorLists.find((list) => list.length > 0) ?? nextReading(nowMs))?.shift()
    },
    drain() {
      return lists.flatMap((list) => list.splice(0))
    },
  }
}
