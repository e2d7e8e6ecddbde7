// Every framer under a seeded stream of noise, whole frames, and frames with flipped bits, cut short, doubled or spliced, in
// pieces of any size. A framer must neither throw nor hang nor hold back more than one frame, and must still find the whole
// frames: a fuzz run in which nothing is found would prove nothing.
import { createFramer, type FrameFormat } from '#firmware-bridge/framing/framer.ts'
import { encodeShort, encodeStates, lock8aShortFormat, lock8aStatesFormat } from '#firmware-bridge/protocols/lock-8a.ts'
import {
  cu16RequestFormat,
  cu16StateFormat,
  encodeCu16State,
  encodeCu16Unlock,
} from '#firmware-bridge/protocols/lock-cu16.ts'
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
import {
  decodeSicsReply,
  encodeSicsLine,
  formatSicsWeight,
  sicsLineFormat,
} from '#firmware-bridge/protocols/mt-sics.ts'
import { seededRandom, type Random } from '#shared/ids/random.ts'

const below = (random: Random, limit: number) => random.nextUint32() % limit
const bytesOf = (random: Random, length: number) => Uint8Array.from({ length }, () => below(random, 256))

interface Target {
  readonly format: FrameFormat<unknown>
  /** A whole frame. */
  readonly frame: (random: Random) => Uint8Array
  /** What the product does with a frame. */
  readonly use?: (frame: unknown) => void
}

export const framerTargets: Readonly<Record<string, Target>> = {
  'lock-8a short': {
    format: lock8aShortFormat,
    frame: (r) => encodeShort(0x8a, 1 + below(r, 63), 1 + below(r, 64), below(r, 256)),
  },
  'lock-8a states': {
    format: lock8aStatesFormat([3, 4, 6]),
    frame: (r) => encodeStates(1 + below(r, 63), [...bytesOf(r, [3, 4, 6][below(r, 3)] ?? 3)]),
  },
  'lock-cu48 status': {
    format: cu48StatusFormat,
    frame: (r) => encodeStatus({ address: below(r, 10), data: bytesOf(r, 6) }),
  },
  'lock-cu48 request': { format: cu48RequestFormat, frame: (r) => encodeUnlock(below(r, 10), 1 + below(r, 48)) },
  'lock-cu16 state': {
    format: cu16StateFormat,
    frame: (r) => encodeCu16State({ board: below(r, 16), locks: below(r, 65_536), sensors: below(r, 65_536) }),
  },
  'lock-cu16 request': { format: cu16RequestFormat, frame: (r) => encodeCu16Unlock(below(r, 16), 1 + below(r, 16)) },
  'lock-wkly': {
    format: wklyFormat,
    frame: (r) => encodeWkly({ address: below(r, 32), command: 'queryAll', data: bytesOf(r, below(r, 60)) }),
  },
  'modbus reply': {
    format: modbusReplyFormat,
    frame: (r) =>
      encodeReply({ unit: 1 + below(r, 247), kind: 'read', function: 3, data: bytesOf(r, 2 * (1 + below(r, 20))) }),
  },
  'modbus request': {
    format: modbusRequestFormat,
    frame: (r) =>
      encodeRequest({ unit: 1 + below(r, 247), kind: 'write', address: below(r, 65_536), values: [below(r, 65_536)] }),
  },
  'mt-sics': {
    format: sicsLineFormat,
    frame: (r) => encodeSicsLine(formatSicsWeight(below(r, 2) === 0, below(r, 9_000_000), below(r, 4))),
    use: (frame) => void decodeSicsReply(frame as string),
  },
}

/** One piece of the stream. */
function pieceOf(target: Target, random: Random): Uint8Array {
  const frame = target.frame(random)
  switch (below(random, 8)) {
    case 0:
      return bytesOf(random, below(random, 64))
    case 1: {
      const place = below(random, frame.length)
      frame[place] = (frame[place] ?? 0) ^ (1 << below(random, 8))
      return frame
    }
    case 2:
      return frame.slice(0, below(random, frame.length))
    case 3: {
      const other = target.frame(random)
      return Uint8Array.from([
        ...frame.slice(0, below(random, frame.length)),
        ...other.slice(below(random, other.length)),
      ])
    }
    case 4:
      return Uint8Array.from({ length: 1 + below(random, 300) }, () => frame[0] ?? 0)
    default:
      return frame
  }
}

/** Stretches of the stream made beforehand, so that the run spends its time in the framer. */
function stretchesOf(target: Target, random: Random): Uint8Array[] {
  return Array.from({ length: 256 }, () => {
    const pieces: number[] = []
    while (pieces.length < 4_096) pieces.push(...pieceOf(target, random))
    return Uint8Array.from(pieces)
  })
}

export interface FuzzResult {
  readonly bytes: number
  readonly frames: number
  readonly longestPushMs: number
  readonly heapMegabytes: number
}

/** Throws with the seed and the offset when an invariant breaks. */
export function fuzzFramer(name: string, seed: number, bytes: number): FuzzResult {
  const target = framerTargets[name]
  if (target === undefined) throw new Error(`there is no framer ${name}`)
  const random = seededRandom(seed)
  const stretches = stretchesOf(target, random)
  const framer = createFramer(target.format)
  let [pushed, frames, longestPushMs, heap] = [0, 0, 0, 0]
  while (pushed < bytes) {
    const stretch = stretches[below(random, stretches.length)] ?? new Uint8Array(1)
    const from = below(random, stretch.length)
    const chunk = stretch.subarray(from, from + 1 + below(random, stretch.length - from))
    const startMs = performance.now()
    try {
      for (const one of framer.push(chunk)) {
        if (one.kind !== 'frame') continue
        frames += 1
        target.use?.(one.frame)
      }
    } catch (error) {
      throw new Error(`${name}: seed ${seed}, after ${pushed} bytes: ${String(error)}`, { cause: error })
    }
    longestPushMs = Math.max(longestPushMs, performance.now() - startMs)
    pushed += chunk.length
    if (framer.pendingLength > target.format.maxLength)
      throw new Error(`${name}: seed ${seed}, after ${pushed} bytes: ${framer.pendingLength} bytes are held back`)
    if ((pushed & 0xff_ffff) < chunk.length) heap = Math.max(heap, process.memoryUsage().heapUsed)
  }
  if (frames * 1_000 < bytes / target.format.maxLength) throw new Error(`${name}: only ${frames} frames were found`)
  return { bytes: pushed, frames, longestPushMs, heapMegabytes: heap / 1_048_576 }
}
