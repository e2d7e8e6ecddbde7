import { z } from 'zod'

/** An instant in epoch milliseconds (UTC). */
export const EpochMs = z.int().min(0).max(8.64e15).meta({ id: 'EpochMs', description: 'Epoch milliseconds, UTC.' })
export type EpochMs = z.infer<typeof EpochMs>

/** Undoes a timer; calling it twice or after it fired does nothing. */
export type CancelTimer = () => void

/**
 * Time as the product sees it. Only composition roots make one from the machine's clock; everything else is handed
 * one, which is what lets a test or the simulation own time.
 */
export interface Clock {
  /** Wall-clock time, epoch ms. May jump when the machine's clock is set. */
  now(): EpochMs
  /** Monotonic time in ms from an arbitrary start; for durations. */
  monotonicMs(): number
  /** Calls back once after `delayMs` (≥ 0). */
  setTimer(delayMs: number, callback: () => void): CancelTimer
}

/** Resolves after `delayMs`, or rejects with the signal's reason when that aborts first. */
export function delay(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason as Error)
      return
    }
    const onAbort = () => {
      cancel()
      reject(signal?.reason as Error)
    }
    const cancel = clock.setTimer(delayMs, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
