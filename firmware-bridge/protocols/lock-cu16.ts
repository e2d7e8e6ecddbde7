import { byteAt, requireInRange } from '../framing/bytes.ts'
import { sumOf } from '../framing/checksums.ts'
import type { FrameFormat } from '../framing/framer.ts'

/**
 * Kerong CU16: 02 ADDR CMD 03 SUM with ADDR = board·16 + lock (0-based). Command 33h opens everything and is not here.
 * Source: hardware.md, locks C.
 */

export const cu16LockCount = 16
export const cu16Boards = { low: 0, high: 15 }

const start = 0x02
const end = 0x03
const stateCommand = 0x30
const unlockCommand = 0x31
const stateReply = 0x35

export interface Cu16Request {
  board: number
  /** 1-based. */
  lock: number
  command: 'state' | 'unlock'
}

/** Bit 0 of `locks` is lock 1; `sensors` are the infrared inputs. */
export interface Cu16State {
  board: number
  locks: number
  sensors: number
}

export function encodeCu16StateRequest(board: number): Uint8Array {
  requireInRange('board', board, cu16Boards.low, cu16Boards.high)
  return withSum([start, board * 16, stateCommand, end])
}

export function encodeCu16Unlock(board: number, lock: number): Uint8Array {
  requireInRange('board', board, cu16Boards.low, cu16Boards.high)
  requireInRange('lock', lock, 1, cu16LockCount)
  return withSum([start, board * 16 + lock - 1, unlockCommand, end])
}

export function encodeCu16State({ board, locks, sensors }: Cu16State): Uint8Array {
  requireInRange('board', board, cu16Boards.low, cu16Boards.high)
  const data = [locks & 0xff, locks >>> 8, sensors & 0xff, sensors >>> 8]
  return withSum([start, board * 16, stateReply, ...data, end])
}

/** What the board sends. */
export const cu16StateFormat: FrameFormat<Cu16State> = {
  maxLength: 9,
  match(bytes) {
    const isPossible =
      byteAt(bytes, 0) === start &&
      (bytes.length < 3 || byteAt(bytes, 2) === stateReply) &&
      (bytes.length < 8 || byteAt(bytes, 7) === end)
    if (!isPossible) return { kind: 'mismatch', reason: 'junk' }
    if (bytes.length < 9) return { kind: 'incomplete' }
    if (sumOf(bytes.subarray(0, 8)) !== byteAt(bytes, 8)) return { kind: 'mismatch', reason: 'checksum' }
    const locks = byteAt(bytes, 3) | (byteAt(bytes, 4) << 8)
    const sensors = byteAt(bytes, 5) | (byteAt(bytes, 6) << 8)
    return { kind: 'frame', length: 9, frame: { board: byteAt(bytes, 1) >>> 4, locks, sensors } }
  },
}

/** What the board hears. */
export const cu16RequestFormat: FrameFormat<Cu16Request> = {
  maxLength: 5,
  match(bytes) {
    const command = bytes[2]
    const isPossible =
      byteAt(bytes, 0) === start &&
      (command === undefined || command === stateCommand || command === unlockCommand) &&
      (bytes.length < 4 || byteAt(bytes, 3) === end)
    if (!isPossible) return { kind: 'mismatch', reason: 'junk' }
    if (bytes.length < 5) return { kind: 'incomplete' }
    if (sumOf(bytes.subarray(0, 4)) !== byteAt(bytes, 4)) return { kind: 'mismatch', reason: 'checksum' }
    const frame = { board: byteAt(bytes, 1) >>> 4, lock: (byteAt(bytes, 1) & 0x0f) + 1 }
    return { kind: 'frame', length: 5, frame: { ...frame, command: command === stateCommand ? 'state' : 'unlock' } }
  },
}

function withSum(bytes: readonly number[]): Uint8Array {
  return Uint8Array.from([...bytes, sumOf(Uint8Array.from(bytes))])
}
