// Images of one pixel, whole, for what keeps photos; with parts beside the picture where a test adds them.
import { crc32, deflateSync } from 'node:zlib'

export function pngChunk(name: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data])
  const frame = Buffer.alloc(8)
  frame.writeUInt32BE(data.length, 0)
  frame.writeUInt32BE(crc32(body), 4)
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)])
}

/** A grey pixel of this shade; `extra` stands before the pixels. */
export function tinyPng(shade: number, extra: readonly Buffer[] = []): Buffer {
  const header = Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0])
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    pngChunk('IHDR', header),
    ...extra,
    pngChunk('IDAT', deflateSync(Buffer.from([0, shade]))),
    pngChunk('IEND', Buffer.alloc(0)),
  ])
}

export function jpegSegment(marker: number, data: Uint8Array): Buffer {
  const length = data.length + 2
  return Buffer.concat([Buffer.from([0xff, marker, length >> 8, length & 0xff]), data])
}

const jfif = jpegSegment(0xe0, Buffer.from('JFIF\0\x01\x01\0\0\x01\0\x01\0\0', 'latin1'))
const tables = jpegSegment(0xdb, Buffer.alloc(65, 1).fill(0, 0, 1))
const frame = jpegSegment(0xc0, Buffer.from([8, 0, 1, 0, 1, 1, 1, 0x11, 0]))
const huffman = jpegSegment(0xc4, Buffer.from([0, 1, ...Array.from({ length: 15 }, () => 0), 0]))
const scan = Buffer.concat([jpegSegment(0xda, Buffer.from([1, 1, 0, 0, 63, 0])), Buffer.from([0x3f, 0xff, 0, 0x7f])])

/** `extra` stands behind the JFIF header, `behind` after the end. */
export function tinyJpeg(extra: readonly Buffer[] = [], behind: Uint8Array = Buffer.alloc(0)): Buffer {
  const end = Buffer.from([0xff, 0xd9])
  return Buffer.concat([Buffer.from([0xff, 0xd8]), jfif, ...extra, tables, frame, huffman, scan, end, behind])
}
