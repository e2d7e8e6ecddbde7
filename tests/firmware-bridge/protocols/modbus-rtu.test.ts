import { describe, expect, it } from 'vitest'
import { decodeDiniReading } from '#firmware-bridge/drivers/scale-dini-dgt.ts'
import { decodeSbtReading } from '#firmware-bridge/drivers/scale-sbt.ts'
import { int16At, int32At, uint16At } from '#firmware-bridge/framing/bytes.ts'
import { createFramer, type FrameFormat } from '#firmware-bridge/framing/framer.ts'
import {
  encodeReply,
  encodeRequest,
  modbusReplyFormat,
  modbusRequestFormat,
  type ModbusRequest,
} from '#firmware-bridge/protocols/modbus-rtu.ts'
import { hex, modbusVectors as vectors } from '#tests/fixtures/hardware-vectors.ts'

function only<Frame>(format: FrameFormat<Frame>, text: string): Frame {
  const out = createFramer(format).push(hex(text))
  const [first] = out
  if (out.length !== 1 || first?.kind !== 'frame') throw new Error(`${text} is not one frame`)
  return first.frame
}

function dataOf(text: string): Uint8Array {
  const reply = only(modbusReplyFormat, text)
  if (reply.kind !== 'read') throw new Error(`${text} is no answer to a read`)
  return reply.data
}

const requests: Array<[string, ModbusRequest]> = [
  [vectors.sbtStatus, { unit: 1, kind: 'read', function: 3, address: 8, count: 1 }],
  [vectors.sbtGross, { unit: 1, kind: 'read', function: 3, address: 80, count: 2 }],
  [vectors.sbtNet, { unit: 1, kind: 'read', function: 3, address: 82, count: 2 }],
  [vectors.sbtZero, { unit: 1, kind: 'write', address: 94, values: [1] }],
  [vectors.sbtTare, { unit: 1, kind: 'write', address: 84, values: [0, 100] }],
  [vectors.sbtUnlock, { unit: 1, kind: 'write', address: 5, values: [0x5aa5] }],
  [vectors.diniAll, { unit: 1, kind: 'read', function: 4, address: 0, count: 5 }],
  [vectors.thermometer, { unit: 1, kind: 'read', function: 4, address: 1, count: 2 }],
  [vectors.inputs, { unit: 1, kind: 'read', function: 2, address: 0, count: 8 }],
]

describe('Modbus RTU vectors', () => {
  it.each(requests)('request %s', (text, request) => {
    expect(encodeRequest(request)).toEqual(hex(text))
    expect(only(modbusRequestFormat, text)).toEqual(request)
  })

  it.each([vectors.sbtStatusReply, vectors.sbtGrossReply, vectors.sbtNetReply, vectors.sbtZeroReply])(
    'reply %s is read and written again',
    (text) => {
      expect(encodeReply(only(modbusReplyFormat, text))).toEqual(hex(text))
    },
  )

  it.each([vectors.sbtTareReply, vectors.sbtUnlockReply, vectors.sbtException])(
    'acknowledgement or refusal %s is read and written again',
    (text) => {
      expect(encodeReply(only(modbusReplyFormat, text))).toEqual(hex(text))
    },
  )

  it('reads the values that the vectors carry', () => {
    expect(int32At(dataOf(vectors.sbtGrossReply), 0)).toBe(132)
    expect(int32At(dataOf(vectors.sbtNetReply), 0)).toBe(-15_889)
    expect(int16At(dataOf(vectors.thermometerReply), 0)).toBe(305)
    expect(uint16At(dataOf(vectors.thermometerReply), 2)).toBe(546)
    expect(dataOf(vectors.inputsReply)).toEqual(Uint8Array.of(0b0010_0000))
    expect(only(modbusReplyFormat, vectors.sbtException)).toEqual({ unit: 1, kind: 'exception', function: 3, code: 2 })
  })

  it('never broadcasts: unit 0 cannot be addressed', () => {
    expect(() => encodeRequest({ unit: 0, kind: 'write', address: 94, values: [1] })).toThrow(RangeError)
    expect(() => encodeRequest({ unit: 248, kind: 'read', function: 3, address: 0, count: 1 })).toThrow(RangeError)
  })
})

describe('what scales’ registers mean', () => {
  it('SBT: the published status has two decimals and is stable, for bit 5 is clear', () => {
    const status = uint16At(dataOf(vectors.sbtStatusReply), 0)

    expect(decodeSbtReading(status, 132, -15_889, 'g')).toEqual({ grossMg: 1320, netMg: -158_890, isStable: true })
  })

  it.each([
    [0x0000, { grossMg: 132_000, netMg: 132_000, isStable: true }],
    [0x0020, { grossMg: 132_000, netMg: 132_000, isStable: false }],
    [0x0040, { grossMg: 132_000, netMg: 132_000, isStable: true, rangeFault: 'overload' }],
    [0x0200, { grossMg: 132_000, netMg: 132_000, isStable: true, rangeFault: 'overload' }],
    [0x0048, { grossMg: 132_000, netMg: 132_000, isStable: true, rangeFault: 'underload' }],
  ] as const)('SBT status %i', (status, reading) => {
    expect(decodeSbtReading(status, 132, 132, 'g')).toEqual(reading)
  })

  it('SBT in kilograms with three decimals', () => {
    expect(decodeSbtReading(3, 1234, -5, 'kg')).toEqual({ grossMg: 1_234_000, netMg: -5000, isStable: true })
  })

  it('Dini Argeo: magnitudes with the signs in the status, and the opposite stable bit', () => {
    const registers = hex('00 00 04 D2 00 01 00 00 00 05')

    expect(decodeDiniReading(registers, { decimals: 0, unit: 'g' })).toEqual({
      grossMg: 1_234_000,
      netMg: -65_536_000,
      isStable: true,
    })
    expect(decodeDiniReading(hex('00 00 00 00 00 00 00 00 00 10'), { decimals: 0, unit: 'g' })).toEqual({
      grossMg: 0,
      netMg: 0,
      isStable: false,
      rangeFault: 'overload',
    })
  })
})
