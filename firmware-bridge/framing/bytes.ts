/** Reading bytes without ever reading past their end unnoticed. */

/** The byte at `index`; asking past the end is a programmer's error. */
export function byteAt(bytes: Uint8Array, index: number): number {
  const byte = bytes[index]
  if (byte === undefined) throw new RangeError(`byte ${index} of ${bytes.length} does not exist`)
  return byte
}

/** Unsigned 16 bits, high byte first. */
export function uint16At(bytes: Uint8Array, index: number): number {
  return (byteAt(bytes, index) << 8) | byteAt(bytes, index + 1)
}

/** Signed 16 bits, high byte first. */
export function int16At(bytes: Uint8Array, index: number): number {
  return (uint16At(bytes, index) << 16) >> 16
}

/** Signed 32 bits, high word and high byte first. */
export function int32At(bytes: Uint8Array, index: number): number {
  return (uint16At(bytes, index) << 16) | uint16At(bytes, index + 2)
}

/** Asserts a whole number within [low, high]; boundaries that must never be crossed go through here. */
export function requireInRange(name: string, value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new RangeError(`${name} must be a whole number in ${low}…${high}, not ${value}`)
  }
}
