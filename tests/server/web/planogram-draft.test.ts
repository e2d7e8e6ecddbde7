import { describe, expect, it } from 'vitest'
import { changedPrices, draftOf, nextLaneId, plannedOf } from '#server/web/admin/cabinets/planogram-draft.ts'

const lane = {
  mode: 'piece' as const,
  capacity: 12,
  labelUnitMassMg: 500_000,
  labelUnitMassSdMg: 5_000,
  isOnSale: true,
}
const desired = {
  planogram: {
    version: 4,
    lanes: [
      { ...lane, laneId: 'L01', skuId: 'plum', skuName: '李子', lotId: 'lot-1' },
      { ...lane, laneId: 'L03', skuId: 'pear', skuName: '梨' },
    ],
  },
  prices: { version: 7, prices: { plum: 880, pear: 1_180 } },
}

describe('a planogram while it is changed', () => {
  it('sends no price that stands already, and fen without the error of a decimal fraction', () => {
    const draft = draftOf(desired)
    expect(changedPrices(draft, desired)).toEqual({})
    const changed = draft.map((one) => ({ ...one, priceYuan: one.skuId === 'pear' ? 19.99 : one.priceYuan }))

    expect(changedPrices(changed, desired)).toEqual({ pear: 1_999 })
  })

  it('keeps the lot where its goods stay, and drops it where others come', () => {
    const draft = draftOf(desired)
    expect(plannedOf(draft, desired)[0]).toMatchObject({ laneId: 'L01', lotId: 'lot-1' })
    const changed = draft.map((one) => ({ ...one, skuId: 'pear' }))

    expect(plannedOf(changed, desired)[0]).not.toHaveProperty('lotId')
  })

  it('adds the first free lane and sends the lanes in their order', () => {
    const draft = [...draftOf(desired)]
    const laneId = nextLaneId(draft)
    draft.push({ laneId, skuId: 'plum', lotId: undefined, capacity: 5, isOnSale: true, priceYuan: 8.8 })

    expect(laneId).toBe('L02')
    expect(plannedOf(draft, desired).map((one) => one.laneId)).toEqual(['L01', 'L02', 'L03'])
  })
})
