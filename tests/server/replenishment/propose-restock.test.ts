import { describe, expect, it } from 'vitest'
import type { Forecast, RestockProposal } from '#shared/contracts/http/replenishment.ts'
import { makeForecasts } from '#server/replenishment/make-forecasts.ts'
import { startCommerceApi } from '#tests/support/commerce-api.ts'
import { openMarket, settled, type Market } from '#tests/support/market.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const restocker = { accountId: '01900000-0000-7000-8000-0000000000aa', roles: ['restocker'] } as const
const dayMs = 86_400_000

/** So many purchases a day for some days, each of `count` pieces. */
async function sell(market: Market, clock: TestClock, days: number, count: number): Promise<void> {
  for (let day = 0; day < days; day += 1) {
    const sessionId = await market.open()
    await market.tell('session.settled', settled(market, sessionId, { count }))
    clock.advance(dayMs)
  }
}

describe.each(dialects)('replenishment on %s', (dialect) => {
  it('forecasts from the sale lines and proposes what sells before it expires', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock, { walletFen: 5_000_000 })
    await using api = await startCommerceApi(database, clock)
    await sell(market, clock, 9, 2)

    const made = await makeForecasts(database, clock.now())

    expect(made).toMatchObject({ forecasts: 2, soldUnits: 18 })
    const { cabinetId, citrus } = market
    const listed = await api.call('GET', `/api/forecasts?cabinetId=${cabinetId}`, restocker)
    const { rows } = listed.body as { rows: Forecast[] }
    const ahead = rows.find(({ skuId }) => skuId === citrus.skuId)?.milliUnitsByDay ?? []
    expect(ahead).toHaveLength(14)
    expect(ahead.reduce((sum, milli) => sum + milli, 0) / 14_000).toBeCloseTo(2, 0)
    const reply = await api.call('GET', '/api/restock-proposal', restocker)
    const proposal = reply.body as RestockProposal
    const [load] = proposal.cabinets[0]?.loads ?? []
    // Two pieces are left; the lot at the depot is good for four days more, in which about ten sell.
    expect(load).toMatchObject({ laneId: 'L01', lotId: citrus.lotId, skuName: '沃柑' })
    expect(load?.count).toBeGreaterThanOrEqual(5)
    expect(load?.count).toBeLessThanOrEqual(10)
    expect(proposal.picks).toMatchObject([{ lotId: citrus.lotId, count: load?.count }])
  })

  it('proposes nothing without forecasts, and nothing for a full shelf', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await openMarket(database, clock)
    await using api = await startCommerceApi(database, clock)

    const before = await api.call('GET', '/api/restock-proposal', restocker)
    await makeForecasts(database, clock.now())
    const after = await api.call('GET', '/api/restock-proposal', restocker)

    expect(before.body).toEqual({ cabinets: [], picks: [], shortages: [] })
    expect(after.body).toEqual({ forecastMadeAtMs: clock.now(), cabinets: [], picks: [], shortages: [] })
  })

  it('is not for buyers, and says which figure is wrong', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await using api = await startCommerceApi(database, clock)

    const wrong = await api.call('GET', '/api/restock-proposal?coverDays=0', restocker)

    expect(wrong).toMatchObject({ status: 422, body: { errors: [{ field: 'coverDays' }] } })
    expect((await api.call('GET', '/api/restock-proposal', { ...restocker, roles: ['buyer'] })).status).toBe(403)
  })
})
