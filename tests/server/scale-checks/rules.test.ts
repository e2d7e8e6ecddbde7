import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isTelling, judgeLoads, permissibleErrorMg } from '#server/scale-checks/rules.ts'

const kg = 1_000_000
const good = { accuracyClass: 'III', intervalMg: 2_000 } as const

describe('the error a scale in use may have', () => {
  it.each([
    [0, 2_000],
    [1 * kg, 2_000],
    [1 * kg + 1, 4_000],
    [4 * kg, 4_000],
    [4 * kg + 1, 6_000],
    [20 * kg, 6_000],
    [20 * kg + 1, undefined],
  ])('of class III with e = 2 g at %d mg is %s mg', (loadMg, limitMg) => {
    expect(permissibleErrorMg(good, loadMg)).toBe(limitMg)
  })

  it('of an ordinary scale grows with fewer intervals', () => {
    const ordinary = { accuracyClass: 'IIII', intervalMg: 5_000 } as const

    expect([250_000, 1 * kg, 5 * kg].map((mg) => permissibleErrorMg(ordinary, mg))).toEqual([5_000, 10_000, 15_000])
    expect(permissibleErrorMg(ordinary, 5 * kg + 1)).toBeUndefined()
  })
})

describe('a check', () => {
  it('holds each load to its own limit, on both sides', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 20 * kg }), fc.integer({ min: -10_000, max: 10_000 }), (nominalMg, off) => {
        const limitMg = permissibleErrorMg(good, nominalMg) ?? 0

        const judged = judgeLoads(good, [{ nominalMg, shownMg: nominalMg + off }])

        expect(judged).toEqual([{ nominalMg, shownMg: nominalMg + off, limitMg, isGood: Math.abs(off) <= limitMg }])
      }),
    )
  })

  it('names the load the scale is not made for', () => {
    const loads = [0, 21 * kg].map((nominalMg) => ({ nominalMg, shownMg: nominalMg }))

    expect(judgeLoads(good, loads)).toEqual({ beyond: 1 })
  })

  it('says nothing without the empty lane, nor without a weight', () => {
    const loadsOf = (...nominalMg: number[]) => nominalMg.map((mg) => ({ nominalMg: mg, shownMg: mg }))

    expect(isTelling(loadsOf(0, kg))).toBe(true)
    expect(isTelling(loadsOf(kg, 2 * kg))).toBe(false)
    expect(isTelling(loadsOf(0, 0))).toBe(false)
  })
})
