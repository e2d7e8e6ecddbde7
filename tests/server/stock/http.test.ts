import { describe, expect, it } from 'vitest'
import { startCommerceApi } from '#tests/support/commerce-api.ts'
import { unitsInLane } from '#tests/support/market.ts'
import { openStockWorld } from '#tests/support/stock-world.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const operator = { accountId: '01900000-0000-7000-8000-0000000000cc', roles: ['operator'] } as const

describe.each(dialects)('stock over HTTP on %s', (dialect) => {
  it('shows where a lot is, with the purchase record and every move', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const world = await openStockWorld(database, clock)
    await using api = await startCommerceApi(database, clock)
    const { cabinetId, otherCabinetId, citrus } = world
    const from = { cabinetId, laneId: 'L01' }
    const goods = { lotId: citrus.lotId, units: 5, reason: '卖得慢' }
    const to = { cabinetId: otherCabinetId, laneId: 'L01' }

    const transferred = await api.call('POST', '/api/stock/transfers', operator, { ...goods, from, to })
    clock.advance(1_000)
    const counts = [{ lotId: citrus.lotId, units: 14 }]
    const counted = await api.call('POST', '/api/stock/stocktakes', operator, { ...from, counts, reason: '盘点' })
    clock.advance(1_000)
    const lost = await api.call('POST', '/api/stock/losses', operator, {
      ...goods,
      units: 1,
      kind: 'shrink',
      lane: from,
      isFromDifference: true,
      bearer: { kind: 'insurer' },
    })

    expect([transferred.status, counted.status, lost.status]).toEqual([201, 201, 201])
    expect(counted.body).toEqual({ differences: [{ lotId: citrus.lotId, units: -1 }] })
    const stock = await api.call('GET', `/api/lots/${citrus.lotId}/stock`, operator)
    expect(stock.body).toMatchObject({
      received: 600,
      atDepot: 600 - 2 * unitsInLane,
      inLanes: 14 + unitsInLane + 5,
      missing: 0,
      shrunk: 1,
      purchase: { supplierContact: '023-00000000', certificateNumber: 'YSCN-0001', unitsReceived: 600 },
      lanes: [
        { cabinetCode: 'YB-0001', laneId: 'L01', units: 14, missing: 0 },
        { cabinetCode: 'YB-0002', laneId: 'L01', units: unitsInLane + 5, missing: 0 },
      ],
    })
    const moves = await api.call('GET', `/api/lots/${citrus.lotId}/stock-moves?limit=3`, operator)
    expect(moves.body).toMatchObject({
      rows: [
        { kind: 'shrunk', units: 1, from: { kind: 'difference', cabinetCode: 'YB-0001', laneId: 'L01' } },
        { kind: 'counted', units: 1 },
        { kind: 'transferred', units: 5, to: { kind: 'lane', cabinetCode: 'YB-0002' }, movedBy: operator.accountId },
      ],
      nextCursor: expect.any(String),
    })
    const losses = await api.call('GET', `/api/stock/losses?kind=shrink`, operator)
    expect(losses.body).toMatchObject({ rows: [{ units: 1, skuName: '沃柑', bearer: { kind: 'insurer' } }] })
  })

  it.each([
    ['stock.lot_unknown', '/api/stock/transfers', { lotId: '01900000-0000-7000-8000-00000000000a' }],
    ['request.invalid', '/api/stock/transfers', { units: -1 }],
    ['stock.not_enough', '/api/stock/transfers', { isFresher: true }],
    ['stock.lane_full', '/api/stock/transfers', { units: 100 }],
    ['stock.lane_wrong', '/api/stock/transfers', { to: { laneId: 'L02' } }],
    ['stock.same_lane', '/api/stock/transfers', { to: undefined }],
  ])('refuses with %s and moves nothing', async (code, url, wrong) => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const world = await openStockWorld(database, clock)
    await using api = await startCommerceApi(database, clock)
    const from = { cabinetId: world.cabinetId, laneId: 'L01' }
    const to = 'to' in wrong ? { ...from, ...wrong.to } : { cabinetId: world.otherCabinetId, laneId: 'L01' }
    const before = await api.call('GET', `/api/lots/${world.citrus.lotId}/stock`, operator)

    const lotId = 'isFresher' in wrong ? world.fresherLotId : world.citrus.lotId
    const body = { lotId, units: 1, reason: '调拨', ...wrong, from, to }
    const refused = await api.call('POST', url, operator, body)

    expect(refused.body).toMatchObject({ code })
    expect(await api.call('GET', `/api/lots/${world.citrus.lotId}/stock`, operator)).toEqual(before)
  })
})
