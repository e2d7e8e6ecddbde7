import { byteAt, requireInRange } from '../framing/bytes.ts'
import { xorOf } from '../framing/checksums.ts'
import type { FrameFormat } from '../framing/framer.ts'

/**
 * WKLY lock boards: "WKLY" LEN ADDR CMD DATA XOR, LEN counting the whole frame. Replies carry a status byte first, 00
 * when the board did as told. Source: hardware.md, locks D.
 */

export const wklyAddresses = { low: 0, high: 31 }
export const wklyMaxLocks = 64

const head = [0x57, 0x4b, 0x4c, 0x59]
const commands = { open: 0x82, query: 0x83, queryAll: 0x84, doorPush: 0x85 } as const
const maxLength = 128

export interface WklyFrame {
  address: number
  command: keyof typeof commands
  data: Uint8Array
}

export function encodeWklyOpen(address: number, lock: number): Uint8Array {
  requireInRange('lock', lock, 1, wklyMaxLocks)
  return encodeWkly({ address, command: 'open', data: Uint8Array.of(lock) })
}

export function encodeWklyQuery(address: number, lock: number): Uint8Array {
  requireInRange('lock', lock, 1, wklyMaxLocks)
  return encodeWkly({ address, command: 'query', data: Uint8Array.of(lock) })
}

export function encodeWklyQueryAll(address: number): Uint8Array {
  return encodeWkly({ address, command: 'queryAll', data: new Uint8Array(0) })
}

/** Board's side: answers and pushes have the same frame. Lock 0 in an open command is refused here too. */
export function encodeWkly({ address, command, data }: WklyFrame): Uint8Array {
  requireInRange('address', address, wklyAddresses.low, wklyAddresses.high)
  if (command === 'open' && data.length === 1) requireInRange('lock', byteAt(data, 0), 1, wklyMaxLocks)
  const length = data.length + 8
  requireInRange('frame length', length, 8, maxLength)
  const bytes = [...head, length, address, commands[command], ...data]
  return Uint8Array.from([...bytes, xorOf(Uint8Array.from(bytes))])
}

/** Both directions. */
export const wklyFormat: FrameFormat<WklyFrame> = {
  maxLength,
  match(bytes) {
    for (let index = 0; index < Math.min(4, bytes.length); index += 1) {
      if (byteAt(bytes, index) !== head[index]) return { kind: 'mismatch', reason: 'junk' }
    }
    const length = bytes[4]
    if (length === undefined) return { kind: 'incomplete' }
    if (length < 8 || length > maxLength) return { kind: 'mismatch', reason: 'junk' }
    const command = bytes[6] === undefined ? undefined : commandOf(bytes[6])
    if (bytes.length > 6 && command === undefined) return { kind: 'mismatch', reason: 'junk' }
    if (bytes.length < length || command === undefined) return { kind: 'incomplete' }
    if (xorOf(bytes.subarray(0, length - 1)) !== byteAt(bytes, length - 1)) {
      return { kind: 'mismatch', reason: 'checksum' }
    }
    return { kind: 'frame', length, frame: { address: byteAt(bytes, 5), command, data: bytes.slice(7, length - 1) } }
  },
}

function commandOf(byte: number): WklyFrame['command'] | undefined {
  if (byte === commands.open) return 'open'
  if (byte === commands.query) return 'query'
  if (byte === commands.queryAll) return 'queryAll'
  return byte === commands.doorPush ? 'doorPush' : undefined
}
