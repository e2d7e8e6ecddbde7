import { byteAt, requireInRange } from '../framing/bytes.ts'
import { sumOf } from '../framing/checksums.ts'
import type { FrameFormat } from '../framing/framer.ts'

/**
 * Kerong CU48: 02 ADDR LOCK CMD [DATA] 03 SUM. Locks are 0-based on the wire; LOCK 30h and ADDR 0Ah mean "all", so the
 * encoders take locks 1…48 and boards 0…9 and nothing else. Source: hardware.md, locks B.
 */

export const cu48LockCount = 48
export const cu48Addresses = { low: 0, high: 9 }

const start = 0x02
const end = 0x03
const statusCommand = 0x50
const unlockCommand = 0x51
const statusReply = 0x65

export interface Cu48Request {
  address: number
  /** As on the wire: 0-based; 0x30 is "all". */
  wireLock: number
  command: 'status' | 'unlock'
}

/** `data[0]` bit 0 is lock 1 … `data[5]` bit 7 is lock 48. */
export interface Cu48Status {
  address: number
  data: Uint8Array
}

export function encodeStatusRequest(address: number): Uint8Array {
  requireInRange('address', address, cu48Addresses.low, cu48Addresses.high)
  return withSum([start, address, 0x00, statusCommand, end])
}

export function encodeUnlock(address: number, lock: number): Uint8Array {
  requireInRange('address', address, cu48Addresses.low, cu48Addresses.high)
  requireInRange('lock', lock, 1, cu48LockCount)
  return withSum([start, address, lock - 1, unlockCommand, end])
}

export function encodeStatus({ address, data }: Cu48Status): Uint8Array {
  requireInRange('address', address, cu48Addresses.low, cu48Addresses.high)
  requireInRange('state bytes', data.length, 6, 6)
  return withSum([start, address, 0x00, statusReply, ...data, end])
}

export function cu48BitOf(status: Cu48Status, lock: number): 0 | 1 {
  return ((byteAt(status.data, (lock - 1) >>> 3) >>> ((lock - 1) & 7)) & 1) === 1 ? 1 : 0
}

/** What the board sends. */
export const cu48StatusFormat: FrameFormat<Cu48Status> = {
  maxLength: 12,
  match(bytes) {
    const isPossible =
      byteAt(bytes, 0) === start &&
      (bytes.length < 2 || byteAt(bytes, 1) <= cu48Addresses.high) &&
      (bytes.length < 4 || byteAt(bytes, 3) === statusReply) &&
      (bytes.length < 11 || byteAt(bytes, 10) === end)
    if (!isPossible) return { kind: 'mismatch', reason: 'junk' }
    if (bytes.length < 12) return { kind: 'incomplete' }
    if (sumOf(bytes.subarray(0, 11)) !== byteAt(bytes, 11)) return { kind: 'mismatch', reason: 'checksum' }
    return { kind: 'frame', length: 12, frame: { address: byteAt(bytes, 1), data: bytes.slice(4, 10) } }
  },
}

/** What the board hears, "all" forms included: a real board obeys them. */
export const cu48RequestFormat: FrameFormat<Cu48Request> = {
  maxLength: 6,
  match(bytes) {
    const command = bytes[3]
    const isPossible =
      byteAt(bytes, 0) === start &&
      (command === undefined || command === statusCommand || command === unlockCommand) &&
      (bytes.length < 5 || byteAt(bytes, 4) === end)
    if (!isPossible) return { kind: 'mismatch', reason: 'junk' }
    if (bytes.length < 6) return { kind: 'incomplete' }
    if (sumOf(bytes.subarray(0, 5)) !== byteAt(bytes, 5)) return { kind: 'mismatch', reason: 'checksum' }
    const frame = { address: byteAt(bytes, 1), wireLock: byteAt(bytes, 2) }
    return {
      kind: 'frame',
      length: 6,
      frame: { ...frame, command: command === statusCommand ? 'status' : 'unlock' },
    }
  },
}

function withSum(bytes: readonly number[]): Uint8Array {
  return Uint8Array.from([...bytes, sumOf(Uint8Array.from(bytes))])
}
