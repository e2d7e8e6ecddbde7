import { describe, expect, it } from 'vitest'
import { rows } from '#server/db/unit.ts'
import { findTwin } from '#server/cabinets/change-twin.ts'
import { walletPayments } from '#server/payments/wallet-payments.ts'
import { walletOf } from '#server/payments/wallets.ts'
import { closeRecall, recallLot } from '#server/recalls/recall-lot.ts'
import { refundRecalled } from '#server/recalls/refund-recalled.ts'
import { countBuyers, getRecall, listBuyers, listPlaces, listRecalls } from '#server/recalls/show-recall.ts'
import { countLane } from '#server/stock/count-lane.ts'
import { takeOffStock } from '#server/stock/transfer-stock.ts'
import { openForRestock } from '#server/restock/open-for-restock.ts'
import { openDeps, openMarket, seedCabinet, settled, unitsInLane, type Market } from '#tests/support/market.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const by = { accountId: 'operator', name: '运营' }
const page = { cursor: undefined, limit: 50 }
const recall = ({ database, citrus }: Market) =>
  database.run((ctx) => recallLot(ctx, { lotId: citrus.lotId, reason: '农残超标', by }))

/** So many pieces of the lot are what was taken. */
function takenOfLot(market: Market, sessionId: string, count: number) {
  const bill = settled(market, sessionId, { count })
  return { ...bill, lines: bill.lines.map((line) => ({ ...line, lotId: market.citrus.lotId })) }
}

/** The buyer takes so many pieces of the lot. */
async function buy(market: Market, count: number): Promise<void> {
  const sessionId = await market.open()
  await market.tell('session.settled', takenOfLot(market, sessionId, count))
}

