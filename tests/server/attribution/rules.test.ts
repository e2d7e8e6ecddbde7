// The split of a sale line as arithmetic: exact sums over any line, any plan, any lot.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findPlanProblem, fundFenOf, splitLine, splitRefund, wholeBp } from '#server/attribution/rules.ts'
import type { LineFacts, PlanShares } from '#server/attribution/rules.ts'
import { shippedShares } from '#server/attribution/revenue-plans.ts'

const plan = fc
  .tuple(fc.nat(wholeBp), fc.nat(wholeBp), fc.nat(wholeBp), fc.nat(wholeBp))
  .map(([a, b, c, fundBp]): PlanShares => {
    const [low = 0, middle = 0, high = 0] = [a, b, c].toSorted((x, y) => x - y)
    return {
      householdBp: low,
      supplierBp: middle - low,
      organisationBp: high - middle,
      operatorBp: wholeBp - high,
      fundBp,
    }
  })

const lot = fc.record({
  lotId: fc.constant('lot'),
  supplierId: fc.constant('s'),
  organisationId: fc.constant('o'),
  isPooled: fc.boolean(),
  sources: fc.array(fc.integer({ min: 1, max: 1e12 }), { maxLength: 12 }).map((weights) =>
    weights.map((weight, ordinal) => ({
      ordinal,
      householdCode: String(5001121422010000n + BigInt(ordinal)),
      weight,
    })),
  ),
})

const line: fc.Arbitrary<LineFacts> = fc.record({
  amountFen: fc.integer({ min: 1, max: 1e9 }),
  isCertified: fc.boolean(),
  lot: fc.option(lot, { nil: undefined }),
})

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)

describe('splitting a sale line', () => {
  it('gives parts that are positive and sum to the amount, whatever the plan and the lot', () => {
    fc.assert(
      fc.property(line, plan, (sold, shares) => {
        const parts = splitLine(sold, shares)

        expect(sum(parts.map((part) => part.amountFen))).toBe(sold.amountFen)
        expect(parts.every((part) => part.amountFen > 0)).toBe(true)
      }),
    )
  })

  it('explains every part: the floor of its share by weight, and at most one fen more', () => {
    fc.assert(
      fc.property(line, plan, (sold, shares) => {
        for (const part of splitLine(sold, shares)) {
          expect([0, 1]).toContain(part.roundingFen)
          const isSplitFurther = part.role === 'household'
          const floor = (BigInt(part.shareFen) * BigInt(part.weight)) / BigInt(part.weightTotal)
          expect(part.amountFen).toBe(Number(floor) + (isSplitFurther ? part.roundingFen : 0))
        }
      }),
    )
  })

  it('gives the fund its rate of non-certified goods only, half-up', () => {
    fc.assert(
      fc.property(line, plan, (sold, shares) => {
        const fund = splitLine(sold, shares).find((part) => part.role === 'fund')

        expect(fund?.amountFen ?? 0).toBe(sold.isCertified ? 0 : fundFenOf(sold.amountFen, shares.fundBp))
      }),
    )
    expect([49, 50, 149, 150, 300].map((amountFen) => fundFenOf(amountFen, 100))).toEqual([0, 1, 1, 2, 3])
  })

  it('splits 12.80 yuan of a certified lot by the shipped plan to the fen', () => {
    const sources = [
      { ordinal: 0, householdCode: '5001121422010001', weight: 3_200_000 },
      { ordinal: 1, householdCode: '5001121422010002', weight: 1_750_000 },
    ]
    const sold = { lotId: 'l', supplierId: 's', organisationId: 'o', isPooled: true, sources }

    const parts = splitLine({ amountFen: 1280, isCertified: true, lot: sold }, shippedShares)

    // 70 % = 896: 3.20/4.95 → 579.23, 1.75/4.95 → 316.77; 15 % = 192; 5 % = 64; 10 % = 128.
    expect(parts.map((part) => [part.accountId, part.amountFen])).toEqual([
      ['household:5001121422010001', 579],
      ['household:5001121422010002', 317],
      ['supplier:s', 192],
      ['organisation:o', 64],
      ['fee:operator', 128],
    ])
  })

  it('gives what no source claims to the members’ organisation, or else to the supplier', () => {
    const base = { lotId: 'l', supplierId: 's', organisationId: 'o', sources: [] }
    const split = (isPooled: boolean) =>
      splitLine({ amountFen: 1000, isCertified: true, lot: { ...base, isPooled } }, shippedShares).map((part) => [
        part.role,
        part.amountFen,
      ])

    expect(split(true)).toEqual([
      ['supplier', 150],
      ['organisation', 750],
      ['operator', 100],
    ])
    expect(split(false)).toEqual([
      ['supplier', 900],
      ['operator', 100],
    ])
  })

  it('breaks ties by household code, whatever the order of the sources', () => {
    const sources = ['c', 'a', 'b'].map((householdCode, ordinal) => ({ ordinal, householdCode, weight: 1 }))
    const shares = { householdBp: wholeBp, supplierBp: 0, organisationBp: 0, operatorBp: 0, fundBp: 0 }
    const sold = { lotId: 'l', supplierId: 's', organisationId: 'o', isPooled: false, sources }

    const parts = splitLine({ amountFen: 5, isCertified: true, lot: sold }, shares)

    expect(parts.map((part) => [part.householdCode, part.amountFen])).toEqual([
      ['a', 2],
      ['b', 2],
      ['c', 1],
    ])
  })
})

describe('splitting a refund', () => {
  it('never takes more of a part than is left, and takes all of every part in the end', () => {
    const parts = fc.array(fc.integer({ min: 0, max: 1e6 }), { minLength: 1, maxLength: 10 })
    fc.assert(
      fc.property(parts, fc.array(fc.integer({ min: 1, max: 3e5 }), { maxLength: 20 }), (amounts, refunds) => {
        let left = [...amounts]
        for (const wanted of [...refunds, Number.MAX_SAFE_INTEGER]) {
          const refundFen = Math.min(wanted, sum(left))
          if (refundFen === 0) break
          const taken = splitRefund(refundFen, left)
          expect(sum(taken)).toBe(refundFen)
          left = left.map((fen, index) => fen - (taken[index] ?? 0))
          expect(left.every((fen) => fen >= 0)).toBe(true)
        }
        expect(sum(left)).toBe(0)
      }),
    )
  })
})

describe('a revenue plan', () => {
  it('must sum to the whole, in whole basis points', () => {
    expect(findPlanProblem(shippedShares)).toBeUndefined()
    expect(findPlanProblem({ ...shippedShares, operatorBp: 999 })).toContain('sum to 9999')
    expect(findPlanProblem({ ...shippedShares, supplierBp: 1500.5, operatorBp: 999.5 })).toContain('whole number')
    expect(findPlanProblem({ ...shippedShares, householdBp: -1, supplierBp: 8501 })).toContain('whole number')
  })
})
