// The five rules at their thresholds.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  findBelowLine,
  findIncomeFall,
  findNoSale,
  findPayoutFailed,
  findSurplusOpen,
  seasonStartMs,
} from '#server/warnings/rules.ts'

/** 2026-11-27, noon in the district. */
const nowMs = Date.UTC(2026, 10, 27, 4)
const dayMs = 86_400_000
const winter = { fromDay: '11-01', toDay: '02-29' }

describe('a fall of income', () => {
  it('warns below 70 % of the year before, not at it', () => {
    expect(findIncomeFall({ lastFen: 70_000, beforeFen: 100_000, nowMs })).toBeUndefined()
    expect(findIncomeFall({ lastFen: 69_999, beforeFen: 100_000, nowMs })).toMatchObject({
      rule: 'INCOME_FELL',
      subject: '2026-11',
      evidence: [{ value: '699.99 元' }, { value: '1000.00 元' }, { value: '70.0%' }],
    })
    expect(findIncomeFall({ lastFen: 0, beforeFen: 0, nowMs })).toBeUndefined()
  })

  it('never warns when income did not fall', () => {
    const fen = fc.integer({ min: 0, max: 1e12 })
    fc.assert(
      fc.property(fen, fen, (beforeFen, moreFen) => {
        expect(findIncomeFall({ lastFen: beforeFen + moreFen, beforeFen, nowMs })).toBeUndefined()
      }),
    )
  })
})

describe('the monitoring line', () => {
  const line = { year: 2026, amountFen: 800_000, documentNumber: '演示文〔2026〕1 号' }

  it('warns below it per head, with its document', () => {
    expect(findBelowLine({ netFen: 2_400_000, population: 3, line })).toBeUndefined()
    expect(findBelowLine({ netFen: 2_399_999, population: 3, line })).toMatchObject({
      rule: 'BELOW_LINE',
      subject: '2026',
      evidence: [{}, {}, {}, { value: '8000.00 元', source: '演示文〔2026〕1 号' }],
    })
  })

  it('judges nobody without a line or without known income', () => {
    expect(findBelowLine({ netFen: 1, population: 3, line: undefined })).toBeUndefined()
    expect(findBelowLine({ netFen: undefined, population: 3, line })).toBeUndefined()
  })
})

describe('a season', () => {
  it('may run over New Year', () => {
    expect(seasonStartMs(winter, nowMs)).toBe(Date.UTC(2026, 9, 31, 16))
    expect(seasonStartMs(winter, Date.UTC(2027, 0, 5))).toBe(Date.UTC(2026, 9, 31, 16))
    expect(seasonStartMs(winter, Date.UTC(2026, 6, 1))).toBeUndefined()
    expect(seasonStartMs({ fromDay: '06-01', toDay: '08-31' }, nowMs)).toBeUndefined()
  })

  it('warns after 21 days of it without a sale, not before', () => {
    const plum = { skuId: 'sku', skuName: '沃柑', season: winter, lastSaleAtMs: undefined }
    const startMs = Date.UTC(2026, 9, 31, 16)

    expect(findNoSale({ ...plum, nowMs: startMs + 21 * dayMs - 1 })).toBeUndefined()
    expect(findNoSale({ ...plum, nowMs: startMs + 21 * dayMs })).toMatchObject({
      rule: 'NO_SALE_IN_SEASON',
      subject: 'sku/2026-11-01',
    })
    const soldAtMs = startMs + 5 * dayMs
    expect(findNoSale({ ...plum, lastSaleAtMs: soldAtMs, nowMs: soldAtMs + 20 * dayMs })).toBeUndefined()
    expect(findNoSale({ ...plum, lastSaleAtMs: soldAtMs, nowMs: soldAtMs + 21 * dayMs })?.evidence[2]).toEqual({
      label: '最近一次销售',
      value: '2026-11-06',
    })
  })
})

describe('surplus and payouts', () => {
  it('warn when a surplus is open for more than seven days', () => {
    const notice = { noticeId: 'n', productName: '白菜', leftMg: 1_500_000, openedAtMs: nowMs - 7 * dayMs }

    expect(findSurplusOpen({ ...notice, nowMs })).toBeUndefined()
    expect(findSurplusOpen({ ...notice, nowMs: nowMs + 1 })).toMatchObject({ rule: 'SURPLUS_OPEN', subject: 'n' })
  })

  it('warn when the bank refused a payout twice', () => {
    const payout = { firstLineId: 'B1-2', lineId: 'B2-1', amountFen: 10_000, lastReason: '账号不存在' }

    expect(findPayoutFailed({ ...payout, failures: 1 })).toBeUndefined()
    expect(findPayoutFailed({ ...payout, failures: 2 })).toMatchObject({ rule: 'PAYOUT_FAILED', subject: 'B1-2' })
  })
})
