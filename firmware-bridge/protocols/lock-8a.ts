import { byteAt, requireInRange } from '../framing/bytes.ts'
import { xorOf } from '../framing/checksums.ts'
import type { FrameFormat, Match } from '../framing/framer.ts'

/**
 * The "8A / 80" lock board family: HEAD ADDR LOCK FUNC XOR. Locks are 1-based and lock 00 means every lock, so no
 * encoder here takes 0. Source: hardware.md, locks A.
 */

/** Addresses that DIP switches of this family can set. */
export const lock8aAddresses = { low: 1, high: 63 }
/** Four state bytes carry 32 locks; boards with more answer lock by lock. */
export const lock8aMaxLocks = 64

const openHead = 0x8a
const queryHead = 0x80
const pushHead = 0x81
const openFunction = 0x11
const queryFunction = 0x33

/** Five bytes on the wire, in either direction. `value` is FUNC in a request and the state in a reply. */
export interface Lock8aShortFrame {
  kind: 'short'
  head: 0x80 | 0x81 | 0x8a
  address: number
  lock: number
  value: number
}

/** Answer to "query all": `states[0]` holds locks 1–8 with bit 0 the lowest (on the wire the bytes run backwards). */
export interface Lock8aStatesFrame {
  kind: 'states'
  address: number
  states: readonly number[]
}

export type Lock8aFrame = Lock8aShortFrame | Lock8aStatesFrame

export function encodeOpen(address: number, lock: number): Uint8Array {
  return encodeShort(openHead, address, lock, openFunction)
}

export function encodeQuery(address: number, lock: number): Uint8Array {
  return encodeShort(queryHead, address, lock, queryFunction)
}

export function encodeQueryAll(address: number): Uint8Array {
  requireInRange('address', address, lock8aAddresses.low, lock8aAddresses.high)
  return withXor([queryHead, address, 0x00, queryFunction])
}

/** Any short frame with a lock number of 1 or more; boards' replies and pushes are of this form too. */
export function encodeShort(head: Lock8aShortFrame['head'], address: number, lock: number, value: number): Uint8Array {
  requireInRange('address', address, lock8aAddresses.low, lock8aAddresses.high)
  requireInRange('lock', lock, 1, lock8aMaxLocks)
  return withXor([head, address, lock, value])
}

export function encodeStates(address: number, states: readonly number[]): Uint8Array {
  requireInRange('address', address, lock8aAddresses.low, lock8aAddresses.high)
  requireInRange('state bytes', states.length, 1, 8)
  return withXor([queryHead, address, ...states.toReversed(), queryFunction])
}

/** Whether a reply to "query all" says 1 for this lock. */
export function stateBitOf(frame: Lock8aStatesFrame, lock: number): 0 | 1 {
  return ((byteAt(Uint8Array.from(frame.states), (lock - 1) >>> 3) >>> ((lock - 1) & 7)) & 1) === 1 ? 1 : 0
}

/** Five-byte frames: all requests, and every reply but the one to "query all". */
export const lock8aShortFormat: FrameFormat<Lock8aShortFrame> = { maxLength: 5, match: matchShort }

/**
 * What comes while a "query all" is out: its reply, which has as many state bytes as the installation's boards send
 * (one length when known, several tried in order when not), and short frames that are pushed or late.
 */
export function lock8aStatesFormat(stateByteCounts: readonly number[]): FrameFormat<Lock8aFrame> {
  const longest = Math.max(...stateByteCounts) + 4
  return {
    maxLength: longest,
    match(bytes) {
      // A short frame with head 80 is the start of a states frame as often as not: only the other heads are short here.
      if (byteAt(bytes, 0) !== queryHead) return matchShort(bytes)
      if (bytes.length >= 2 && !isAddress(byteAt(bytes, 1))) return { kind: 'mismatch', reason: 'junk' }
      for (const count of stateByteCounts) {
        const match = matchStates(bytes, count)
        if (match !== undefined) return match
      }
      if (bytes.length < longest) return { kind: 'incomplete' }
      const hasEnding = stateByteCounts.some((count) => byteAt(bytes, count + 2) === queryFunction)
      return { kind: 'mismatch', reason: hasEnding ? 'checksum' : 'junk' }
    },
  }
}

function matchShort(bytes: Uint8Array): Match<Lock8aShortFrame> {
  const head = byteAt(bytes, 0)
  if (head !== openHead && head !== queryHead && head !== pushHead) return { kind: 'mismatch', reason: 'junk' }
  if (bytes.length >= 2 && !isAddress(byteAt(bytes, 1))) return { kind: 'mismatch', reason: 'junk' }
  if (bytes.length < 5) return { kind: 'incomplete' }
  if (xorOf(bytes.subarray(0, 4)) !== byteAt(bytes, 4)) return { kind: 'mismatch', reason: 'checksum' }
  const frame = { head, address: byteAt(bytes, 1), lock: byteAt(bytes, 2), value: byteAt(bytes, 3) } as const
  return { kind: 'frame', length: 5, frame: { kind: 'short', ...frame } }
}

function matchStates(bytes: Uint8Array, count: number): Match<Lock8aStatesFrame> | undefined {
  const length = count + 4
  if (bytes.length < length || byteAt(bytes, length - 2) !== queryFunction) return undefined
  if (xorOf(bytes.subarray(0, length - 1)) !== byteAt(bytes, length - 1)) return undefined
  const states = Array.from(bytes.subarray(2, 2 + count)).toReversed()
  return { kind: 'frame', length, frame: { kind: 'states', address: byteAt(bytes, 1), states } }
}

function isAddress(address: number): boolean {
  return address >= lock8aAddresses.low && address <= lock8aAddresses.high
}

function withXor(bytes: readonly number[]): Uint8Array {
  return Uint8Array.from([...bytes, xorOf(Uint8Array.from(bytes))])
}
