import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { priceBill, priceQuantity, type ContractLane, type TakenLine } from '#server/sessions/pricing.ts'

function lane(overrides: Partial<ContractLane> = {}): ContractLane {
  return {
    laneId: 'L01',
    skuId: 'citrus',
    name: '沃柑',
    spec: '1 kg 装',
    origin: '大盛镇',
    mode: 'piece',
    priceFen: 1280,
    isCertified: true,
    unitMassMg: 1_000_000,
    lotId: 'lot-a',
    ...overrides,
  }
}
const greens = lane({ laneId: 'L02', skuId: 'greens', mode: 'weight', priceFen: 998, lotId: undefined })

describe('the price of a quantity', () => {
  it('is count × price for pieces', () => {
    expect(priceQuantity('piece', { count: 3 }, 1280)).toBe(3840)
  })

  it('rounds a mass down to the fen', () => {
    expect(priceQuantity('weight', { massMg: 333_333 }, 998)).toBe(332)
    expect(priceQuantity('weight', { massMg: 999_999 }, 100)).toBe(99)
    expect(priceQuantity('weight', { massMg: 1_000_000 }, 100)).toBe(100)
  })

  it('stays exact where a double would not', () => {
    expect(priceQuantity('weight', { massMg: 999_999_999_999 }, 9_000_001)).toBe(
      Number((999_999_999_999n * 9_000_001n) / 1_000_000n),
    )
  })

  it('is unknown without the quantity its mode needs', () => {
    expect(priceQuantity('piece', { massMg: 1 }, 100)).toBeUndefined()
    expect(priceQuantity('weight', { count: 1 }, 100)).toBeUndefined()
  })
})

describe('a bill', () => {
  it('takes the contract price, whatever the cabinet showed, and says so', () => {
    const bill = priceBill(
      [{ laneId: 'L01', skuId: 'citrus', mode: 'piece', count: 2, shownPriceFen: 1 }],
      [lane()],
      10_000,
    )

    expect(bill.totalFen).toBe(2560)
    expect(bill.flags).toEqual(['shown_price_differs'])
  })

  it('finds the price by SKU when goods were taken from another lane', () => {
    const bill = priceBill([{ laneId: 'L07', skuId: 'citrus', mode: 'piece', count: 1 }], [lane()], 10_000)

    expect(bill.totalFen).toBe(1280)
    expect(bill.flags).toEqual(['lane_sku_differs'])
  })

  it('charges nothing for goods outside the contract', () => {
    const bill = priceBill([{ laneId: 'L01', skuId: 'durian', mode: 'piece', count: 1 }], [lane()], 10_000)

    expect(bill.lines).toEqual([])
    expect(bill.unpriced).toHaveLength(1)
    expect(bill.flags).toEqual(['price_unknown'])
  })

  it('charges nothing for a line measured in another mode than was agreed', () => {
    const bill = priceBill([{ laneId: 'L02', skuId: 'greens', mode: 'piece', count: 2 }], [greens], 10_000)

    expect(bill.totalFen).toBe(0)
    expect(bill.flags).toEqual(['mode_differs'])
  })

  it('charges nothing for an item past its date, and lists it', () => {
    const bill = priceBill(
      [{ laneId: 'L01', skuId: 'citrus', mode: 'piece', count: 1 }],
      [lane({ expiredLotIds: ['lot-a'] })],
      10_000,
    )

    expect(bill.lines.map(({ listFen, amountFen }) => ({ listFen, amountFen }))).toEqual([
      { listFen: 1280, amountFen: 0 },
    ])
    expect(bill.flags).toEqual(['expired_item'])
  })

  it('shrinks to the hold, each line in proportion', () => {
    const bill = priceBill(
      [
        { laneId: 'L01', skuId: 'citrus', mode: 'piece', count: 3 },
        { laneId: 'L02', skuId: 'greens', mode: 'weight', massMg: 2_000_000 },
      ],
      [lane({ priceFen: 2000 }), { ...greens, priceFen: 2000 }],
      5000,
    )

    expect(bill.lines.map((line) => line.amountFen)).toEqual([3000, 2000])
    expect(bill).toMatchObject({ totalFen: 5000, shortfallFen: 5000, flags: ['capped_at_hold'] })
  })

  it('never exceeds the hold, and Σ lines = total, for any goods', () => {
    const takenLine = fc.record({
      laneId: fc.constantFrom('L01', 'L02', 'L03'),
      skuId: fc.constantFrom('citrus', 'greens', 'durian'),
      mode: fc.constantFrom('piece' as const, 'weight' as const),
      count: fc.integer({ min: 1, max: 10_000 }),
      massMg: fc.integer({ min: 1, max: 1e12 }),
    })
    fc.assert(
      fc.property(
        fc.array(takenLine, { maxLength: 20 }),
        fc.integer({ min: 0, max: 1e9 }),
        fc.integer({ min: 0, max: 1e5 }),
        (taken: TakenLine[], holdFen, priceFen) => {
          const bill = priceBill(taken, [lane({ priceFen }), greens], holdFen)

          expect(bill.totalFen).toBeLessThanOrEqual(holdFen)
          expect(bill.lines.reduce((sum, line) => sum + line.amountFen, 0)).toBe(bill.totalFen)
          expect(bill.lines.length + bill.unpriced.length).toBe(taken.length)
          for (const line of bill.lines) expect(line.amountFen).toBeLessThanOrEqual(line.listFen)
          const listFen = bill.lines.reduce((sum, line) => sum + line.listFen, 0)
          expect(bill.totalFen + bill.shortfallFen).toBe(listFen)
        },
      ),
    )
  })
})
