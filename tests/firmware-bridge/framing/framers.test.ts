import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createFramer, type Framed, type FrameFormat } from '#firmware-bridge/framing/framer.ts'
import { encodeShort, encodeStates, lock8aShortFormat, lock8aStatesFormat } from '#firmware-bridge/protocols/lock-8a.ts'
import { cu16StateFormat, encodeCu16State } from '#firmware-bridge/protocols/lock-cu16.ts'
import {
  cu48RequestFormat,
  cu48StatusFormat,
  encodeStatus,
  encodeUnlock,
} from '#firmware-bridge/protocols/lock-cu48.ts'
import { encodeWkly, wklyFormat } from '#firmware-bridge/protocols/lock-wkly.ts'
import {
  encodeReply,
  encodeRequest,
  modbusReplyFormat,
  modbusRequestFormat,
} from '#firmware-bridge/protocols/modbus-rtu.ts'
import { encodeSicsLine, sicsLineFormat } from '#firmware-bridge/protocols/mt-sics.ts'

const byte = fc.integer({ min: 0, max: 255 })
const data = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength })

/** A protocol with frames drawn from all it can say. `junk` are bytes that cannot begin or continue a frame. */
interface Protocol {
  name: string
  format: FrameFormat<unknown>
  frame: fc.Arbitrary<Uint8Array>
  junkByte: fc.Arbitrary<number>
}

const junkBut = (...starts: number[]) => byte.filter((value) => !starts.includes(value))

const protocols: Protocol[] = [
  {
    name: '8A short',
    format: lock8aShortFormat,
    frame: fc
      .tuple(fc.constantFrom(0x80, 0x81, 0x8a), fc.integer({ min: 1, max: 63 }), fc.integer({ min: 1, max: 64 }), byte)
      .map(([head, address, lock, value]) => encodeShort(head as 0x80, address, lock, value)),
    junkByte: junkBut(0x80, 0x81, 0x8a),
  },
  {
    name: '8A states',
    format: lock8aStatesFormat([4]),
    frame: fc
      .tuple(fc.integer({ min: 1, max: 63 }), data(4, 4))
      .map(([address, states]) => encodeStates(address, [...states])),
    junkByte: junkBut(0x80, 0x81, 0x8a),
  },
  {
    name: 'CU48 status',
    format: cu48StatusFormat,
    frame: fc
      .tuple(fc.integer({ min: 0, max: 9 }), data(6, 6))
      .map(([address, bits]) => encodeStatus({ address, data: bits })),
    junkByte: junkBut(0x02),
  },
  {
    name: 'CU48 request',
    format: cu48RequestFormat,
    frame: fc
      .tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 1, max: 48 }))
      .map(([board, lock]) => encodeUnlock(board, lock)),
    junkByte: junkBut(0x02),
  },
  {
    name: 'CU16 state',
    format: cu16StateFormat,
    frame: fc
      .tuple(fc.integer({ min: 0, max: 15 }), fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0, max: 0xffff }))
      .map(([board, locks, sensors]) => encodeCu16State({ board, locks, sensors })),
    junkByte: junkBut(0x02),
  },
  {
    name: 'WKLY',
    format: wklyFormat,
    frame: fc
      .tuple(fc.integer({ min: 0, max: 31 }), fc.constantFrom('query' as const, 'queryAll' as const), data(0, 60))
      .map(([address, command, bytes]) => encodeWkly({ address, command, data: bytes })),
    junkByte: junkBut(0x57),
  },
  {
    name: 'Modbus reply',
    format: modbusReplyFormat,
    frame: fc
      .tuple(fc.integer({ min: 1, max: 247 }), fc.constantFrom(1, 2, 3, 4), data(1, 250))
      .map(([unit, code, bytes]) => encodeReply({ unit, kind: 'read', function: code as 1, data: bytes })),
    junkByte: fc.constantFrom(0, 248, 255),
  },
  {
    name: 'Modbus request',
    format: modbusRequestFormat,
    frame: fc
      .tuple(
        fc.integer({ min: 1, max: 247 }),
        fc.integer({ min: 0, max: 0xffff }),
        fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 1, maxLength: 123 }),
      )
      .map(([unit, address, values]) => encodeRequest({ unit, kind: 'write', address, values })),
    junkByte: fc.constantFrom(0, 248, 255),
  },
  {
    name: 'MT-SICS line',
    format: sicsLineFormat,
    frame: fc.stringMatching(/^[ -~]{1,40}$/).map(encodeSicsLine),
    junkByte: fc.constantFrom(0x00, 0x7f, 0xff, 0x0a),
  },
]

function join(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}

/** Pushes the bytes cut at the given places and ends the stream. */
function run<Frame>(format: FrameFormat<Frame>, bytes: Uint8Array, cuts: readonly number[]): Array<Framed<Frame>> {
  const framer = createFramer(format)
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted((a, b) => a - b)
  const out: Array<Framed<Frame>> = []
  let from = 0
  for (const to of [...places, bytes.length]) {
    out.push(...framer.push(bytes.subarray(from, to)))
    expect(framer.pendingLength).toBeLessThanOrEqual(format.maxLength)
    from = to
  }
  return [...out, ...framer.finish()]
}

const cuts = fc.array(fc.nat(2000), { maxLength: 12 })

describe.each(protocols)('$name framing', ({ format, frame, junkByte }) => {
  const junk = fc.array(junkByte, { maxLength: 20 }).map((bytes) => Uint8Array.from(bytes))

  it('finds every frame over any split, with junk before, between and after, and loses no byte', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(junk, frame), { maxLength: 5 }), junk, cuts, (pieces, tail, places) => {
        const bytes = join([...pieces.flat(), tail])

        const out = run(format, bytes, places)

        const alone = pieces.flatMap(([, each]) => run(format, each, []))
        const discarded = out.flatMap((each) => (each.kind === 'discarded' ? [...each.bytes] : []))
        expect(out.filter(({ kind }) => kind === 'frame')).toEqual(alone)
        expect(discarded).toEqual([...join([...pieces.map(([before]) => before), tail])])
      }),
    )
  })

  it('gives the same for any split of any bytes, in bounded space, and accounts for all of them', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(frame, data(0, 30))), cuts, (pieces, places) => {
        const bytes = join(pieces)
        // Neighbouring junk may come out in more pieces when it came in in more.
        const flat = (out: Array<Framed<unknown>>) =>
          out.flatMap((each) => (each.kind === 'frame' ? [each.frame] : [...each.bytes]))

        expect(flat(run(format, bytes, places))).toEqual(flat(run(format, bytes, [])))
      }),
    )
  })
})

// A line of text carries no checksum: there only the line's end is protected.
describe.each(protocols.filter(({ format }) => format !== sicsLineFormat))('$name checksum', ({ format, frame }) => {
  it('never takes a frame with one bit wrong for the frame that was sent', () => {
    fc.assert(
      fc.property(frame, fc.nat(), fc.integer({ min: 0, max: 7 }), (good, place, bit) => {
        const bad = good.slice()
        const index = place % bad.length
        bad[index] = (bad[index] ?? 0) ^ (1 << bit)

        const [sent] = run(format, good, [])
        expect(run(format, bad, [])).not.toContainEqual(sent)
      }),
    )
  })
})
