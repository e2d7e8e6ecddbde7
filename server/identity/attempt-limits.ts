// The limits that every check of a password or a code shares, so that guessing at one place counts at all of them.
import type { Clock } from '#shared/time/clock.ts'
import { RefusalError } from '../errors/refusal.ts'
import { AttemptLimiter } from './attempt-limiter.ts'

const loginRule = { maxFailures: 5, windowMs: 900_000 }
/** Many people share the address of an office or a school. */
const addressRule = { maxFailures: 50, windowMs: 900_000 }

export interface AttemptLimits {
  readonly byLogin: AttemptLimiter
  readonly byAddress: AttemptLimiter
  /** Of join codes; a sign-in that fails takes nothing from who joins. */
  readonly joinsByAddress: AttemptLimiter
}

export function makeAttemptLimits(clock: Pick<Clock, 'monotonicMs'>): AttemptLimits {
  return {
    byLogin: new AttemptLimiter(clock, loginRule),
    byAddress: new AttemptLimiter(clock, addressRule),
    joinsByAddress: new AttemptLimiter(clock, addressRule),
  }
}

/** Refuses when a key has failed too often. */
export function checkAttempts(checks: ReadonlyArray<readonly [AttemptLimiter, string]>): void {
  const waitMs = Math.max(...checks.map(([limiter, key]) => limiter.waitMs(key)))
  if (waitMs > 0) throw new RefusalError('identity.too_many_attempts', undefined, { facts: { retryAfterMs: waitMs } })
}

/** Runs what checks a password or a code of the login; it counts as a failed attempt unless it returns. */
export async function countAttempt<T>({ byLogin }: AttemptLimits, login: string, run: () => Promise<T>): Promise<T> {
  checkAttempts([[byLogin, login]])
  byLogin.fail(login)
  const result = await run()
  byLogin.undo(login)
  return result
}
