import { answersFrom, type ExchangeOptions } from '../bus/exchange.ts'
import type { LockState } from '../ports/devices.ts'
import type { LockSettings } from '../profile/installation-profile.ts'
import { cu16StateFormat, encodeCu16StateRequest, encodeCu16Unlock, type Cu16State } from '../protocols/lock-cu16.ts'
import {
  cu48BitOf,
  cu48StatusFormat,
  encodeStatusRequest,
  encodeUnlock,
  type Cu48Status,
} from '../protocols/lock-cu48.ts'
import { mapOf, type LockDialect } from './lock-dialect.ts'

/** Kerong's CU48 and CU16: every reading carries the states of all locks, and unlocking has no reply. */

type Cu48Settings = Extract<LockSettings, { driver: 'lock-cu48' }>
type Cu16Settings = Extract<LockSettings, { driver: 'lock-cu16' }>

export function createCu48Dialect({ address, lockCount, openBit, replyTimeoutMs }: Cu48Settings): LockDialect {
  const query = <Reply>(read: (status: Cu48Status) => Reply): ExchangeOptions<Reply> => ({
    priority: 'lock-state',
    bytes: encodeStatusRequest(address),
    replyTimeoutMs,
    format: answersFrom(cu48StatusFormat, (status) =>
      status.address === address ? { kind: 'reply', reply: read(status) } : { kind: 'other' },
    ),
  })
  const stateOf = (status: Cu48Status, lock: number): LockState =>
    cu48BitOf(status, lock) === openBit ? 'open' : 'closed'
  return {
    confirmations: 1,
    encodeUnlock: (lock) => encodeUnlock(address, lock),
    queryOne: (lock) => query((status) => stateOf(status, lock)),
    readAll: (line) => line.exchange(query((status) => mapOf(lockCount, (lock) => stateOf(status, lock)))),
  }
}

export function createCu16Dialect({ address, lockCount, openBit, replyTimeoutMs }: Cu16Settings): LockDialect {
  const query = <Reply>(read: (state: Cu16State) => Reply): ExchangeOptions<Reply> => ({
    priority: 'lock-state',
    bytes: encodeCu16StateRequest(address),
    replyTimeoutMs,
    format: answersFrom(cu16StateFormat, (state) =>
      state.board === address ? { kind: 'reply', reply: read(state) } : { kind: 'other' },
    ),
  })
  const stateOf = (state: Cu16State, lock: number): LockState =>
    ((state.locks >>> (lock - 1)) & 1) === openBit ? 'open' : 'closed'
  return {
    confirmations: 1,
    encodeUnlock: (lock) => encodeCu16Unlock(address, lock),
    queryOne: (lock) => query((state) => stateOf(state, lock)),
    readAll: (line) => line.exchange(query((state) => mapOf(lockCount, (lock) => stateOf(state, lock)))),
  }
}
