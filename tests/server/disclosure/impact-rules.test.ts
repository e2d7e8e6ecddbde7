// No public figure, and no difference of public figures, stands for fewer than five households.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ImpactShare, leastHouseholds, publishImpact } from '#server/disclosure/impact-rules.ts'

const share = (town: string, product: string, serial: number, amountFen = 100): ImpactShare => ({
  townCode: town,
  product,
  householdCode: `${town}${serial}`,
  amountFen,
})
const shares = (town: string, product: string, count: number) =>
  Array.from({ length: count }, (_, serial) => share(town, product, serial))

const anyShares = fc.array(
  fc
    .tuple(
      fc.constantFrom('a', 'b', 'c', 'd'),
      fc.constantFrom('p', 'q', 'r'),
      fc.nat(9),
      fc.integer({ min: -50, max: 500 }),
    )
    .map(([town, product, serial, amountFen]) => share(town, product, serial, amountFen)),
  { maxLength: 120 },
)
const householdsOf = (found: readonly ImpactShare[]) => new Set(found.map(({ householdCode }) => householdCode)).size

describe('public figures', () => {
  it('tell each product of a town that enough households sold', () => {
    expect(publishImpact([...shares('a', 'citrus', 6), ...shares('a', 'plum', 5)])).toEqual([
      { townCode: 'a', product: 'plum', households: 5, amountFen: 500 },
      { townCode: 'a', product: 'citrus', households: 6, amountFen: 600 },
    ])
  })

  it('add what is too small to the smallest that is not', () => {
    expect(publishImpact([...shares('a', 'citrus', 9), ...shares('a', 'plum', 6), ...shares('a', 'honey', 2)])).toEqual(
      [
        { townCode: 'a', product: 'citrus', households: 9, amountFen: 900 },
        { townCode: 'a', product: undefined, households: 6, amountFen: 800 },
      ],
    )
  })

  it('put small towns together with another, and tell nothing of fewer than five households in all', () => {
    expect(publishImpact([...shares('a', 'citrus', 9), ...shares('b', 'plum', 1)])).toEqual([
      { townCode: undefined, product: undefined, households: 10, amountFen: 1_000 },
    ])
    expect(publishImpact(shares('a', 'citrus', 4))).toEqual([])
  })

  it('stand for five households at least, whatever was earned', () => {
    fc.assert(
      fc.property(anyShares, (found) => {
        for (const { households } of publishImpact(found)) expect(households).toBeGreaterThanOrEqual(leastHouseholds)
      }),
    )
  })

  it('add up to what was earned when there are five households at all, and to nothing else', () => {
    fc.assert(
      fc.property(anyShares, (found) => {
        const cells = publishImpact(found)
        const told = cells.reduce((sum, { amountFen }) => sum + amountFen, 0)
        const earned = found.reduce((sum, { amountFen }) => sum + amountFen, 0)

        expect(told).toBe(householdsOf(found) < leastHouseholds ? 0 : earned)
        // Several together stand once in a town and once over the towns: nothing is left to take away from them.
        const rests = cells.filter(({ product }) => product === undefined).map(({ townCode }) => townCode)
        expect(new Set(rests).size).toBe(rests.length)
      }),
    )
  })
})
