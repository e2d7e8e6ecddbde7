// Takes out of a photo whatever does not make the picture: where and when it was taken, with which phone, comments, previews, what is
// hung on behind its end. A picture taken upright stays upright: of what EXIF says (Exif 2.32, 4.6.4) the orientation is kept. Walks
// the structure only and decodes no pixel (JPEG: ITU-T T.81 annex B; PNG: 3rd edition, 5; WebP: RFC 9649).

export type PhotoType = 'image/jpeg' | 'image/png' | 'image/webp'

/** The picture alone; undefined when the bytes are no whole image of that type. */
export function stripMetadata(bytes: Uint8Array, mediaType: PhotoType): Buffer | undefined {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const parts = { 'image/jpeg': jpegParts, 'image/png': pngParts, 'image/webp': webpParts }[mediaType](file)
  return parts === undefined ? undefined : Buffer.concat(parts)
}

const jpeg = { soi: 0xd8, eoi: 0xd9, sos: 0xda, app1: 0xe1, comment: 0xfe, tem: 0x01, rst0: 0xd0, rst7: 0xd7 } as const
/** JFIF, the colour profile, and Adobe's word on how colours are coded: without them it looks different. */
const keptApps: ReadonlySet<number> = new Set([0xe0, 0xe2, 0xee])

function jpegParts(file: Buffer): Buffer[] | undefined {
  const parts: Buffer[] = [file.subarray(0, 2)]
  let orientation: number | undefined
  let at = 2
  let hasScan = false
  for (;;) {
    if (file[at] !== 0xff) return undefined
    while (file[at + 1] === 0xff) at += 1
    const marker = file[at + 1]
    if (marker === undefined) return undefined
    if (marker === jpeg.eoi) break
    const end = at + 2 + (at + 4 <= file.length ? file.readUInt16BE(at + 2) : 0)
    if (end < at + 4 || end > file.length) return undefined
    const segment = file.subarray(at, end)
    if (marker === jpeg.app1) orientation ??= orientationIn(segment.subarray(4))
    const isApp = marker >= 0xe0 && marker <= 0xef
    // A second picture and its depth are hung on by an APP2 of their own (MPF).
    const isProfile = marker !== 0xe2 || segment.subarray(4, 15).toString('latin1') === 'ICC_PROFILE'
    if (isApp ? keptApps.has(marker) && isProfile : marker !== jpeg.comment) parts.push(segment)
    at = end
    if (marker !== jpeg.sos) continue
    hasScan = true
    const scanEnd = endOfScan(file, at)
    parts.push(file.subarray(at, scanEnd))
    at = scanEnd
  }
  if (!hasScan) return undefined
  const [soi = Buffer.alloc(0), ...rest] = parts
  return [soi, ...(orientation === undefined ? [] : [exifOf(orientation)]), ...rest, file.subarray(at, at + 2)]
}

/** Where the coded data end: at the next marker that is neither stuffing nor a restart. */
function endOfScan(file: Buffer, from: number): number {
  let at = from
  while (at < file.length) {
    const next = file[at + 1] ?? 0
    const isInside = next === 0 || (next >= jpeg.rst0 && next <= jpeg.rst7)
    if (file[at] === 0xff && !isInside && next !== 0xff) return at
    at += 1
  }
  return at
}

const exifHead = Buffer.from('Exif\0\0', 'latin1')
const orientationTag = 0x0112
/** Where the value stands in the block written below. */
const orientationAt = 18

/** 2…8 of the first directory; undefined when there is none, or it says nothing else than upright. */
function orientationIn(body: Buffer): number | undefined {
  if (!body.subarray(0, exifHead.length).equals(exifHead)) return undefined
  const tiff = body.subarray(exifHead.length)
  const order = tiff.subarray(0, 2).toString('latin1')
  if (tiff.length < 10 || (order !== 'II' && order !== 'MM')) return undefined
  const u16 = (at: number) => (order === 'II' ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at))
  const directory = order === 'II' ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4)
  if (directory + 2 > tiff.length) return undefined
  const entries = u16(directory)
  for (let index = 0; index < entries; index += 1) {
    const entry = directory + 2 + 12 * index
    if (entry + 12 > tiff.length) return undefined
    if (u16(entry) !== orientationTag) continue
    const value = u16(entry + 8)
    return value >= 2 && value <= 8 ? value : undefined
  }
  return undefined
}

/** An APP1 that says the orientation and nothing else. */
function exifOf(orientation: number): Buffer {
  // Big-endian, one directory at 8 with one entry: the orientation, one short. None follows.
  const tiff = Buffer.from('4d4d002a00000008000101120003000000010000000000000000', 'hex')
  tiff.writeUInt16BE(orientation, orientationAt)
  const length = 2 + exifHead.length + tiff.length
  return Buffer.concat([Buffer.from([0xff, jpeg.app1, length >> 8, length & 0xff]), exifHead, tiff])
}

/** Ancillary chunks that are part of the picture. */
const keptChunks: ReadonlySet<string> = new Set([
  'tRNS',
  'cHRM',
  'gAMA',
  'iCCP',
  'sBIT',
  'sRGB',
  'cICP',
  'bKGD',
  'pHYs',
])

function pngParts(file: Buffer): Buffer[] | undefined {
  const parts: Buffer[] = [file.subarray(0, 8)]
  let at = 8
  while (at + 12 <= file.length) {
    const end = at + 12 + file.readUInt32BE(at)
    if (end > file.length) return undefined
    const name = file.subarray(at + 4, at + 8).toString('latin1')
    const isCritical = /^[A-Z]/.test(name)
    if (isCritical || keptChunks.has(name)) parts.push(file.subarray(at, end))
    if (name === 'IEND') return parts
    at = end
  }
  return undefined
}

/** VP8X, first byte: what the file says it holds (RFC 9649, 2.7). */
const webpHolds = { exif: 0x08, xmp: 0x04 } as const
const webpChunks: ReadonlySet<string> = new Set(['VP8 ', 'VP8L', 'VP8X', 'ALPH', 'ANIM', 'ANMF', 'ICCP'])

function webpParts(file: Buffer): Buffer[] | undefined {
  const chunks: Buffer[] = []
  const size = file.readUInt32LE(4) + 8
  if (size > file.length) return undefined
  let at = 12
  while (at + 8 <= size) {
    const length = file.readUInt32LE(at + 4)
    const end = at + 8 + length + (length % 2)
    if (end > file.length) return undefined
    const name = file.subarray(at, at + 4).toString('latin1')
    const chunk = Buffer.from(file.subarray(at, end))
    if (name === 'VP8X') chunk[8] = (chunk[8] ?? 0) & ~(webpHolds.exif | webpHolds.xmp)
    if (webpChunks.has(name)) chunks.push(chunk)
    at = end
  }
  if (!chunks.some((chunk) => /^VP8[ L]|^ANMF/.test(chunk.subarray(0, 4).toString('latin1')))) return undefined
  const head = Buffer.from(file.subarray(0, 12))
  head.writeUInt32LE(4 + chunks.reduce((sum, { length }) => sum + length, 0), 4)
  return [head, ...chunks]
}
