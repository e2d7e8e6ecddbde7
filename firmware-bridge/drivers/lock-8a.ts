import { answersFrom, type Answer, type DeviceLine, type ExchangeOptions } from '../bus/exchange.ts'
import { DeviceError } from '../ports/device-error.ts'
import type { LockState } from '../ports/devices.ts'
import type { LockSettings } from '../profile/installation-profile.ts'
import {
  encodeOpen,
  encodeQuery,
  encodeQueryAll,
  lock8aShortFormat,
  lock8aStatesFormat,
  stateBitOf,
  type Lock8aStatesFrame,
} from '../protocols/lock-8a.ts'
import { mapOf, type LockDialect } from './lock-dialect.ts'

/**
 * The 8A / 80 family's way of speaking. A state counts only from a frame with head 80 that carries 00 or 11: the echo
 * of a query carries 33, and the echo of an open command, or its reply, has head 8A.
 */

type Settings = Extract<LockSettings, { driver: 'lock-8a' }>

export function create8aDialect(settings: Settings): LockDialect {
  const { address, lockCount, replyTimeoutMs } = settings
  const stateOf = (isOpen: boolean): LockState => (isOpen ? 'open' : 'closed')
  const openValue = settings.openState === '11' ? 0x11 : 0x00
  const stateByteCounts = settings.stateByteCount === 'auto' ? [3, 4] : [settings.stateByteCount]
  let stateQuery = settings.stateQuery
  let wasAskedForAll = true

  const queryAlone = (lock: number): ExchangeOptions<LockState> => ({
    priority: 'lock-state',
    bytes: encodeQuery(address, lock),
    replyTimeoutMs,
    format: answersFrom(lock8aShortFormat, (frame): Answer<LockState> => {
      const isState = frame.head === 0x80 && (frame.value === 0x00 || frame.value === 0x11)
      if (!isState || frame.address !== address || frame.lock !== lock) return { kind: 'other' }
      return { kind: 'reply', reply: stateOf(frame.value === openValue) }
    }),
  })

  const queryTogether = <Reply>(read: (frame: Lock8aStatesFrame) => Reply | undefined): ExchangeOptions<Reply> => ({
    priority: 'lock-state',
    bytes: encodeQueryAll(address),
    replyTimeoutMs,
    format: answersFrom(lock8aStatesFormat(stateByteCounts), (frame): Answer<Reply> => {
      const reply = frame.kind === 'states' && frame.address === address ? read(frame) : undefined
      return reply === undefined ? { kind: 'other' } : { kind: 'reply', reply }
    }),
  })
  const stateIn = (frame: Lock8aStatesFrame, lock: number) => stateOf(stateBitOf(frame, lock) === settings.openBit)
  const queryAmongAll = (lock: number) =>
    // A board with fewer state bytes than the lock's number needs says nothing about it.
    queryTogether((frame) => (lock <= frame.states.length * 8 ? stateIn(frame, lock) : undefined))

  const readTogether = async (line: DeviceLine, retries: number): Promise<Map<number, LockState>> => {
    const frame = await line.exchange({ ...queryTogether((whole) => whole), retries })
    const known = Math.min(lockCount, frame.states.length * 8)
    return mapOf(known, (lock) => stateIn(frame, lock))
  }

  return {
    confirmations: settings.openReply === '80-state' ? 2 : 1,
    encodeUnlock: (lock) => encodeOpen(address, lock),
    queryOne: settings.stateQuery === 'all' ? queryAmongAll : queryAlone,
    ...(settings.stateQuery === 'auto' ? { queryOtherwise: queryAmongAll } : {}),
    queryWhetherBack() {
      // One that has never answered may know either query, so it gets them by turns.
      wasAskedForAll = stateQuery === 'auto' ? !wasAskedForAll : stateQuery === 'all'
      return wasAskedForAll ? queryAmongAll(1) : queryAlone(1)
    },
    async readAll(line) {
      if (stateQuery === 'all') return readTogether(line, 2)
      if (stateQuery === 'each') return readApart(line, lockCount, queryAlone, settings.stateQuery === 'auto')
      try {
        const states = await readTogether(line, 0)
        stateQuery = 'all'
        return states
      } catch (error) {
        if (!(error instanceof DeviceError) || error.code === 'TRANSPORT_CLOSED') throw error
      }
      const states = await readApart(line, lockCount, queryAlone, true)
      stateQuery = 'each'
      return states
    },
  }
}

/** Lock by lock. When how many there are is only guessed, the first that does not answer is taken for the end. */
async function readApart(
  line: DeviceLine,
  lockCount: number,
  queryOne: (lock: number) => ExchangeOptions<LockState>,
  isCountGuessed: boolean,
): Promise<Map<number, LockState>> {
  const states = new Map<number, LockState>()
  for (let lock = 1; lock <= lockCount; lock += 1) {
    try {
      states.set(lock, await line.exchange(queryOne(lock)))
    } catch (error) {
      if (isCountGuessed && states.size > 0 && error instanceof DeviceError && error.code === 'TIMEOUT_NO_REPLY') break
      throw error
    }
  }
  return states
}