describe.each(dialects)('a recall of a lot on %s', (dialect) => {
  it('locks its lanes in every cabinet, tells each, and lists places, orders and buyers', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const otherId = await database.run((ctx) => seedCabinet(ctx, 'YB-0002', market))
    await buy(market, 2)

    const { recallId, lanesLocked, effects } = await recall(market)

    expect(lanesLocked).toBe(2)
    expect(effects.map((effect) => ('cabinetId' in effect ? effect.cabinetId : ''))).toEqual(
      expect.arrayContaining([market.cabinetId, otherId]),
    )
    const running = await database.read((ctx) => listRecalls(ctx, { ...page, isOpen: true }))
    expect(running.rows).toEqual([await database.read((ctx) => getRecall(ctx, recallId))])
    expect((await database.read((ctx) => listRecalls(ctx, { ...page, isOpen: false }))).rows).toEqual([])
    const places = await database.read((ctx) => listPlaces(ctx, recallId, page))
    expect(new Set(places.rows.map(({ cabinetCode, laneId, units }) => `${cabinetCode} ${laneId} ${units}`))).toEqual(
      new Set([`YB-0001 L01 ${unitsInLane - 2}`, `YB-0002 L01 ${unitsInLane}`]),
    )
    const buyers = await database.read((ctx) => listBuyers(ctx, recallId, page))
    expect(buyers.rows).toMatchObject([{ accountId: market.buyerId, count: 2, amountFen: 2_560, refundedFen: 0 }])
    expect(await database.read((ctx) => countBuyers(ctx, market.citrus.lotId))).toEqual({
      orders: 1,
      buyers: 1,
      soldFen: 2_560,
    })
  })

  it('keeps the lot from being loaded, and charges nothing for what is taken of it', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    await recall(market)
    const { cabinetCode, citrus } = market
    const load = { laneId: 'L01', lotId: citrus.lotId, skuId: citrus.skuId, count: 1, isReplacement: false }
    const request = { accountId: 'keeper', accountName: 'keeper', cabinetCode, idempotencyKey: 'restock-1' }

    const loading = database.run((ctx) => openForRestock(ctx, openDeps, { ...request, loads: [load] }))
    await expect(loading).rejects.toMatchObject({ code: 'restock.load_invalid', field: 'loads.0.lotId' })
    await buy(market, 1)

    const sold = await database.read((ctx) => rows(ctx.db.select().from(ctx.tables.saleLines)))
    expect(sold).toMatchObject([{ listFen: 1_280, amountFen: 0 }])
  })

  it('counts who was buying when it began among the buyers, at the price that was agreed', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const sessionId = await market.open()
    const { recallId } = await recall(market)

    await market.tell('session.settled', takenOfLot(market, sessionId, 1))

    const buyers = await database.read((ctx) => listBuyers(ctx, recallId, page))
    expect(buyers.rows).toMatchObject([{ accountId: market.buyerId, count: 1, amountFen: 1_280, refundedFen: 0 }])
    const refund = { recallId, byAccountId: 'finance' }
    const refunded = await database.run((ctx) => refundRecalled(ctx, walletPayments, refund))
    expect(refunded).toMatchObject({ lines: 1, amountFen: 1_280, isComplete: true })
  })

  it('gives buyers their money back once, however often it is asked for', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    await buy(market, 2)
    await buy(market, 1)
    const { recallId } = await recall(market)
    const refund = () =>
      database.run((ctx) => refundRecalled(ctx, walletPayments, { recallId, byAccountId: 'finance' }))

    const first = await refund()
    const second = await refund()

    expect(first).toEqual({ lines: 2, amountFen: 3_840, isComplete: true })
    expect(second).toEqual({ lines: 0, amountFen: 0, isComplete: true })
    expect(await database.read((ctx) => walletOf(ctx, market.buyerId))).toEqual({ balanceFen: 50_000, heldFen: 0 })
  })

  it('is refused for a lot that is not there or recalled already, and nothing changes', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const lotId = '01900000-0000-7000-8000-00000000000a'
    const stranger = database.run((ctx) => recallLot(ctx, { lotId, reason: 'x', by }))
    await expect(stranger).rejects.toMatchObject({ code: 'recall.lot_unknown', field: 'lotId' })
    expect(await database.read((ctx) => rows(ctx.db.select().from(ctx.tables.recalls)))).toEqual([])

    await recall(market)

    await expect(recall(market)).rejects.toMatchObject({ code: 'recall.lot_recalled' })
  })

  it('locks a lane in which a count finds goods that the books had sold out', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    await buy(market, unitsInLane)
    const { lanesLocked } = await recall(market)
    expect(lanesLocked).toBe(0)
    const { cabinetId, citrus } = market
    const counts = [{ lotId: citrus.lotId, units: 2 }]

    const count = { cabinetId, laneId: 'L01', counts, reason: '夜间盘点', by: by.accountId }
    await database.run((ctx) => countLane(ctx, count))

    const twin = await database.read((ctx) => findTwin(ctx, cabinetId))
    expect(twin.lockedLanes.filter(({ reason }) => reason === 'recalled')).toMatchObject([{ laneId: 'L01' }])
    await database.run((ctx) => countLane(ctx, count))
    expect(await database.read((ctx) => findTwin(ctx, cabinetId))).toEqual(twin)
  })

  it('locks a lane out of which goods are sold that the books had sold out: more of them may lie there', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    await buy(market, unitsInLane)
    const sessionId = await market.open('intent-beyond')
    const { recallId, lanesLocked } = await recall(market)

    const { effects } = await market.tell('session.settled', takenOfLot(market, sessionId, 1))

    expect(lanesLocked).toBe(0)
    const twin = await database.read((ctx) => findTwin(ctx, market.cabinetId))
    expect(twin.lockedLanes.filter(({ reason }) => reason === 'recalled')).toMatchObject([{ laneId: 'L01' }])
    expect(effects.some((effect) => 'cabinetId' in effect && effect.cabinetId === market.cabinetId)).toBe(true)
    const close = database.run((ctx) => closeRecall(ctx, { recallId, note: '已全部下架', by }))
    await expect(close).rejects.toMatchObject({ code: 'recall.goods_left' })
  })

  it('ends when no lane holds the lot any more, and lets the lanes go', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const { recallId } = await recall(market)
    const close = () => database.run((ctx) => closeRecall(ctx, { recallId, note: '已全部下架', by }))
    await expect(close()).rejects.toMatchObject({ code: 'recall.goods_left' })
    const { cabinetId, citrus } = market
    const goods = { cabinetId, laneId: 'L01', lotId: citrus.lotId, units: unitsInLane, isFromDifference: false }
    await database.run((ctx) => takeOffStock(ctx, { ...goods, reason: '召回下架', by: by.accountId }))

    await close()

    const twin = await database.read((ctx) => findTwin(ctx, cabinetId))
    expect(twin.lockedLanes.filter(({ reason }) => reason === 'recalled')).toEqual([])
    await expect(close()).rejects.toMatchObject({ code: 'recall.closed' })
  })
})
