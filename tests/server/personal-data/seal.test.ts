import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeSealer, SealError } from '#server/personal-data/seal.ts'
import { testFingerprintKey, testKey, testSealer } from '#tests/support/test-sealer.ts'

const ring = (...dataKeys: ReturnType<typeof testKey>[]) => makeSealer({ dataKeys, fingerprintKey: testFingerprintKey })

describe('a sealed value', () => {
  it('opens to the same text for the same purpose, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), fc.string({ maxLength: 20 }), (plain, purpose) => {
        expect(testSealer.open(testSealer.seal(plain, purpose), purpose)).toBe(plain)
      }),
    )
  })

  it('opens for no other purpose', () => {
    const sealed = testSealer.seal('13800000001', 'household-phone:1')

    expect(() => testSealer.open(sealed, 'household-phone:2')).toThrow(SealError)
  })

  it('opens no more when any of its bits was changed', () => {
    const sealed = testSealer.seal('6200000000000000000', 'account:1')
    const [keyId = '', text = ''] = sealed.split('.')
    const bytes = Buffer.from(text, 'base64url')

    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(() => testSealer.open(`${keyId}.${changed.toString('base64url')}`, 'account:1')).toThrow(SealError)
    }
  })

  it('does not open under another key of the same id, nor without its key', () => {
    const sealed = ring(testKey('a', 1)).seal('x', 'p')

    expect(() => ring(testKey('a', 2)).open(sealed, 'p')).toThrow(SealError)
    expect(() => ring(testKey('b', 1)).open(sealed, 'p')).toThrow(/data key a is not in the key ring/)
  })

  it('never looks the same twice, and shows nothing of the text', () => {
    const sealed = new Set(Array.from({ length: 100 }, () => testSealer.seal('13800000001', 'p')))

    expect(sealed.size).toBe(100)
    for (const one of sealed) expect(one).not.toMatch(/1380000/)
  })

  it('is sealed with the newest key; the older ones still open', () => {
    const before = ring(testKey('old', 1))
    const after = ring(testKey('new', 2), testKey('old', 1))
    const sealed = before.seal('text', 'p')

    expect(after.keyIdOf(after.seal('text', 'p'))).toBe('new')
    expect(after.keyIdOf(sealed)).toBe('old')
    expect(after.open(sealed, 'p')).toBe('text')
  })

  it.each(['', 'text', 'test.', 'test.AAAA', 'TEST.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'])('is not %j', (text) => {
    expect(() => testSealer.open(text, 'p')).toThrow(SealError)
  })
})

describe('a fingerprint', () => {
  it('is the same for the same text under every data key, and differs for another', () => {
    expect(ring(testKey('a', 1)).fingerprint('1')).toBe(ring(testKey('b', 2)).fingerprint('1'))
    expect(testSealer.fingerprint('1')).not.toBe(testSealer.fingerprint('2'))
  })

  it('cannot be made without its key', () => {
    const other = makeSealer({ dataKeys: [testKey('test', 1)], fingerprintKey: testKey('x', 8).key })

    expect(other.fingerprint('1')).not.toBe(testSealer.fingerprint('1'))
  })

  it('is no secret of the same label', () => {
    expect(testSealer.deriveSecret('1').toString('hex')).not.toBe(testSealer.fingerprint('1'))
    expect(testSealer.deriveSecret('1')).toEqual(testSealer.deriveSecret('1'))
    expect(testSealer.deriveSecret('1')).not.toEqual(testSealer.deriveSecret('2'))
  })
})
