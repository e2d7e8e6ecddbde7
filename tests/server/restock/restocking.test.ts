import { describe, expect, it } from 'vitest'
import { eq } from 'drizzle-orm'
import { unitsInLane as stockOfLane } from '#server/stock/lane-stock.ts'
import { findLotsById } from '#server/catalog/find-goods.ts'
import { rows } from '#server/db/unit.ts'
import { openForRestock } from '#server/restock/open-for-restock.ts'
import type { Load } from '#server/restock/open-for-restock.ts'
import { walletOf } from '#server/payments/wallets.ts'
import { findSession } from '#server/sessions/store.ts'
import { openDeps, openMarket, unitsInLane, versions, type Market } from '#tests/support/market.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

function openWith(market: Market, loads: readonly Load[], idempotencyKey = 'restock-01') {
  const { cabinetCode, database } = market
  const request = { accountId: 'keeper', accountName: 'keeper', cabinetCode, idempotencyKey, loads }
  return database.run((ctx) => openForRestock(ctx, openDeps, request))
}
const citrusLoad = ({ citrus }: Market, overrides: Partial<Load> = {}): Load => ({
  laneId: 'L01',
  lotId: citrus.lotId,
  skuId: citrus.skuId,
  count: 10,
  isReplacement: false,
  ...overrides,
})

function completed({ citrus }: Market, sessionId: string, countAdded: number, countAfter: number) {
  const lane = {
    laneId: 'L01',
    skuId: citrus.skuId,
    lotId: citrus.lotId,
    countAdded,
    countAfter,
    grossAfterMg: countAfter * 1_010_000,
    unitMassMg: 1_010_000,
    unitMassSdMg: 21_000,
    samples: countAfter,
    isCountDoubtful: false,
  }
  return { sessionId, lanes: [lane], opening: [], closing: [], versions }
}

const stockOf = ({ database, cabinetId, citrus }: Market) =>
  database.read(function* (ctx) {
    const lane = yield* stockOfLane(ctx, { cabinetId, laneId: 'L01' })
    const lots = yield* findLotsById(ctx, [citrus.lotId])
    return { lane: lane.map(({ units }) => units), depot: lots.get(citrus.lotId)?.unitsAtDepot }
  })
const moves = ({ database, citrus }: Market) =>
  database.read((ctx) => {
    const { stockMoves: m } = ctx.tables
    return rows(
      ctx.db.select({ kind: m.kind, units: m.units }).from(m).where(eq(m.lotId, citrus.lotId)).orderBy(m.kind, m.units),
    )
  })

describe.each(dialects)('a restock on %s', (dialect) => {
  it('opens once for one intent, and refuses the same key for other loads', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const first = await openWith(market, [citrusLoad(market)])

    const again = await openWith(market, [citrusLoad(market)])
    const other = openWith(market, [citrusLoad(market, { count: 11 })])

    expect(again).toMatchObject({ session: { sessionId: first.session.sessionId }, effects: [] })
    await expect(other).rejects.toMatchObject({ code: 'session.intent_conflict', field: 'idempotencyKey' })
  })

  it('that states what a lane holds is a count: the depot gives nothing, and what differs waits for a person', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const before = await stockOf(market)
    const { session } = await openWith(market, [citrusLoad(market, { count: 17, isReplacement: true })])

    // The agent counts everything that lies there as added.
    await market.tell('restock.completed', completed(market, session.sessionId, 17, 17))

    expect(await stockOf(market)).toEqual({ lane: [17], depot: before.depot })
    const [lane] = await database.read((ctx) => stockOfLane(ctx, { cabinetId: market.cabinetId, laneId: 'L01' }))
    expect(lane?.unitsMissing).toBe(unitsInLane - 17)
    const findings = await database.read((ctx) => rows(ctx.db.select().from(ctx.tables.sessionFindings)))
    expect(findings).toMatchObject([
      { finding: 'load_differs', detail: 'L01: 17 added, 17 after; declared 17; 3 otherwise than the books had' },
    ])
  })

  it('moves stock from depot to lane when the cabinet reports it, and is no sale', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const { session, effects } = await openWith(market, [citrusLoad(market)])
    expect(effects.map((effect) => effect.kind)).toEqual(['command', 'live'])
    expect(await stockOf(market)).toEqual({ lane: [unitsInLane], depot: 580 })

    const { sessionId } = session
    await market.tell('restock.completed', completed(market, sessionId, 10, unitsInLane + 10))

    expect(await stockOf(market)).toEqual({ lane: [unitsInLane + 10], depot: 570 })
    expect(await database.read(() => findSession(sessionId))).toMatchObject({ state: 'settled', totalFen: null })
    expect(await database.read((ctx) => rows(ctx.db.select().from(ctx.tables.saleLines)))).toEqual([])
    expect(await database.read((ctx) => walletOf(ctx, market.buyerId))).toEqual({ balanceFen: 50_000, heldFen: 0 })
    const weights = await database.read((ctx) => rows(ctx.db.select().from(ctx.tables.laneWeights)))
    expect(weights).toMatchObject([{ laneId: 'L01', unitMassMg: 1_010_000, samples: 30, isCountDoubtful: false }])
  })

  it('corrects the books by the count found; what is missing waits in the lane’s difference', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const { session } = await openWith(market, [citrusLoad(market)])

    await market.tell('restock.completed', completed(market, session.sessionId, 10, 27))

    expect(await stockOf(market)).toEqual({ lane: [27], depot: 570 })
    expect(await moves(market)).toEqual([
      { kind: 'counted', units: 3 },
      { kind: 'loaded', units: 10 },
      { kind: 'loaded', units: unitsInLane },
      { kind: 'received', units: 600 },
    ])
  })

  it('happens once, however often it is reported', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const { session } = await openWith(market, [citrusLoad(market)])
    await market.tell('restock.completed', completed(market, session.sessionId, 10, 30))

    await market.tell('restock.completed', completed(market, session.sessionId, 10, 40))

    expect(await stockOf(market)).toEqual({ lane: [30], depot: 570 })
  })

  it.each([
    ['loads.0.laneId', { laneId: 'L77' }],
    ['loads.0.skuId', { skuId: '01900000-0000-7000-8000-00000000000a' }],
    ['loads.0.lotId', { lotId: '01900000-0000-7000-8000-00000000000a' }],
    ['loads.0.count', { count: 41 }],
  ])('is refused at %s and changes nothing', async (field, wrong) => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)

    await expect(openWith(market, [citrusLoad(market, wrong)])).rejects.toMatchObject({
      code: 'restock.load_invalid',
      field,
    })

    expect(await database.read((ctx) => rows(ctx.db.select().from(ctx.tables.shoppingSessions)))).toEqual([])
    expect(await database.read((ctx) => rows(ctx.db.select().from(ctx.tables.cabinetCommands)))).toEqual([])
  })

  it('does not load what is past its date', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    clock.advance(20 * 86_400_000)

    await expect(openWith(market, [citrusLoad(market)])).rejects.toMatchObject({ field: 'loads.0.lotId' })
  })
})
