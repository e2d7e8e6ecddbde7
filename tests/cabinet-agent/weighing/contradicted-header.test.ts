import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { laneSetup, sessionSetup } from '#tests/support/session-setup.ts'
import { visit } from '#tests/support/weighing-script.ts'
import { nextGaussian, seededRandom } from '#shared/ids/random.ts'

/**
 * A header whose unit weight is off by 8 to 40 % either way, over a lane whose gross and count say the truth
 * (weighing.md: a wrong unit weight is worse than noise).
 */
const contradictions = fc.record({
  seed: fc.nat(1_000_000),
  pieceG: fc.integer({ min: 150, max: 900 }),
  count: fc.integer({ min: 3, max: 20 }),
  offPart: fc.double({ min: 0.08, max: 0.4, noNaN: true }),
  isTooHeavy: fc.boolean(),
  takenPart: fc.double({ min: 0, max: 1, noNaN: true }),
})

function shopWith({ seed, pieceG, count, offPart, isTooHeavy, takenPart }: Contradiction, isTrue: boolean) {
  const random = seededRandom(seed)
  const piecesG = Array.from({ length: count }, () => pieceG * (1 + 0.01 * nextGaussian(random)))
  const headerG = isTrue ? pieceG : pieceG * (isTooHeavy ? 1 + offPart : 1 - offPart)
  const grossG = piecesG.reduce((sum, massG) => sum + massG, 0)
  const taken = Math.min(5, count, Math.round(takenPart * count))
  const lane = laneSetup({
    unitWeight: { meanMg: Math.round(headerG * 1000), sdMg: Math.round(10 * headerG), samples: 12 },
    stock: { count, grossMg: Math.round(grossG * 1000) },
  })
  const levels = Array.from({ length: taken + 1 }, (_, gone) => [
    piecesG.slice(gone).reduce((sum, massG) => sum + massG, 0),
  ])
  return {
    bill: visit(sessionSetup({ lanes: [lane] }), levels.length > 1 ? levels : [[grossG], [grossG]], seed),
    taken,
  }
}

type Contradiction = typeof contradictions extends fc.Arbitrary<infer T> ? T : never

describe('a header whose unit weight contradicts the lane', () => {
  it('is noticed, and the bill follows the lane’s own gross and count', () => {
    let settled = 0
    let sessions = 0
    fc.assert(
      fc.property(contradictions, (contradiction) => {
        const { bill, taken } = shopWith(contradiction, false)

        sessions += 1
        expect(bill.evidence.lanes[0]?.flags).toContain('unit_weight_contradicted')
        expect(bill.flags).toContain('stock_flag')
        // The best guess is the truth whether or not it is sure enough, and no more is charged.
        expect(bill.lines.map((line) => line.count)).toEqual(taken === 0 ? [] : [taken])
        expect(bill.lowestLines.reduce((sum, line) => sum + (line.count ?? 0), 0)).toBeLessThanOrEqual(taken)
        if (bill.outcome === 'settled') settled += 1
      }),
      { numRuns: 150, seed: 5 },
    )
    expect(settled / sessions).toBeGreaterThan(0.97)
  })

  it('is no false alarm: with the true unit weight nothing is flagged', () => {
    fc.assert(
      fc.property(contradictions, (contradiction) => {
        const { bill } = shopWith(contradiction, true)

        expect(bill.evidence.lanes[0]?.flags).not.toContain('unit_weight_contradicted')
        expect(bill.outcome).toBe('settled')
      }),
      { numRuns: 100, seed: 6 },
    )
  })
})
