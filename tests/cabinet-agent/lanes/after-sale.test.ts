import { describe, expect, it } from 'vitest'
import { lanesAfterSale } from '#cabinet-agent/lanes/after-sale.ts'
import type { LaneRecord } from '#cabinet-agent/lanes/lane-record.ts'
import { laneSetup, sessionSetup } from '#tests/support/session-setup.ts'
import { visit } from '#tests/support/weighing-script.ts'

const hourMs = 3_600_000
const record: LaneRecord = {
  laneId: 'L01',
  skuId: '0190b5a0-0000-7000-8000-000000000001',
  count: 10,
  grossMg: 5_000_000,
  unitMassMg: 500_000,
  unitMassSdMg: 5_000,
  samples: 12,
  foreignMassesMg: [],
  isCountDoubtful: false,
  countedAtMs: 0,
}
const one = sessionSetup({ lanes: [laneSetup()] })

describe('the lanes after a sale', () => {
  it('lose the pieces sold and learn from them', () => {
    const bill = visit(one, [[5000], [4493], [3986]])

    const [lane] = lanesAfterSale(bill, true, [record], 24 * hourMs)

    expect(lane).toMatchObject({ count: 8, isCountDoubtful: false, samples: 14, countedAtMs: 24 * hourMs })
    expect(lane?.unitMassMg).toBeGreaterThan(500_500)
  })

  it('keep an untouched lane’s counted gross, so that lost water stays visible', () => {
    const bill = visit(one, [[4900], [4900]])

    expect(lanesAfterSale(bill, true, [record], 24 * hourMs)).toEqual([])
    expect(Math.abs((bill.evidence.lanes[0]?.lostSinceCountMg ?? 0) - 100_000)).toBeLessThan(2_000)
  })

  it('remember a foreign object until it is gone', () => {
    const came = visit(one, [[5000], [4500], [5330]])
    const [lane] = lanesAfterSale(came, true, [record], hourMs)
    expect(lane?.foreignMassesMg).toHaveLength(1)
    expect(Math.abs((lane?.foreignMassesMg[0] ?? 0) - 830_000)).toBeLessThan(2_000)

    const known = laneSetup({ stock: { count: 9, grossMg: 4_500_000 }, foreignMassesMg: lane?.foreignMassesMg ?? [] })
    const went = visit(sessionSetup({ lanes: [known] }), [[5330], [4500]])
    const [after] = lanesAfterSale(went, true, [lane ?? record], 2 * hourMs)
    expect(went).toMatchObject({ outcome: 'settled', totalFen: 0 })
    expect(after).toMatchObject({ count: 9, foreignMassesMg: [] })
  })

  it('remember the object that lies there now when it was exchanged for another', () => {
    const known = laneSetup({ foreignMassesMg: [300_000] })
    const bill = visit(sessionSetup({ lanes: [known] }), [[5300], [5000], [5150]])

    const [lane] = lanesAfterSale(bill, true, [{ ...record, foreignMassesMg: [300_000] }], hourMs)

    expect(lane?.foreignMassesMg).toHaveLength(1)
    expect(Math.abs((lane?.foreignMassesMg[0] ?? 0) - 150_000)).toBeLessThan(2_000)
  })

  it('are doubted after a review', () => {
    const bill = visit(one, [[5000], [4500], [4810]])

    const [lane] = lanesAfterSale(bill, false, [record], hourMs)

    expect(lane).toMatchObject({ isCountDoubtful: true })
    expect(lane?.unitMassMg).toBe(500_000)
  })
})
