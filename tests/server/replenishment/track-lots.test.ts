import { describe, expect, it } from 'vitest'
import type { TrackedLot } from '#shared/contracts/http/replenishment.ts'
import { startCommerceApi } from '#tests/support/commerce-api.ts'
import { householdCode, openMarket, settled, unitsInLane } from '#tests/support/market.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const farmer = {
  accountId: '01900000-0000-7000-8000-0000000000aa',
  roles: ['farmer'],
  householdCode: householdCode(1),
} as const

describe.each(dialects)('the lots of a household on %s', (dialect) => {
  it('say where the produce lies, how long it keeps, what was sold and what it brought', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    await using api = await startCommerceApi(database, clock)
    await market.tell('session.settled', settled(market, await market.open(), { count: 3 }))

    const reply = await api.call('GET', `/api/households/${householdCode(1)}/lots`, farmer)

    const { rows } = reply.body as { rows: TrackedLot[] }
    expect(rows).toHaveLength(2)
    const citrus = rows.find(({ lotId }) => lotId === market.citrus.lotId)
    expect(citrus).toMatchObject({
      skuName: '沃柑',
      daysLeft: 14,
      unitsReceived: 600,
      unitsAtDepot: 600 - unitsInLane,
      ownUnits: 100,
      places: [{ hostSiteName: '点位 YB-0001', units: unitsInLane - 3 }],
      soldUnits: 3,
    })
    expect(citrus?.incomeFen).toBeGreaterThan(0)
    expect(citrus?.incomeFen).toBeLessThan(3 * market.citrus.priceFen)
    expect(rows.find(({ lotId }) => lotId === market.greens.lotId)).toMatchObject({ soldUnits: 0, incomeFen: 0 })
  })

  it('are another household’s business to nobody but its own', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await openMarket(database, clock)
    await using api = await startCommerceApi(database, clock)

    const other = await api.call('GET', `/api/households/${householdCode(2)}/lots`, farmer)

    expect(other.status).toBe(404)
  })
})
