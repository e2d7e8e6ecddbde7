import { describe, expect, it } from 'vitest'
import { eq } from 'drizzle-orm'
import { rows } from '#server/db/unit.ts'
import { listIncome } from '#server/incomes/list-income.ts'
import { accountIdOf } from '#server/ledger/account-kinds.ts'
import { balanceOf } from '#server/ledger/balances.ts'
import { checkLedger } from '#server/ledger/check-ledger.ts'
import { checkStock } from '#server/stock/check-stock.ts'
import { closeLot } from '#server/stock/close-lot.ts'
import { countLane } from '#server/stock/count-lane.ts'
import { recordLoss, type NewLoss } from '#server/stock/record-loss.ts'
import { showLotStock } from '#server/stock/show-stock.ts'
import { householdCode, unitsInLane } from '#tests/support/market.ts'
import { openStockWorld, replayMoves, type StockWorld } from '#tests/support/stock-world.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const lose = (world: StockWorld, overrides: Partial<NewLoss> = {}) =>
  world.database.run((ctx) =>
    recordLoss(ctx, {
      kind: 'wastage',
      lotId: world.citrus.lotId,
      lane: { cabinetId: world.cabinetId, laneId: 'L01' },
      isFromDifference: false,
      units: 6,
      bearer: { kind: 'operator' },
      reason: '腐坏',
      by: 'operator',
      ...overrides,
    }),
  )
const balance = ({ database }: StockWorld, account: Parameters<typeof balanceOf>[1]) =>
  database.read((ctx) => balanceOf(ctx, account))

describe.each(dialects)('a stock loss on %s', (dialect) => {
  it('is paid to the producers by who bears it, without fee or fund, and stands in the household’s income', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const world = await openStockWorld(database, clock)

    const { loss } = await lose(world)

    // 6 × 12.80 = 76.80; households 70 %, over 100 : 200 : 300 units.
    expect(loss).toMatchObject({ listFen: 7_680, unitPriceFen: 1_280 })
    const households = [1, 2, 3].map((serial) => accountIdOf('household', householdCode(serial)))
    const paid = await Promise.all(households.map((account) => balance(world, account)))
    expect(paid).toEqual([896, 1_792, 2_688])
    expect(await balance(world, 'writeoff:stock-loss')).toBe(-loss.owedFen)
    expect(await balance(world, 'fee:operator')).toBe(0)
    const income = await database.read((ctx) => listIncome(ctx, householdCode(1), { cursor: undefined, limit: 10 }))
    expect(income.rows).toMatchObject([{ source: 'stock-loss', incomeKind: 'OPERATING', amountFen: 896 }])
    expect(income.rows[0]?.explanation).toEqual([
      '损耗 沃柑 6 件（腐坏），照付：运营方承担',
      '按标价 76.80 元，分配方案第 1 版',
      '农户份额 76.80 元 × 70.00 % = 53.76 元',
      '本户供货 100 件 ÷ 批次 600 件 × 53.76 元 = 8.96 元',
    ])
    const problems = await database.read(function* (ctx) {
      return [...(yield* checkStock(ctx)), ...(yield* checkLedger(ctx)).problems]
    })
    expect(problems).toEqual([])
  })

  it('of a donation names who was given the goods, and the household is paid', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const world = await openStockWorld(database, clock)

    const { loss } = await lose(world, { kind: 'donation', recipient: '敬老院', reason: '临期' })

    expect(await balance(world, 'writeoff:donations')).toBe(-loss.owedFen)
    expect(await balance(world, accountIdOf('household', householdCode(3)))).toBe(2_688)
    const stock = await database.read((ctx) => showLotStock(ctx, world.citrus.lotId))
    expect(stock).toMatchObject({ donated: 6, wasted: 0 })
    await expect(lose(world, { kind: 'donation' })).rejects.toMatchObject({ code: 'stock.recipient_missing' })
  })

  it('that a site bears is on the account of that site', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const world = await openStockWorld(database, clock)
    const [site] = await database.read((ctx) => rows(ctx.db.select().from(ctx.tables.hostSites)))
    const hostSiteId = site?.hostSiteId ?? ''

    const { loss } = await lose(world, { bearer: { kind: 'site', hostSiteId } })

    expect(await balance(world, accountIdOf('writeoff', `stock-loss-site-${hostSiteId}`))).toBe(-loss.owedFen)
  })

  it('closes what a count has missed, and once', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const world = await openStockWorld(database, clock)
    const { cabinetId, citrus } = world
    const count = { cabinetId, laneId: 'L01', counts: [{ lotId: citrus.lotId, units: unitsInLane - 4 }] }
    await database.run((ctx) => countLane(ctx, { ...count, reason: '盘点', by: 'keeper' }))
    const shrink = { kind: 'shrink', isFromDifference: true, units: 4 } as const

    await lose(world, shrink)

    await expect(lose(world, shrink)).rejects.toMatchObject({ code: 'stock.not_enough' })
    const stock = await database.read((ctx) => showLotStock(ctx, citrus.lotId))
    expect(stock).toMatchObject({ shrunk: 4, missing: 0, received: 600 })
  })

  it.each([
    ['stock.lot_unknown', { lotId: '01900000-0000-7000-8000-00000000000a' }],
    ['stock.not_enough', { units: unitsInLane + 1 }],
    ['stock.not_enough', { isFromDifference: true }],
    ['stock.not_enough', { lane: undefined, units: 601 }],
    ['stock.bearer_unknown', { bearer: { kind: 'site' as const, hostSiteId: '01900000-0000-7000-8000-00000000000a' } }],
    ['stock.recipient_missing', { recipient: '敬老院' }],
  ])('is refused with %s and changes nothing', async (code, wrong) => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const world = await openStockWorld(database, clock)
    const before = await replayMoves(world)

    await expect(lose(world, wrong)).rejects.toMatchObject({ code })

    expect(await replayMoves(world)).toEqual(before)
    expect(await database.read((ctx) => rows(ctx.db.select().from(ctx.tables.stockLosses)))).toEqual([])
    expect(await balance(world, accountIdOf('household', householdCode(1)))).toBe(0)
  })

  it('ends with the lot closed, of which nothing moves any more', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const world = await openStockWorld(database, clock)
    const lotId = world.fresherLotId
    const close = () => database.run((ctx) => closeLot(ctx, { lotId, note: '全部捐出', by: 'operator' }))
    await expect(close()).rejects.toMatchObject({ code: 'stock.lot_not_empty' })
    const gift = { kind: 'donation', lotId, lane: undefined, units: 50, recipient: '学校' } as const
    await lose(world, gift)

    await close()

    await expect(lose(world, { ...gift, units: 1 })).rejects.toMatchObject({ code: 'stock.lot_closed' })
    await expect(close()).rejects.toMatchObject({ code: 'stock.lot_closed' })
    const { auditLog } = await database.read(function* (ctx) {
      const { auditRows: a } = ctx.tables
      return { auditLog: yield* rows(ctx.db.select({ action: a.action }).from(a).where(eq(a.subjectId, lotId))) }
    })
    expect(auditLog.map(({ action }) => action)).toContain('lot.closed')
  })
})
