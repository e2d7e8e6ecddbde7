/** The three checksums of the boards' protocols. */

/** XOR of all bytes, 0…255. */
export function xorOf(bytes: Uint8Array): number {
  let xor = 0
  for (const byte of bytes) xor ^= byte
  return xor
}

/** Low byte of the sum of all bytes. */
export function sumOf(bytes: Uint8Array): number {
  let sum = 0
  for (const byte of bytes) sum = (sum + byte) & 0xff
  return sum
}

const crcTable = Uint16Array.from({ length: 256 }, (_, index) => {
  let crc = index
  for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1
  return crc
})

/** CRC-16/MODBUS of the first `length` bytes, default all; on the wire its low byte comes first. */
export function crc16Of(bytes: ArrayLike<number>, length = bytes.length): number {
  let crc = 0xffff
  for (let index = 0; index < length; index += 1)
    crc = (crc >>> 8) ^ (crcTable[(crc ^ (bytes[index] ?? 0)) & 0xff] ?? 0)
  return crc
}
