import type { DeviceLine, ExchangeOptions } from '../bus/exchange.ts'
import type { LockState } from '../ports/devices.ts'

/** What a family says on the wire; locks are 1-based and in range by the time they get here. */
export interface LockDialect {
  encodeUnlock(lock: number): Uint8Array
  /** A read whose answer contains this lock's state. */
  queryOne(lock: number): ExchangeOptions<LockState>
  /** Another read of the same, for boards that may not know the first; asked only when the first got no answer. */
  queryOtherwise?(lock: number): ExchangeOptions<LockState>
  /** Asked of a board that has gone, again and again until it answers; absent: of lock 1. */
  queryWhetherBack?(): ExchangeOptions<LockState>
  readAll(line: DeviceLine): Promise<Map<number, LockState>>
  /** How many readings in a row must say open; more than one where a blind reply looks like a reading. */
  readonly confirmations: number
}

/** Locks 1…`count` and what `stateOf` says of each. */
export function mapOf(count: number, stateOf: (lock: number) => LockState): Map<number, LockState> {
  return new Map(Array.from({ length: count }, (_, index) => [index + 1, stateOf(index + 1)]))
}
