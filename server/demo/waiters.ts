import type { Clock } from '#shared/time/clock.ts'

/** Those who wait for a value of some kind: each is answered once, by a value that fits, its time-out or the end of values. */
export interface Waiters<T> {
  /** Resolves with the first offered value that fits. `tag` names the waiter for `rejectTagged`. */
  wait(fits: (value: T) => boolean, timeoutMs: number, tag?: string): Promise<T>
  offer(value: T): void
  rejectTagged(tag: string, error: Error): void
  /** No value comes any more: rejects everyone, now and later. */
  end(error: Error): void
}

export function createWaiters<T>(clock: Clock): Waiters<T> {
  interface Waiter {
    readonly fits: (value: T) => boolean
    readonly tag: string | undefined
    settle(outcome: { value: T } | { error: Error }): void
  }
  const waiting = new Set<Waiter>()
  let ended: Error | undefined

  return {
    wait(fits, timeoutMs, tag) {
      if (ended !== undefined) return Promise.reject(ended)
      return new Promise<T>((resolve, reject) => {
        const waiter: Waiter = {
          fits,
          tag,
          settle(outcome) {
            cancel()
            waiting.delete(waiter)
            if ('value' in outcome) resolve(outcome.value)
            else reject(outcome.error)
          },
        }
        const cancel = clock.setTimer(timeoutMs, () =>
          waiter.settle({ error: new Error(`${tag ?? 'what was waited for'} did not come within ${timeoutMs} ms`) }),
        )
        waiting.add(waiter)
      })
    },
    offer(value) {
      for (const waiter of waiting) if (waiter.fits(value)) waiter.settle({ value })
    },
    rejectTagged(tag, error) {
      for (const waiter of waiting) if (waiter.tag === tag) waiter.settle({ error })
    },
    end(error) {
      ended ??= error
      for (const waiter of waiting) waiter.settle({ error })
    },
  }
}
