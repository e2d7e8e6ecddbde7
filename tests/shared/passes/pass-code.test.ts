import fc from 'fast-check'
import { encode } from 'uqr'
import { describe, expect, it } from 'vitest'
import { decodeBase45, encodeBase45 } from '#shared/passes/base45.ts'
import { decodePassCode, encodePassCode, maxPassCode, type SignedPass } from '#shared/passes/pass-code.ts'

const uint32 = fc.integer({ min: 0, max: 0xff_ff_ff_ff })
const instant = uint32.map((seconds) => seconds * 1_000)
const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const signedPass: fc.Arbitrary<SignedPass> = fc.record({
  pass: fc.record({
    passId: fc.uuid(),
    groupId: fc.uuid(),
    buyerId: fc.uuid(),
    notBeforeMs: instant,
    expiresAtMs: instant,
    capFen: uint32,
    counter: uint32,
  }),
  signature: bytesOf(64),
  key: fc.record({ publicKey: bytesOf(32), notBeforeMs: instant, expiresAtMs: instant }),
  keySignature: bytesOf(64),
})

describe('base45', () => {
  it('writes the vectors of RFC 9285', () => {
    const ascii = (text: string) => new TextEncoder().encode(text)

    expect(encodeBase45(ascii('AB'))).toBe('BB8')
    expect(encodeBase45(ascii('Hello!!'))).toBe('%69 VD92EX0')
    expect(encodeBase45(ascii('base-45'))).toBe('UJCLQE7W581')
    expect(decodeBase45('QED8WEX0')).toEqual(ascii('ietf!'))
  })

  it('gives back any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(decodeBase45(encodeBase45(bytes))).toEqual(bytes)
      }),
    )
  })

  it.each(['GGW', ':::', 'A', 'ab8', '::'])('refuses %s', (text) => {
    expect(decodeBase45(text)).toBeUndefined()
  })
})

describe('the code of a pass', () => {
  it('gives back any pass', () => {
    fc.assert(
      fc.property(signedPass, (signed) => {
        expect(decodePassCode(encodePassCode(signed))).toEqual(signed)
      }),
    )
  })

  it('reads no hostile text and never throws', () => {
    const hostile = fc.oneof(
      fc.string({ maxLength: 600 }),
      fc.string({ maxLength: 600, unit: 'binary' }),
      fc.uint8Array({ maxLength: 400 }).map((bytes) => `HN1:${encodeBase45(bytes)}`),
    )

    fc.assert(
      fc.property(hostile, (text) => {
        expect(decodePassCode(text)).toBeUndefined()
      }),
    )
  })

  it('reads a pass with one character changed as another pass or none', () => {
    fc.assert(
      fc.property(signedPass, fc.nat(), fc.constantFrom('0', 'Z', ':', 'é'), (signed, place, character) => {
        const code = encodePassCode(signed)
        const at = place % code.length
        const changed = code.slice(0, at) + character + code.slice(at + 1)

        const read = decodePassCode(changed)

        expect(changed === code || JSON.stringify(read) !== JSON.stringify(signed)).toBe(true)
      }),
    )
  })

  it('fits one QR code of at most 61 modules with medium correction', () => {
    const [signed] = fc.sample(signedPass, { numRuns: 1, seed: 1 })
    if (signed === undefined) throw new Error('no pass')
    const code = encodePassCode(signed)

    expect(code.length).toBeLessThanOrEqual(maxPassCode)
    expect(encode(code, { ecc: 'M', border: 0 }).size).toBeLessThanOrEqual(61)
  })

  it('refuses to write what a pass cannot carry', () => {
    const [signed] = fc.sample(signedPass, { numRuns: 1, seed: 1 })
    if (signed === undefined) throw new Error('no pass')
    const withPass = (change: Partial<SignedPass['pass']>) => () =>
      encodePassCode({ ...signed, pass: { ...signed.pass, ...change } })

    expect(withPass({ capFen: -1 })).toThrow(RangeError)
    expect(withPass({ counter: 2 ** 32 })).toThrow(RangeError)
    expect(withPass({ passId: 'no id' })).toThrow(RangeError)
    expect(withPass({ expiresAtMs: 1_500 })).toThrow(RangeError)
  })
})
