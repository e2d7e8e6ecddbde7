import type { Clock } from '#shared/time/clock.ts'
import type { LockSettings } from '../profile/installation-profile.ts'
import { cu16RequestFormat, encodeCu16State } from '../protocols/lock-cu16.ts'
import { cu48RequestFormat, encodeStatus } from '../protocols/lock-cu48.ts'
import { encodeShort, encodeStates, lock8aShortFormat, type Lock8aShortFrame } from '../protocols/lock-8a.ts'
import { encodeWkly, wklyFormat } from '../protocols/lock-wkly.ts'
import type { LockMechanism } from './lock-mechanism.ts'
import { createVirtualBoard, type BoardReply, type VirtualBoard } from './virtual-board.ts'

/**
 * Virtual lock boards of the four families, with the habits that the installation profile names. They obey "open all"
 * as real ones do: only so can a test see that nobody ever says it.
 */

/** `mechanisms[0]` is lock 1. */
export function createVirtualLockBoard(
  settings: LockSettings,
  mechanisms: readonly LockMechanism[],
  clock: Clock,
): VirtualBoard {
  switch (settings.driver) {
    case 'lock-8a':
      return create8aBoard(settings, mechanisms, clock)
    case 'lock-cu48':
      return createCu48Board(settings, mechanisms, clock)
    case 'lock-cu16':
      return createCu16Board(settings, mechanisms, clock)
    case 'lock-wkly':
      return createWklyBoard(settings, mechanisms, clock)
  }
}

const queryDelayMs = 5
/** 8A boards answer an open command after the coil's pulse is over. */
const openReplyDelayMs = 1000

function create8aBoard(
  settings: Extract<LockSettings, { driver: 'lock-8a' }>,
  mechanisms: readonly LockMechanism[],
  clock: Clock,
): VirtualBoard {
  const { address } = settings
  const stateValue = (lock: number) => {
    const isOpen = mechanisms[lock - 1]?.feedback === 'open'
    return isOpen === (settings.openState === '11') ? 0x11 : 0x00
  }
  const open = (lock: number): BoardReply | undefined => {
    if (lock === 0) pulseAll(mechanisms)
    else mechanisms[lock - 1]?.pulse()
    const hasOpened = mechanisms[lock - 1]?.isJammed === false
    if (lock === 0 || settings.openReply === 'none') return undefined
    if (settings.openReply === '8a-result') return later(encodeShort(0x8a, address, lock, hasOpened ? 0x00 : 0x11))
    const head = settings.openReply === '8a-state' ? 0x8a : 0x80
    return later(encodeShort(head, address, lock, hasOpened ? 0x11 : 0x00))
  }
  const query = (lock: number): BoardReply | undefined => {
    if (lock !== 0) {
      if (mechanisms[lock - 1] === undefined) return undefined
      return { bytes: encodeShort(0x80, address, lock, stateValue(lock)), delayMs: queryDelayMs }
    }
    if (settings.stateQuery === 'each') return undefined
    const count = settings.stateByteCount === 'auto' ? 4 : settings.stateByteCount
    const bytes = packBits(mechanisms, count, (mechanism) =>
      mechanism.feedback === 'open' ? settings.openBit : invert(settings.openBit),
    )
    return { bytes: encodeStates(address, bytes), delayMs: queryDelayMs }
  }
  const later = (bytes: Uint8Array): BoardReply => ({ bytes, delayMs: openReplyDelayMs })
  return createVirtualBoard<Lock8aShortFrame>(clock, {
    format: lock8aShortFormat,
    obey(request) {
      if (request.address !== address) return undefined
      if (request.head === 0x8a && request.value === 0x11) return open(request.lock)
      return request.head === 0x80 && request.value === 0x33 ? query(request.lock) : undefined
    },
  })
}

function createCu48Board(
  { address, openBit }: Extract<LockSettings, { driver: 'lock-cu48' }>,
  mechanisms: readonly LockMechanism[],
  clock: Clock,
): VirtualBoard {
  return createVirtualBoard(clock, {
    format: cu48RequestFormat,
    obey(request) {
      const isForAll = request.address === 0x0a
      if (request.address !== address && !isForAll) return undefined
      if (request.command === 'unlock') {
        if (request.wireLock === 0x30) pulseAll(mechanisms)
        else mechanisms[request.wireLock]?.pulse()
        return undefined
      }
      const data = packBits(mechanisms, 6, ({ feedback }) => (feedback === 'open' ? openBit : invert(openBit)))
      return { bytes: encodeStatus({ address, data: Uint8Array.from(data) }), delayMs: queryDelayMs }
    },
  })
}

function createCu16Board(
  { address, openBit }: Extract<LockSettings, { driver: 'lock-cu16' }>,
  mechanisms: readonly LockMechanism[],
  clock: Clock,
): VirtualBoard {
  return createVirtualBoard(clock, {
    format: cu16RequestFormat,
    obey(request) {
      if (request.board !== address) return undefined
      if (request.command === 'unlock') {
        mechanisms[request.lock - 1]?.pulse()
        return undefined
      }
      const [low = 0, high = 0] = packBits(mechanisms, 2, ({ feedback }) =>
        feedback === 'open' ? openBit : invert(openBit),
      )
      return { bytes: encodeCu16State({ board: address, locks: low | (high << 8), sensors: 0 }), delayMs: queryDelayMs }
    },
  })
}

function createWklyBoard(
  { address }: Extract<LockSettings, { driver: 'lock-wkly' }>,
  mechanisms: readonly LockMechanism[],
  clock: Clock,
): VirtualBoard {
  const stateByte = (mechanism: LockMechanism | undefined) => (mechanism?.feedback === 'open' ? 0x00 : 0x01)
  return createVirtualBoard(clock, {
    format: wklyFormat,
    obey({ address: to, command, data }) {
      if (to !== address) return undefined
      if (command === 'queryAll' && data.length === 0) {
        const states = Uint8Array.of(0x00, mechanisms.length, ...mechanisms.map(stateByte))
        return { bytes: encodeWkly({ address, command, data: states }), delayMs: queryDelayMs }
      }
      const lock = data[0] ?? 0
      const mechanism = mechanisms[lock - 1]
      // A reply heard on the line has more data than a request.
      if (data.length !== 1 || mechanism === undefined) return undefined
      if (command === 'open') mechanism.pulse()
      else if (command !== 'query') return undefined
      const state = command === 'open' ? 0x00 : stateByte(mechanism)
      return { bytes: encodeWkly({ address, command, data: Uint8Array.of(0x00, lock, state) }), delayMs: queryDelayMs }
    },
  })
}

function pulseAll(mechanisms: readonly LockMechanism[]): void {
  for (const mechanism of mechanisms) mechanism.pulse()
}

/** Bytes of one bit a lock, the lowest lock in bit 0 of the first. */
function packBits(
  mechanisms: readonly LockMechanism[],
  byteCount: number,
  bitOf: (mechanism: LockMechanism) => 0 | 1,
): number[] {
  const bytes = Array.from({ length: byteCount }, () => 0)
  mechanisms.slice(0, byteCount * 8).forEach((mechanism, index) => {
    const byte = index >>> 3
    bytes[byte] = (bytes[byte] ?? 0) | (bitOf(mechanism) << (index & 7))
  })
  return bytes
}

function invert(bit: 0 | 1): 0 | 1 {
  return bit === 1 ? 0 : 1
}
