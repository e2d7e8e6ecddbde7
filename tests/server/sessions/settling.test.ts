import { describe, expect, it } from 'vitest'
import { checkAttribution } from '#server/attribution/check-attribution.ts'
import { one, rows } from '#server/db/unit.ts'
import { checkLedger } from '#server/ledger/check-ledger.ts'
import { walletOf } from '#server/payments/wallets.ts'
import { makeReceipt } from '#server/sessions/receipt.ts'
import { findSession } from '#server/sessions/store.ts'
import { countLane } from '#server/stock/count-lane.ts'
import { unitsInLane as stockOfLane } from '#server/stock/lane-stock.ts'
import { eq } from 'drizzle-orm'
import { openMarket, settled, unitsInLane, type Market } from '#tests/support/market.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

async function sound({ database }: Market): Promise<string[]> {
  return await database.read(function* (ctx) {
    return [...(yield* checkLedger(ctx)).problems, ...(yield* checkAttribution(ctx))]
  })
}
const wallet = ({ database, buyerId }: Market) => database.read((ctx) => walletOf(ctx, buyerId))
const findings = ({ database }: Market) =>
  database.read((ctx) =>
    rows(ctx.db.select({ finding: ctx.tables.sessionFindings.finding }).from(ctx.tables.sessionFindings)),
  )
const session = ({ database }: Market, sessionId: string) => database.read(() => findSession(sessionId))

describe.each(dialects)('settling a session on %s', (dialect) => {
  it('prices, books, charges and takes from stock in one go', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const sessionId = await market.open()
    expect(await wallet(market)).toEqual({ balanceFen: 40_000, heldFen: 10_000 })
    await market.tell('door.opened', { sessionId })
    await market.tell('door.closed', { sessionId })

    const { flags, effects } = await market.tell(
      'session.settled',
      settled(market, sessionId, { count: 2, massMg: 500_000 }),
    )

    expect(flags).toEqual([])
    expect(await session(market, sessionId)).toMatchObject({ state: 'settled', totalFen: 2560 + 499 })
    expect(await wallet(market)).toEqual({ balanceFen: 50_000 - 3_059, heldFen: 0 })
    expect(effects.map((effect) => effect.kind)).toEqual(['live', 'receipt'])
    const place = { cabinetId: market.cabinetId, laneId: 'L01' }
    expect(await database.read((ctx) => stockOfLane(ctx, place))).toEqual([
      { lotId: market.citrus.lotId, units: unitsInLane - 2, unitsMissing: 0 },
    ])
    expect(await sound(market)).toEqual([])
    expect(await findings(market)).toEqual([])
  })

  it('shows on the receipt where every fen went, households masked', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const sessionId = await market.open()
    await market.tell('session.settled', settled(market, sessionId, { count: 1 }))

    const receipt = await database.read((ctx) => makeReceipt(ctx, sessionId))

    expect(receipt).toMatchObject({ receiptNumber: 'YB-0001-000001', totalFen: 1280, walletAfterFen: 48_720 })
    const [line] = receipt?.lines ?? []
    expect(line).toMatchObject({ name: '沃柑', unitPriceFen: 1280, amountFen: 1280, isCertified: true })
    expect(line?.parts.reduce((sum, part) => sum + part.amountFen, 0)).toBe(1280)
    // 70 % of 12.80 = 8.96, over 100 : 200 : 300 units.
    const households = line?.parts.filter((part) => part.payeeKind === 'household')
    expect(households?.map((part) => [part.payeeName, part.householdCodeLast4, part.amountFen])).toEqual([
      ['王**', '0001', 149],
      ['李**', '0002', 299],
      ['张**', '0003', 448],
    ])
    expect(households?.[2]?.why).toContain('300 件 ÷ 批次 600 件 × 8.96 元 = 4.48 元')
  })

  it('bills a session once, however often it is reported', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const sessionId = await market.open()
    await market.tell('session.settled', settled(market, sessionId, { count: 1 }))

    await market.tell('session.settled', settled(market, sessionId, { count: 5 }))

    expect(await wallet(market)).toEqual({ balanceFen: 50_000 - 1280, heldFen: 0 })
    expect(await findings(market)).toEqual([{ finding: 'settled_again' }])
  })

  it('accepts an event of a session nobody knows and moves no money', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const unknown = '01900000-0000-7000-8000-000000000001'

    const { flags } = await market.tell('session.settled', settled(market, unknown, { count: 1 }))

    expect(flags).toEqual([])
    expect(await findings(market)).toEqual([{ finding: 'unknown_session' }])
    expect(await wallet(market)).toEqual({ balanceFen: 50_000, heldFen: 0 })
  })

  it('never charges above the hold and keeps the shortfall for a person', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const sessionId = await market.open()

    await market.tell('session.settled', settled(market, sessionId, { count: 15 }))

    expect(await wallet(market)).toEqual({ balanceFen: 40_000, heldFen: 0 })
    expect(await session(market, sessionId)).toMatchObject({
      totalFen: 10_000,
      shortfallFen: 9_200,
      flags: ['capped_at_hold'],
    })
    expect(await findings(market)).toEqual([{ finding: 'capped_at_hold' }])
    expect(await sound(market)).toEqual([])
  })

  it('charges the price agreed at the door though the price changed meanwhile', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const sessionId = await market.open()
    await database.run(function* (ctx) {
      const { cabinetTwins: t } = ctx.tables
      const twin = yield* one(ctx.db.select().from(t).where(eq(t.cabinetId, market.cabinetId)))
      yield* rows(
        ctx.db
          .update(t)
          .set({ prices: { version: 2, prices: { [market.citrus.skuId]: 9_900 } }, version: (twin?.version ?? 0) + 1 })
          .where(eq(t.cabinetId, market.cabinetId))
          .returning({ version: t.version }),
      )
    })

    await market.tell('session.settled', settled(market, sessionId, { count: 1 }))

    expect(await session(market, sessionId)).toMatchObject({ totalFen: 1280 })
  })

  it('gives nothing away and charges nothing when nothing was taken', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const sessionId = await market.open()

    await market.tell('session.settled', settled(market, sessionId, {}))

    expect(await session(market, sessionId)).toMatchObject({ state: 'settled', totalFen: 0 })
    expect(await wallet(market)).toEqual({ balanceFen: 50_000, heldFen: 0 })
  })

  it('does not charge an item past its date, and logs it', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const empty = { cabinetId: market.cabinetId, laneId: 'L02', counts: [{ lotId: market.greens.lotId, units: 0 }] }
    await database.run((ctx) => countLane(ctx, { ...empty, reason: '空货道', by: 'keeper' }))
    await database.run((ctx) =>
      rows(
        ctx.db
          .update(ctx.tables.lots)
          .set({ expiresAtMs: clock.now() - 1 })
          .where(eq(ctx.tables.lots.lotId, market.greens.lotId))
          .returning({ lotId: ctx.tables.lots.lotId }),
      ),
    )
    const sessionId = await market.open()

    await market.tell('session.settled', settled(market, sessionId, { count: 1, massMg: 1_000_000 }))

    expect(await session(market, sessionId)).toMatchObject({ totalFen: 1280, flags: ['expired_item'] })
    expect(await findings(market)).toEqual([{ finding: 'expired_item' }])
  })
})
