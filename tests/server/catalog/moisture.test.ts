import { describe, expect, it } from 'vitest'
import { unitsInLane as stockOfLane } from '#server/stock/lane-stock.ts'
import { rows } from '#server/db/unit.ts'
import type { EventBody } from '#shared/contracts/mqtt/event.ts'
import { startCommerceApi } from '#tests/support/commerce-api.ts'
import { openMarket, unitsInLane, type Market } from '#tests/support/market.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const auditor = { accountId: '01900000-0000-7000-8000-0000000000cc', roles: ['auditor'] } as const
const sessionId = '01900000-0000-7000-8000-0000000000aa'
const dried = ({ citrus }: Market, lostMg: number, looks: number): EventBody<'stock.dried'> => ({
  sessionId,
  lanes: [
    {
      laneId: 'L01',
      skuId: citrus.skuId,
      lotId: citrus.lotId,
      sinceMs: 1_000,
      untilMs: 2_000,
      lostMg,
      standardErrorMg: 900,
    },
    { laneId: 'L02', skuId: citrus.skuId, sinceMs: 1_000, untilMs: 2_000, lostMg: 7, standardErrorMg: 3 },
  ],
  rates: [{ skuId: citrus.skuId, ppmPerHour: 400 + looks, sdPpmPerHour: 90, looks }],
})
const read = ({ database }: Market) =>
  database.read(function* ({ db, tables: t }) {
    return {
      losses: yield* rows(db.select().from(t.moistureLosses).orderBy(t.moistureLosses.seq, t.moistureLosses.laneId)),
      rates: yield* rows(db.select().from(t.dryingRates)),
    }
  })

describe.each(dialects)('lost water on %s', (dialect) => {
  it('is kept lane by lane, with the newest rate of each SKU, and takes no piece off the books', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)

    const { flags } = await market.tell('stock.dried', dried(market, 60_000, 1))
    await market.tell('stock.dried', dried(market, 30_000, 2))

    const { cabinetId, citrus } = market
    expect(flags).toEqual([])
    const { losses, rates } = await read(market)
    expect(losses.map(({ laneId, lotId, lostMg }) => [laneId, lotId, lostMg])).toEqual([
      ['L01', citrus.lotId, 60_000],
      ['L02', null, 7],
      ['L01', citrus.lotId, 30_000],
      ['L02', null, 7],
    ])
    expect(rates).toMatchObject([{ cabinetId, skuId: citrus.skuId, ppmPerHour: 402, sdPpmPerHour: 90, looks: 2 }])
    const stock = await database.read((ctx) => stockOfLane(ctx, { cabinetId, laneId: 'L01' }))
    expect(stock.map(({ units }) => units)).toEqual([unitsInLane])
    expect(await database.read((ctx) => rows(ctx.db.select().from(ctx.tables.sessionFindings)))).toEqual([])
  })

  it('is listed per SKU with the learned rate and what was booked', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    await using api = await startCommerceApi(database)
    await market.tell('stock.dried', dried(market, 60_000, 1))
    await market.tell('stock.dried', dried(market, 30_000, 2))

    const listed = await api.call('GET', '/api/skus/drying', auditor)

    const { rows: shown } = listed.body as { rows: Array<{ skuId: string }> }
    const { skuId } = market.citrus
    expect(shown.find((row) => row.skuId === skuId)).toEqual({
      skuId,
      skuName: '沃柑',
      cabinets: 1,
      looks: 2,
      ppmPerHour: 402,
      sdPpmPerHour: 90,
      lossCount: 4,
      lostMg: 90_014,
      lastLossAtMs: 2_000,
    })
    expect(shown.find((row) => row.skuId !== skuId)).toMatchObject({ cabinets: 0, looks: 0, lossCount: 0, lostMg: 0 })
    expect((await api.call('GET', '/api/skus/drying', { ...auditor, roles: ['restocker'] })).status).toBe(403)
  })

  it('is kept aside when it makes no sense', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)

    const { flags } = await market.tell('stock.dried', dried(market, -60_000, 1))

    expect(flags).toEqual(['invalid_body'])
    expect(await read(market)).toEqual({ losses: [], rates: [] })
  })
})
