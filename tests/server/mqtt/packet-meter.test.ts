import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PacketMeter } from '#server/mqtt/packet-meter.ts'

const limit = 50_000

/** A packet: type byte, remaining length in base 128, that many bytes. */
function packet(type: number, length: number): Buffer {
  const header = [type]
  let left = length
  do {
    const digit = left % 128
    left = Math.floor(left / 128)
    header.push(left > 0 ? digit | 0x80 : digit)
  } while (left > 0)
  return Buffer.concat([Buffer.from(header), Buffer.alloc(length, 0xff)])
}

/** Feeds bytes in pieces of these sizes (again and again); false as soon as the meter says no. */
function feed(meter: PacketMeter, bytes: Buffer, sizes: readonly number[]): boolean {
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1
    if (!meter.accepts(bytes.subarray(at, at + size))) return false
    at += size
  }
  return true
}

const splits = fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1, maxLength: 8 })

describe('the meter of a connection', () => {
  it('lets any packets within the limit through, however they are split', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: limit }), { maxLength: 6 }), splits, (lengths, sizes) => {
        const bytes = Buffer.concat([packet(0x10, 60), ...lengths.map((length) => packet(0x32, length))])
        expect(feed(new PacketMeter(limit), bytes, sizes)).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  it('stops at a packet over the limit, however it is split', () => {
    fc.assert(
      fc.property(fc.integer({ min: limit + 1, max: limit * 2 }), splits, (length, sizes) => {
        const bytes = Buffer.concat([packet(0x10, 60), packet(0x32, 10), packet(0x32, length).subarray(0, 5)])
        expect(feed(new PacketMeter(limit), bytes, sizes)).toBe(false)
      }),
      { numRuns: 60 },
    )
  })

  it('allows less before the first packet, and no length of five bytes', () => {
    expect(new PacketMeter(limit).accepts(packet(0x10, 20_000))).toBe(false)
    expect(new PacketMeter(limit).accepts(Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff, 0x01]))).toBe(false)
  })
})
