import { answersFrom, type Answer, type ExchangeOptions } from '../bus/exchange.ts'
import { DeviceError } from '../ports/device-error.ts'
import type { LockState } from '../ports/devices.ts'
import type { LockSettings } from '../profile/installation-profile.ts'
import { encodeWklyOpen, encodeWklyQuery, encodeWklyQueryAll, wklyFormat } from '../protocols/lock-wkly.ts'
import type { LockDialect } from './lock-dialect.ts'

/**
 * WKLY boards' way of speaking. A reply to a query of one lock is `00 LOCK STATE`, to a query of all `00 COUNT
 * STATE…`; states are 00 open, 01 closed, FF in error.
 */

type Settings = Extract<LockSettings, { driver: 'lock-wkly' }>

export function createWklyDialect({ address, lockCount, replyTimeoutMs }: Settings): LockDialect {
  const queryOne = (lock: number): ExchangeOptions<LockState> => ({
    priority: 'lock-state',
    bytes: encodeWklyQuery(address, lock),
    replyTimeoutMs,
    format: answersFrom(wklyFormat, ({ address: from, command, data }): Answer<LockState> => {
      const isOurs = from === address && command === 'query' && data.length === 3 && data[1] === lock
      if (!isOurs) return { kind: 'other' }
      const state = data[0] === 0 ? stateOf(data[2]) : undefined
      if (state === undefined) return { kind: 'failure', error: faulty(`lock ${lock}`) }
      return { kind: 'reply', reply: state }
    }),
  })

  const queryAll: ExchangeOptions<Map<number, LockState>> = {
    priority: 'lock-state',
    bytes: encodeWklyQueryAll(address),
    replyTimeoutMs,
    format: answersFrom(wklyFormat, ({ address: from, command, data }): Answer<Map<number, LockState>> => {
      const isOurs =
        from === address && command === 'queryAll' && data.length >= 2 && data.length === 2 + (data[1] ?? 0)
      if (!isOurs) return { kind: 'other' }
      if (data[0] !== 0) return { kind: 'failure', error: faulty('the board') }
      const states = new Map<number, LockState>()
      for (let lock = 1; lock <= Math.min(lockCount, data.length - 2); lock += 1) {
        // A lock in error has no state: it is left out rather than guessed.
        const state = stateOf(data[lock + 1])
        if (state !== undefined) states.set(lock, state)
      }
      return { kind: 'reply', reply: states }
    }),
  }

  return {
    confirmations: 1,
    encodeUnlock: (lock) => encodeWklyOpen(address, lock),
    queryOne,
    readAll: (line) => line.exchange(queryAll),
  }
}

function stateOf(byte: number | undefined): LockState | undefined {
  if (byte === 0x00) return 'open'
  return byte === 0x01 ? 'closed' : undefined
}

function faulty(what: string): DeviceError {
  return new DeviceError('DEVICE_EXCEPTION', `${what} reports an error`)
}
