import { readFileSync, readdirSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stripMetadata } from '#server/restock-tasks/strip-metadata.ts'
import { jpegSegment, pngChunk, tinyJpeg, tinyPng } from '#tests/support/tiny-images.ts'

const place = Buffer.from('29.7N 106.6E, Anna’s phone', 'utf8')
const exif = (orientation: number) =>
  Buffer.concat([
    Buffer.from('Exif\0\0II*\0\x08\0\0\0\x02\0', 'latin1'),
    Buffer.from([0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]),
    Buffer.from([0x25, 0x88, 4, 0, 1, 0, 0, 0, 38, 0, 0, 0, 0, 0, 0, 0]),
    place,
  ])

describe('a JPEG', () => {
  it('loses place, comment, previews and what hangs behind it, and nothing of the picture', () => {
    const told = [
      jpegSegment(0xe1, exif(1)),
      jpegSegment(0xe1, Buffer.concat([Buffer.from('http://ns.adobe.com/xap/1.0/\0'), place])),
      jpegSegment(0xe2, Buffer.concat([Buffer.from('MPF\0'), place])),
      jpegSegment(0xed, place),
      jpegSegment(0xfe, place),
    ]

    const stripped = stripMetadata(tinyJpeg(told, tinyJpeg([jpegSegment(0xe1, exif(1))])), 'image/jpeg')

    expect(stripped).toEqual(tinyJpeg())
  })

  it('stays upright, and keeps its colours', () => {
    const colours = jpegSegment(0xe2, Buffer.from('ICC_PROFILE\0\x01\x01profile', 'latin1'))

    const stripped = stripMetadata(tinyJpeg([jpegSegment(0xe1, exif(6)), colours]), 'image/jpeg') ?? Buffer.alloc(0)

    expect(stripped.includes(place)).toBe(false)
    expect(stripped.includes(colours)).toBe(true)
    expect(stripMetadata(stripped, 'image/jpeg')).toEqual(stripped)
    // Exif, big-endian: one entry, orientation, one short, 6.
    expect(stripped.includes(Buffer.from([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6]))).toBe(true)
  })
})

describe('a PNG', () => {
  it('loses text, time, Exif and what hangs behind it, and nothing of the picture', () => {
    const told = ['tEXt', 'iTXt', 'zTXt', 'eXIf', 'tIME'].map((name) => pngChunk(name, place))

    expect(stripMetadata(Buffer.concat([tinyPng(7, told), place]), 'image/png')).toEqual(tinyPng(7))
  })

  it('that tells nothing stays as it is', () => {
    const folder = new URL('../../../server/web/screenshots/', import.meta.url)
    const [name = ''] = readdirSync(folder).filter((file) => file.endsWith('.png'))
    const picture = readFileSync(new URL(name, folder))

    expect(stripMetadata(picture, 'image/png')?.equals(picture)).toBe(true)
  })
})

it('a WebP loses Exif and XMP, and says so', () => {
  const chunk = (name: string, data: Buffer) => {
    const head = Buffer.from(`${name}\0\0\0\0`, 'latin1')
    head.writeUInt32LE(data.length, 4)
    return Buffer.concat([head, data, Buffer.alloc(data.length % 2)])
  }
  const riff = (flags: number, more: readonly Buffer[]) => {
    const body = [
      chunk('VP8X', Buffer.from([flags, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
      chunk('VP8L', Buffer.from('abc')),
      ...more,
    ]
    const head = Buffer.from('RIFF\0\0\0\0WEBP', 'latin1')
    head.writeUInt32LE(4 + body.reduce((sum, { length }) => sum + length, 0), 4)
    return Buffer.concat([head, ...body])
  }

  const stripped = stripMetadata(riff(0x1c, [chunk('EXIF', place), chunk('XMP ', place)]), 'image/webp')

  expect(stripped).toEqual(riff(0x10, []))
})

it('an image that was cut off, or is none, is no image, wherever it was cut', () => {
  const whole = { 'image/jpeg': tinyJpeg([jpegSegment(0xe1, exif(6))]), 'image/png': tinyPng(1) } as const
  const types = fc.constantFrom('image/jpeg' as const, 'image/png' as const)

  fc.assert(
    fc.property(types, fc.double({ min: 0, max: 0.999, noNaN: true }), (mediaType, part) => {
      const cut = Math.max(8, Math.floor(whole[mediaType].length * part))
      expect(stripMetadata(whole[mediaType].subarray(0, cut), mediaType)).toBeUndefined()
    }),
  )
})
