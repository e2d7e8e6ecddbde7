import { priorities, type Priority } from './exchange.ts'

/** What waits for the line: by priority, first come first served within one. Bounded. */
export interface RequestQueue<Job> {
  /** False when the queue is full. `isAgain` puts a retry in front of its class, where it was. */
  add(priority: Priority, job: Job, isAgain?: boolean): boolean
  next(): Job | undefined
  /** Empties the queue. */
  drain(): Job[]
}

/** `limit` jobs at most, over all priorities. */
export function createRequestQueue<Job>(limit: number): RequestQueue<Job> {
  const classes = new Map<Priority, Job[]>(priorities.map((priority) => [priority, []]))
  const lists = [...classes.values()]
  return {
    add(priority, job, isAgain = false) {
      if (!isAgain && lists.reduce((sum, list) => sum + list.length, 0) >= limit) return false
      if (isAgain) classes.get(priority)?.unshift(job)
      else classes.get(priority)?.push(job)
      return true
    },
    next() {
      return lists.find((list) => list.length > 0)?.shift()
    },
    drain() {
      return lists.flatMap((list) => list.splice(0))
    },
  }
}
