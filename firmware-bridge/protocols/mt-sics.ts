import type { FrameFormat } from '../framing/framer.ts'

/**
 * MT-SICS level 0 and 1: ASCII lines ended by CR LF, point to point. Weights are decimal strings with a unit; they are
 * read without floating point, and an unknown unit is an error, never a guess. Source: hardware.md, scales C.
 */

export type SicsReply =
  | { kind: 'weight'; isStable: boolean; massMg: number }
  | { kind: 'range'; fault: 'overload' | 'underload' }
  /** The balance cannot do that now, as "S I", "Z I" or "T I". */
  | { kind: 'not-executable'; command: string }
  | { kind: 'zeroed' }
  | { kind: 'tared' }
  | { kind: 'serial-number'; serialNumber: string }
  | { kind: 'error'; code: 'ES' | 'ET' | 'EL' | 'L' }
  /** A whole line that means nothing to us; kept so that it can be reported. */
  | { kind: 'unknown'; line: string }

export type SicsCommand = 'S' | 'SI' | 'SIR' | 'Z' | 'T' | '@' | 'I4'

const maxLineLength = 80
/** mg of one unit, as exact integers. */
const unitsMg: Readonly<Record<string, number>> = { mg: 1, g: 1000, kg: 1_000_000 }

export function encodeSicsCommand(command: SicsCommand): Uint8Array {
  return encodeSicsLine(command)
}

export function encodeSicsLine(line: string): Uint8Array {
  return Uint8Array.from(`${line}\r\n`, (character) => character.charCodeAt(0))
}

/** "S S     100.00 g" and its kin: the value right-aligned in ten places. Board's side. */
export function formatSicsWeight(isStable: boolean, massMg: number, decimals: number): string {
  const magnitude = Math.abs(massMg)
  const scaled = Math.round(magnitude / 10 ** (3 - decimals))
  const digits = String(scaled).padStart(decimals + 1, '0')
  const whole = digits.slice(0, digits.length - decimals)
  const text = `${massMg < 0 && scaled !== 0 ? '-' : ''}${whole}${decimals > 0 ? `.${digits.slice(-decimals)}` : ''}`
  return `S ${isStable ? 'S' : 'D'} ${text.padStart(10)} g`
}

/** Lines of printable ASCII; anything else in one makes it junk. */
export const sicsLineFormat: FrameFormat<string> = {
  maxLength: maxLineLength,
  match(bytes) {
    for (let index = 0; index < bytes.length; index += 1) {
      const byte = bytes[index] ?? 0
      if (byte === 0x0d) {
        if (index === 0) return { kind: 'mismatch', reason: 'junk' }
        if (index + 1 === bytes.length) return { kind: 'incomplete' }
        if (bytes[index + 1] !== 0x0a) return { kind: 'mismatch', reason: 'junk' }
        return { kind: 'frame', length: index + 2, frame: String.fromCharCode(...bytes.subarray(0, index)) }
      }
      if (byte < 0x20 || byte > 0x7e) return { kind: 'mismatch', reason: 'junk' }
    }
    return { kind: 'incomplete' }
  },
}

export function decodeSicsReply(line: string): SicsReply {
  if (line === 'ES' || line === 'ET' || line === 'EL') return { kind: 'error', code: line }
  const weight = /^S ([SD]) +(-?\d+(?:\.\d+)?) +(\S+) *$/.exec(line)
  if (weight !== null) {
    const massMg = parseMass(weight[2] ?? '', weight[3] ?? '')
    if (massMg === undefined) return { kind: 'unknown', line }
    return { kind: 'weight', isStable: weight[1] === 'S', massMg }
  }
  if (line === 'S +' || line === 'Z +' || line === 'T +') return { kind: 'range', fault: 'overload' }
  if (line === 'S -' || line === 'Z -' || line === 'T -') return { kind: 'range', fault: 'underload' }
  if (/^[SZT] I$/.test(line)) return { kind: 'not-executable', command: line.slice(0, 1) }
  if (/^[SZT] L$/.test(line)) return { kind: 'error', code: 'L' }
  if (line === 'Z A') return { kind: 'zeroed' }
  if (line === 'T A' || /^T S +-?\d+(?:\.\d+)? +\S+ *$/.test(line)) return { kind: 'tared' }
  const serial = /^I4 A "([^"]*)"$/.exec(line)
  if (serial !== null) return { kind: 'serial-number', serialNumber: serial[1] ?? '' }
  return { kind: 'unknown', line }
}

/** Exact decimal → integer mg; digits below a milligram are rounded half away from zero. */
function parseMass(text: string, unit: string): number | undefined {
  const unitMg = unitsMg[unit]
  const match = /^(-?)(\d{1,9})(?:\.(\d{1,9}))?$/.exec(text)
  if (unitMg === undefined || match === null) return undefined
  const [, sign, whole = '0', fraction = ''] = match
  const scale = 10n ** BigInt(fraction.length)
  const scaled = (BigInt(whole) * scale + BigInt(fraction === '' ? '0' : fraction)) * BigInt(unitMg)
  const massMg = Number((2n * scaled + scale) / (2n * scale))
  return sign === '-' ? -massMg || 0 : massMg
}
