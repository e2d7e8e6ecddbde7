import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { amountOf, levelDueMs, nextLevel, splitOrder } from '#server/surplus/rules.ts'

const dayMs = 86_400_000

describe('what surplus is worth', () => {
  it('is price × mass, half-up to the fen', () => {
    expect(amountOf(1_000_000_000, 240)).toBe(240_000)
    expect(amountOf(2_500, 200)).toBe(1)
    expect(amountOf(2_499, 200)).toBe(0)
  })

  it('goes to the lines by mass and sums to the order, each line within a fen of its exact worth', () => {
    const masses = fc.array(fc.integer({ min: 1_000, max: 10_000_000_000 }), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(masses, fc.integer({ min: 1, max: 100_000 }), (massesMg, pricePerKgFen) => {
        const { amountFen, linesFen } = splitOrder(massesMg, pricePerKgFen)

        expect(linesFen.reduce((sum, fen) => sum + fen, 0)).toBe(amountFen)
        massesMg.forEach((massMg, index) => {
          expect(Math.abs((linesFen[index] ?? 0) - (massMg / 1e6) * pricePerKgFen)).toBeLessThanOrEqual(1.0001)
        })
      }),
    )
  })
})

describe('who has a notice, and for how long', () => {
  it('is helper, town, district, at most two and three days, the district to the deadline', () => {
    expect(levelDueMs('HELPER', 0, 30 * dayMs)).toBe(2 * dayMs)
    expect(levelDueMs('TOWN', 0, 30 * dayMs)).toBe(3 * dayMs)
    expect(levelDueMs('DISTRICT', 0, 30 * dayMs)).toBe(30 * dayMs)
    expect([nextLevel('HELPER'), nextLevel('TOWN'), nextLevel('DISTRICT')]).toEqual(['TOWN', 'DISTRICT', undefined])
  })

  it('leaves each level after it some of the time to the deadline', () => {
    const deadline = fc.integer({ min: 1, max: 90 * dayMs })
    fc.assert(
      fc.property(deadline, (deadlineAtMs) => {
        const helperDueMs = levelDueMs('HELPER', 0, deadlineAtMs)
        const townDueMs = levelDueMs('TOWN', helperDueMs, deadlineAtMs)

        expect(helperDueMs).toBeLessThanOrEqual(townDueMs)
        expect(townDueMs).toBeLessThan(deadlineAtMs)
        expect(levelDueMs('DISTRICT', townDueMs, deadlineAtMs)).toBe(deadlineAtMs)
      }),
    )
  })
})
