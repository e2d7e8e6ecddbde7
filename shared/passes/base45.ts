/**
 * Base45 (RFC 9285): bytes in the 45 characters that a QR code packs at 5.5 bits each, so that a pass fits a small code and
 * a scanner on a serial line types nothing but printable ASCII.
 */
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:'
const values = new Map(Array.from(alphabet, (character, value) => [character, value]))

export function encodeBase45(bytes: Uint8Array): string {
  let text = ''
  for (let index = 0; index < bytes.length; index += 2) {
    const isPair = index + 1 < bytes.length
    let rest = isPair ? (bytes[index] ?? 0) * 256 + (bytes[index + 1] ?? 0) : (bytes[index] ?? 0)
    for (let digits = isPair ? 3 : 2; digits > 0; digits -= 1) {
      text += alphabet.charAt(rest % 45)
      rest = Math.floor(rest / 45)
    }
  }
  return text
}

/** Undefined when the text is no base45: a foreign character, a length that cannot be, a group beyond its bytes. */
export function decodeBase45(text: string): Uint8Array | undefined {
  if (text.length % 3 === 1) return undefined
  const bytes: number[] = []
  for (let index = 0; index < text.length; index += 3) {
    const group = text.slice(index, index + 3)
    let value = 0
    for (let digit = group.length - 1; digit >= 0; digit -= 1) {
      const part = values.get(group.charAt(digit))
      if (part === undefined) return undefined
      value = value * 45 + part
    }
    if (value > (group.length === 3 ? 0xff_ff : 0xff)) return undefined
    if (group.length === 3) bytes.push(value >>> 8)
    bytes.push(value & 0xff)
  }
  return Uint8Array.from(bytes)
}
