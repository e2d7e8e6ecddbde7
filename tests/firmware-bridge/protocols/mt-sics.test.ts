import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeSicsReply, encodeSicsCommand, formatSicsWeight } from '#firmware-bridge/protocols/mt-sics.ts'

describe('MT-SICS', () => {
  it.each([
    ['S S     100.00 g', { kind: 'weight', isStable: true, massMg: 100_000 }],
    ['S D     129.07 g', { kind: 'weight', isStable: false, massMg: 129_070 }],
    ['S S    -100.00 g', { kind: 'weight', isStable: true, massMg: -100_000 }],
    ['S S      1.234 kg', { kind: 'weight', isStable: true, massMg: 1_234_000 }],
    ['S S        250 mg', { kind: 'weight', isStable: true, massMg: 250 }],
    ['S S   0.000049 kg', { kind: 'weight', isStable: true, massMg: 49 }],
    ['S I', { kind: 'not-executable', command: 'S' }],
    ['S +', { kind: 'range', fault: 'overload' }],
    ['S -', { kind: 'range', fault: 'underload' }],
    ['S L', { kind: 'error', code: 'L' }],
    ['ES', { kind: 'error', code: 'ES' }],
    ['ET', { kind: 'error', code: 'ET' }],
    ['EL', { kind: 'error', code: 'EL' }],
    ['Z A', { kind: 'zeroed' }],
    ['Z I', { kind: 'not-executable', command: 'Z' }],
    ['Z +', { kind: 'range', fault: 'overload' }],
    ['Z -', { kind: 'range', fault: 'underload' }],
    ['T A', { kind: 'tared' }],
    ['T S     100.00 g', { kind: 'tared' }],
    ['I4 A "1234567"', { kind: 'serial-number', serialNumber: '1234567' }],
  ] as const)('reads %s', (line, reply) => {
    expect(decodeSicsReply(line)).toEqual(reply)
  })

  it.each(['S S     100.00 lb', 'S S     100,00 g', 'S X     100.00 g', 'S S      1e2 g', ''])(
    'does not guess at %j',
    (line) => {
      expect(decodeSicsReply(line)).toEqual({ kind: 'unknown', line })
    },
  )

  it('ends commands with CR LF', () => {
    expect(Buffer.from(encodeSicsCommand('SI')).toString('latin1')).toBe('SI\r\n')
  })

  it('formats what it reads: every mass to the tenth of a gram comes back exactly', () => {
    fc.assert(
      fc.property(fc.integer({ min: -300_000, max: 300_000 }), fc.boolean(), (tenths, isStable) => {
        const massMg = tenths * 100 || 0
        expect(decodeSicsReply(formatSicsWeight(isStable, massMg, 2))).toEqual({ kind: 'weight', isStable, massMg })
      }),
    )
  })
})
