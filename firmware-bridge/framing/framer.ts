/**
 * Bytes in, frames and junk out. Pure: no clock, no I/O. A frame is found by header, length and checksum, never by
 * silence; when the bytes at hand cannot be a frame one byte is dropped and the next is looked at (hardware.md, rules).
 */

/** What a protocol says of the bytes at the front of the buffer. */
export type Match<Frame> =
  | { kind: 'frame'; length: number; frame: Frame }
  /** So far it may become a frame, but bytes are missing. */
  | { kind: 'incomplete' }
  | { kind: 'mismatch'; reason: DiscardReason }

/** `checksum`: header and length fit and the checksum does not; `junk`: no frame begins like this. */
export type DiscardReason = 'checksum' | 'junk'

export type Framed<Frame> =
  | { kind: 'frame'; frame: Frame }
  | { kind: 'discarded'; reason: DiscardReason; bytes: Uint8Array }

/** One wire protocol's frames, in one direction. `match` gets at least one byte and never more than it asked for. */
export interface FrameFormat<Frame> {
  /** No frame is longer, in bytes; the buffer never grows past it. */
  readonly maxLength: number
  /** Only for strong checksums (CRC-16): a whole frame behind an unfinished one proves that one to be junk. */
  readonly canScanAhead?: boolean
  match(bytes: Uint8Array): Match<Frame>
}

export interface Framer<Frame> {
  push(bytes: Uint8Array): Array<Framed<Frame>>
  /** Says that nothing more is coming: what is unfinished is junk, and frames may stand behind it. */
  finish(): Array<Framed<Frame>>
  /** Bytes held back because they may become a frame. */
  readonly pendingLength: number
}

const nothing = new Uint8Array(0)

export function createFramer<Frame>(format: FrameFormat<Frame>): Framer<Frame> {
  let buffer: Uint8Array = nothing

  /** Consumes what can be decided now; bytes dropped one after the other for one reason come out as one value. */
  const consume = (isFinal: boolean): Array<Framed<Frame>> => {
    const out: Array<Framed<Frame>> = []
    let offset = 0
    while (offset < buffer.length) {
      const rest = offset === 0 ? buffer : buffer.subarray(offset)
      const match = format.match(rest)
      if (match.kind === 'frame') {
        out.push({ kind: 'frame', frame: match.frame })
        offset += match.length
        continue
      }
      if (match.kind === 'incomplete' && !isFinal && rest.length < format.maxLength) {
        if (!hasFrameBehind(format, rest)) break
      }
      discardByte(out, rest, match.kind === 'mismatch' ? match.reason : 'junk')
      offset += 1
    }
    if (offset > 0) buffer = offset === buffer.length ? nothing : buffer.slice(offset)
    return out
  }

  return {
    push(bytes) {
      const out: Array<Framed<Frame>> = []
      // In pieces, so that the buffer stays bounded whatever comes.
      for (let start = 0; start < bytes.length; start += format.maxLength) {
        const joined = new Uint8Array(buffer.length + Math.min(format.maxLength, bytes.length - start))
        joined.set(buffer)
        joined.set(bytes.subarray(start, start + format.maxLength), buffer.length)
        buffer = joined
        out.push(...consume(false))
      }
      return out
    },
    finish: () => consume(true),
    get pendingLength() {
      return buffer.length
    },
  }
}

function hasFrameBehind<Frame>(format: FrameFormat<Frame>, rest: Uint8Array): boolean {
  if (format.canScanAhead !== true) return false
  for (let offset = 1; offset < rest.length; offset += 1) {
    if (format.match(rest.subarray(offset)).kind === 'frame') return true
  }
  return false
}

function discardByte<Frame>(out: Array<Framed<Frame>>, rest: Uint8Array, reason: DiscardReason): void {
  const last = out.at(-1)
  if (last?.kind === 'discarded' && last.reason === reason) {
    const joined = new Uint8Array(last.bytes.length + 1)
    joined.set(last.bytes)
    joined[last.bytes.length] = rest[0] ?? 0
    last.bytes = joined
    return
  }
  out.push({ kind: 'discarded', reason, bytes: rest.slice(0, 1) })
}
