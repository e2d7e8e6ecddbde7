import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '#shared/ids/random.ts'
import { makeId } from '#shared/ids/uuid-v7.ts'
import { daysLeft, expiryOf, findSourceProblem, isTraceCode, makeTraceCode } from '#server/catalog/rules.ts'

const lot = { unitsReceived: 100, labelUnitMassMg: 1_000_000 }
const code = (serial: number) => `500112142201${String(serial).padStart(4, '0')}`

describe('the household sources of a lot', () => {
  it('may be empty: a pooled or purchased lot names nobody', () => {
    expect(findSourceProblem([], lot)).toBeUndefined()
  })

  it('add up to the units received', () => {
    const sources = [
      { householdCode: code(1), units: 60 },
      { householdCode: code(2), units: 40 },
    ]
    expect(findSourceProblem(sources, lot)).toBeUndefined()
  })

  it('are refused at the row that goes over', () => {
    const sources = [60, 40, 1].map((units, index) => ({ householdCode: code(index), units }))
    expect(findSourceProblem(sources, lot)).toEqual({
      field: 'sources.2.units',
      message: 'with row 3 the sources add up to 101 units; the lot has 100',
    })
  })

  it('are refused at the last row when they fall short', () => {
    const sources = [60, 39].map((units, index) => ({ householdCode: code(index), units }))
    expect(findSourceProblem(sources, lot)).toEqual({
      field: 'sources.1.units',
      message: 'after row 2 the sources add up to 99 units; the lot has 100',
    })
  })

  it('name a household once', () => {
    const sources = [50, 50].map((units) => ({ householdCode: code(1), units }))
    expect(findSourceProblem(sources, lot)?.field).toBe('sources.1.householdCode')
  })

  it('use one measure', () => {
    const sources = [
      { householdCode: code(1), units: 50 },
      { householdCode: code(2), massMg: 50_000_000 },
    ]
    expect(findSourceProblem(sources, lot)?.field).toBe('sources.1.massMg')
  })

  it('may weigh a fifth more or less than the label says, not further', () => {
    const weighing = (massMg: number) => findSourceProblem([{ householdCode: code(1), massMg }], lot)
    expect(weighing(80_000_000)).toBeUndefined()
    expect(weighing(120_000_000)).toBeUndefined()
    expect(weighing(79_999_999)?.field).toBe('sources.0.massMg')
    expect(weighing(120_000_001)?.message).toContain('120.000 kg')
  })
})

describe('shelf life', () => {
  /** 2026-04-12 15:30 in Chongqing. */
  const harvestedAtMs = Date.UTC(2026, 3, 12, 7, 30)

  it('ends with the last day, district time', () => {
    expect(expiryOf(harvestedAtMs, 2)).toBe(Date.UTC(2026, 3, 14, 15, 59, 59, 999))
  })

  it('counts whole days', () => {
    const expiresAtMs = expiryOf(harvestedAtMs, 2)
    expect(daysLeft(expiresAtMs, harvestedAtMs)).toBe(2)
    expect(daysLeft(expiresAtMs, expiresAtMs)).toBe(0)
    expect(daysLeft(expiresAtMs, expiresAtMs + 1)).toBe(-1)
  })
})

describe('a trace code', () => {
  const anyId = fc.integer({ min: 0, max: 0xffffffff }).map((seed) => makeId({ now: () => 0 }, seededRandom(seed)))

  it('carries the harvest date and checks itself', () => {
    const traceCode = makeTraceCode('01900000-0000-7000-8000-00000000abcd', Date.UTC(2026, 3, 11, 20))
    expect(traceCode).toMatch(/^HN260412[0-9A-Z]{7}$/)
    expect(isTraceCode(traceCode)).toBe(true)
  })

  it('tells any single wrong character', () => {
    const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
    fc.assert(
      fc.property(
        anyId,
        fc.integer({ min: 2, max: 14 }),
        fc.constantFrom(...alphabet.split('')),
        (id, place, wrong) => {
          const traceCode = makeTraceCode(id, Date.UTC(2026, 3, 12))
          fc.pre(traceCode.charAt(place) !== wrong)
          expect(isTraceCode(traceCode.slice(0, place) + wrong + traceCode.slice(place + 1))).toBe(false)
        },
      ),
    )
  })
})
