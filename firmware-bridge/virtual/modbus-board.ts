import type { Clock } from '#shared/time/clock.ts'
import { encodeReply, modbusRequestFormat, type ModbusRequest } from '../protocols/modbus-rtu.ts'
import { createVirtualBoard, type VirtualBoard } from './virtual-board.ts'

/** A Modbus slave made of a register map. */

/** What a read or write of the map comes to; an exception has its Modbus code. */
export type MapResult<T> = { kind: 'ok'; value: T } | { kind: 'exception'; code: 1 | 2 | 3 | 4 } | { kind: 'silent' }

export interface RegisterMap {
  /** One bit (functions 1 and 2) or one register (3 and 4) of 16 bits. */
  read(request: Extract<ModbusRequest, { kind: 'read' }>, address: number): MapResult<number>
  write(address: number, values: readonly number[]): MapResult<void>
}

export const illegalFunction = { kind: 'exception', code: 1 } as const
export const illegalAddress = { kind: 'exception', code: 2 } as const

export function createModbusBoard(
  clock: Clock,
  options: { unit: number; replyDelayMs: number; map: RegisterMap },
): VirtualBoard {
  const { unit, replyDelayMs: delayMs, map } = options
  return createVirtualBoard(clock, {
    format: modbusRequestFormat,
    obey(request) {
      if (request.unit !== unit) return undefined
      const exception = (code: number) => {
        const failed = request.kind === 'read' ? request.function : 16
        return { bytes: encodeReply({ unit, kind: 'exception', function: failed, code }), delayMs }
      }
      if (request.kind === 'write') {
        const result = map.write(request.address, request.values)
        if (result.kind === 'silent') return undefined
        if (result.kind === 'exception') return exception(result.code)
        const count = request.values.length
        return { bytes: encodeReply({ unit, kind: 'written', address: request.address, count }), delayMs }
      }
      const isBits = request.function <= 2
      if (request.count < 1 || request.count > (isBits ? 2000 : 125)) return exception(3)
      const values: number[] = []
      for (let index = 0; index < request.count; index += 1) {
        const result = map.read(request, request.address + index)
        if (result.kind === 'silent') return undefined
        if (result.kind === 'exception') return exception(result.code)
        values.push(result.value)
      }
      const data = isBits ? packBits(values) : Uint8Array.from(values.flatMap((value) => [value >>> 8, value & 0xff]))
      return { bytes: encodeReply({ unit, kind: 'read', function: request.function, data }), delayMs }
    },
  })
}

function packBits(bits: readonly number[]): Uint8Array {
  const data = new Uint8Array(Math.ceil(bits.length / 8))
  bits.forEach((bit, index) => {
    data[index >>> 3] = (data[index >>> 3] ?? 0) | ((bit & 1) << (index & 7))
  })
  return data
}
