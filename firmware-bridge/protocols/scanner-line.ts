import type { FrameFormat } from '../framing/framer.ts'

/**
 * What code readers on a serial line send, whatever their make: the text of the code, ended by CR, LF or both. Readers are
 * set up by their maker's sheet; this is what they all leave the factory with.
 */

/** No code is longer, bytes: a QR code of ours has fewer than 400. */
const maxLineLength = 512

const isEnd = (byte: number) => byte === 0x0d || byte === 0x0a

/** Lines of printable ASCII; the second byte of CR LF, and anything unprintable, is junk. */
export const scannerLineFormat: FrameFormat<string> = {
  maxLength: maxLineLength,
  match(bytes) {
    for (let index = 0; index < bytes.length; index += 1) {
      const byte = bytes[index] ?? 0
      if (isEnd(byte)) {
        if (index === 0) return { kind: 'mismatch', reason: 'junk' }
        return { kind: 'frame', length: index + 1, frame: String.fromCharCode(...bytes.subarray(0, index)) }
      }
      if (byte < 0x20 || byte > 0x7e) return { kind: 'mismatch', reason: 'junk' }
    }
    return { kind: 'incomplete' }
  },
}

/** A line as it goes over the wire, in either direction; what is not printable becomes a question mark. */
export function encodeScannerLine(text: string): Uint8Array {
  const printable = text.slice(0, maxLineLength - 2).replaceAll(/[^\x20-\x7e]/g, '?')
  return Uint8Array.from(`${printable}\r\n`, (character) => character.charCodeAt(0))
}
