import { byteAt, requireInRange, uint16At } from '../framing/bytes.ts'
import { crc16Of } from '../framing/checksums.ts'
import type { FrameFormat, Match } from '../framing/framer.ts'

/**
 * Modbus RTU frames, both directions: functions 01–04 (read bits and registers) and 16 (write registers), with
 * exceptions. Source: MODBUS over Serial Line V1.02 and MODBUS Application Protocol V1.1b3; vectors in hardware.md.
 */

export type ReadFunction = 1 | 2 | 3 | 4

export type ModbusRequest =
  | { unit: number; kind: 'read'; function: ReadFunction; address: number; count: number }
  | { unit: number; kind: 'write'; address: number; values: readonly number[] }

export type ModbusReply =
  | { unit: number; kind: 'read'; function: ReadFunction; data: Uint8Array }
  | { unit: number; kind: 'written'; address: number; count: number }
  | { unit: number; kind: 'exception'; function: number; code: number }

const writeFunction = 16
const maxFrameLength = 256

export function encodeRequest(request: ModbusRequest): Uint8Array {
  requireUnit(request.unit)
  requireInRange('register', request.address, 0, 0xffff)
  if (request.kind === 'read') {
    requireInRange('count', request.count, 1, request.function <= 2 ? 2000 : 125)
    return withCrc([request.unit, request.function, ...word(request.address), ...word(request.count)])
  }
  const { unit, address, values } = request
  requireInRange('count', values.length, 1, 123)
  for (const value of values) requireInRange('register value', value, 0, 0xffff)
  const data = values.flatMap(word)
  return withCrc([unit, writeFunction, ...word(address), ...word(values.length), data.length, ...data])
}

export function encodeReply(reply: ModbusReply): Uint8Array {
  requireUnit(reply.unit)
  if (reply.kind === 'exception') return withCrc([reply.unit, reply.function | 0x80, reply.code])
  if (reply.kind === 'written') {
    return withCrc([reply.unit, writeFunction, ...word(reply.address), ...word(reply.count)])
  }
  requireInRange('data length', reply.data.length, 1, 250)
  return withCrc([reply.unit, reply.function, reply.data.length, ...reply.data])
}

/** Frames that slaves send. */
export const modbusReplyFormat: FrameFormat<ModbusReply> = {
  maxLength: maxFrameLength,
  canScanAhead: true,
  match(bytes) {
    if (bytes.length < 2) return couldBeUnit(bytes)
    const code = byteAt(bytes, 1)
    if ((code & 0x80) !== 0) {
      if (!isKnownFunction(code & 0x7f)) return { kind: 'mismatch', reason: 'junk' }
      return checked(bytes, 5, () => ({
        unit: byteAt(bytes, 0),
        kind: 'exception',
        function: code & 0x7f,
        code: byteAt(bytes, 2),
      }))
    }
    if (code === writeFunction) {
      return checked(bytes, 8, () => ({
        unit: byteAt(bytes, 0),
        kind: 'written',
        address: uint16At(bytes, 2),
        count: uint16At(bytes, 4),
      }))
    }
    if (!isReadFunction(code)) return { kind: 'mismatch', reason: 'junk' }
    if (bytes.length < 3) return { kind: 'incomplete' }
    const dataLength = byteAt(bytes, 2)
    if (dataLength === 0 || dataLength > 250) return { kind: 'mismatch', reason: 'junk' }
    return checked(bytes, 5 + dataLength, () => ({
      unit: byteAt(bytes, 0),
      kind: 'read',
      function: code,
      data: bytes.slice(3, 3 + dataLength),
    }))
  },
}

/** Frames that masters send; the virtual boards read these. */
export const modbusRequestFormat: FrameFormat<ModbusRequest> = {
  maxLength: maxFrameLength,
  canScanAhead: true,
  match(bytes) {
    if (bytes.length < 2) return couldBeUnit(bytes)
    const code = byteAt(bytes, 1)
    if (isReadFunction(code)) {
      return checked(bytes, 8, () => ({
        unit: byteAt(bytes, 0),
        kind: 'read',
        function: code,
        address: uint16At(bytes, 2),
        count: uint16At(bytes, 4),
      }))
    }
    if (code !== writeFunction) return { kind: 'mismatch', reason: 'junk' }
    if (bytes.length < 7) return { kind: 'incomplete' }
    const dataLength = byteAt(bytes, 6)
    if (dataLength === 0 || dataLength !== uint16At(bytes, 4) * 2) return { kind: 'mismatch', reason: 'junk' }
    return checked(bytes, 9 + dataLength, () => ({
      unit: byteAt(bytes, 0),
      kind: 'write',
      address: uint16At(bytes, 2),
      values: Array.from({ length: dataLength / 2 }, (_, index) => uint16At(bytes, 7 + index * 2)),
    }))
  },
}

function checked<Frame>(bytes: Uint8Array, length: number, decode: () => Frame): Match<Frame> {
  if (length > maxFrameLength) return { kind: 'mismatch', reason: 'junk' }
  if (bytes.length < length) return { kind: 'incomplete' }
  const crc = byteAt(bytes, length - 2) | (byteAt(bytes, length - 1) << 8)
  if (crc !== crc16Of(bytes, length - 2)) return { kind: 'mismatch', reason: 'checksum' }
  return { kind: 'frame', length, frame: decode() }
}

function couldBeUnit(bytes: Uint8Array): Match<never> {
  const unit = byteAt(bytes, 0)
  return unit >= 1 && unit <= 247 ? { kind: 'incomplete' } : { kind: 'mismatch', reason: 'junk' }
}

function isReadFunction(code: number): code is ReadFunction {
  return code >= 1 && code <= 4
}

function isKnownFunction(code: number): boolean {
  return isReadFunction(code) || code === writeFunction
}

/** 0 would be a broadcast, which no slave answers and every slave obeys. */
function requireUnit(unit: number): void {
  requireInRange('unit', unit, 1, 247)
}

function word(value: number): [number, number] {
  return [value >>> 8, value & 0xff]
}

function withCrc(bytes: readonly number[]): Uint8Array {
  const crc = crc16Of(bytes)
  return Uint8Array.from([...bytes, crc & 0xff, crc >>> 8])
}
