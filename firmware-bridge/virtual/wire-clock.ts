import type { Clock } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'

/**
 * The machine's clock with timers exact to some microseconds, for boards that keep a wire's own pace: at 115,200 bit/s
 * a byte takes 87 µs and the system's timers are a millisecond coarse. Spins through the last two milliseconds of each
 * timer, so it belongs in a process of its own.
 */
export const wireClock: Clock = {
  now: () => systemClock.now(),
  monotonicMs: () => systemClock.monotonicMs(),
  setTimer(delayMs, callback) {
    const dueMs = systemClock.monotonicMs() + delayMs
    let isCancelled = false
    const spin = () => {
      if (isCancelled) return
      if (systemClock.monotonicMs() >= dueMs) callback()
      else setImmediate(spin)
    }
    const cancel = delayMs > 2 ? systemClock.setTimer(delayMs - 2, spin) : () => {}
    if (delayMs <= 2) setImmediate(spin)
    return () => {
      isCancelled = true
      cancel()
    }
  },
}
