import { describe, expect, it } from 'vitest'
import { eq } from 'drizzle-orm'
import { changePrices, findTwin } from '#server/cabinets/change-twin.ts'
import { showShelf } from '#server/cabinets/show-shelf.ts'
import { exec, rows } from '#server/db/unit.ts'
import { lockByHand, releaseByHand } from '#server/lane-locks/lock-by-hand.ts'
import { lockExpired } from '#server/lane-locks/lock-expired.ts'
import { lockLanes, releaseLanes } from '#server/lane-locks/lock-lanes.ts'
import { setSchoolList } from '#server/lane-locks/set-school-list.ts'
import { walletOf } from '#server/payments/wallets.ts'
import { openMarket, settled, unitsInLane, type Market } from '#tests/support/market.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const dayMs = 86_400_000
const by = { accountId: 'operator', name: '运营' }
const operator = { name: '', address: '', contact: '', filingNumber: '' }

const lockedOf = ({ database, cabinetId }: Market) =>
  database.read(function* (ctx) {
    return (yield* findTwin(ctx, cabinetId)).lockedLanes
  })
const shelfOf = ({ database, cabinetCode }: Market) =>
  database.read(function* (ctx) {
    const { lanes } = yield* showShelf(ctx, cabinetCode, operator)
    return lanes.map(({ laneId, isOnSale, lockReason }) => ({ laneId, isOnSale, lockReason }))
  })
const lock = (market: Market, laneIds: readonly string[], causeId = 'recall-1') =>
  market.database.run((ctx) =>
    lockLanes(ctx, { cabinetId: market.cabinetId, laneIds, reason: 'recalled', causeId, by }),
  )
const findingsOf = ({ database }: Market) =>
  database.read((ctx) => {
    const { sessionFindings: f } = ctx.tables
    return rows(ctx.db.select({ finding: f.finding, detail: f.detail }).from(f))
  })
const auditOf = ({ database }: Market) =>
  database.read((ctx) => {
    const { auditRows: a } = ctx.tables
    return rows(ctx.db.select({ action: a.action, accountId: a.accountId, why: a.why }).from(a))
  })

describe.each(dialects)('a locked lane on %s', (dialect) => {
  it('is off the shelf and told to the cabinet, once for one cause', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)

    const first = await lock(market, ['L01'])
    const again = await lock(market, ['L01'])

    expect(first.effects).toMatchObject([
      { kind: 'desired', twin: { version: 2, lockedLanes: [{ laneId: 'L01', reason: 'recalled' }] } },
    ])
    expect(again).toEqual({ lockIds: [], effects: [] })
    expect(await shelfOf(market)).toEqual([
      { laneId: 'L01', isOnSale: false, lockReason: 'recalled' },
      { laneId: 'L02', isOnSale: true },
    ])
    expect(await auditOf(market)).toContainEqual({ action: 'lane.locked', accountId: 'operator', why: null })
  })

  it('charges nothing for what is taken from it, which leaves the books and is found', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    await lock(market, ['L01'])
    const sessionId = await market.open()

    await market.tell('session.settled', settled(market, sessionId, { count: 2, massMg: 1_000_000 }))

    const lines = await database.read((ctx) => {
      const { saleLines: l } = ctx.tables
      return rows(
        ctx.db.select({ laneId: l.laneId, listFen: l.listFen, amountFen: l.amountFen }).from(l).orderBy(l.laneId),
      )
    })
    expect(lines).toEqual([
      { laneId: 'L01', listFen: 2_560, amountFen: 0 },
      { laneId: 'L02', listFen: 998, amountFen: 998 },
    ])
    expect(await database.read((ctx) => walletOf(ctx, market.buyerId))).toEqual({ balanceFen: 49_002, heldFen: 0 })
    expect(await findingsOf(market)).toEqual([{ finding: 'locked_item', detail: 'L01 (recalled) ×2; not charged' }])
    const stock = await database.read((ctx) => {
      const { laneStock: s } = ctx.tables
      return rows(ctx.db.select({ units: s.units }).from(s).where(eq(s.laneId, 'L01')))
    })
    expect(stock).toEqual([{ units: unitsInLane - 2 }])
  })

  it('keeps the door shut when all lanes with goods are locked', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    await lock(market, ['L01', 'L02'])

    await expect(market.open()).rejects.toMatchObject({ code: 'session.nothing_on_sale' })

    expect(await database.read((ctx) => rows(ctx.db.select().from(ctx.tables.cabinetCommands)))).toEqual([])
    expect(await database.read((ctx) => walletOf(ctx, market.buyerId))).toEqual({ balanceFen: 50_000, heldFen: 0 })
  })

  it('is let go for its own cause only', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    await lock(market, ['L01'], 'recall-1')
    await lock(market, ['L01'], 'recall-2')

    const release = (causeId: string) =>
      database.run((ctx) => releaseLanes(ctx, { reason: 'recalled', causeId, by, note: 'looked at' }))

    expect(await release('recall-1')).toMatchObject({ released: 1 })
    expect(await lockedOf(market)).toMatchObject([{ laneId: 'L01' }])
    expect(await release('recall-1')).toEqual({ released: 0, effects: [] })
    expect(await release('recall-2')).toMatchObject({ effects: [{ twin: { version: 5, lockedLanes: [] } }] })
  })

  it('locks by itself when all that is left in it is past its date, and all-expired cabinets stay shut', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    clock.advance(20 * dayMs)
    const beforeSweep = market.open()
    await expect(beforeSweep).rejects.toMatchObject({ code: 'session.nothing_on_sale' })

    const { effects } = await database.run((ctx) => lockExpired(ctx))
    const again = await database.run((ctx) => lockExpired(ctx))

    expect(effects).toMatchObject([
      { cabinetId: market.cabinetId, twin: { lockedLanes: [{ laneId: 'L01', reason: 'expired' }, { laneId: 'L02' }] } },
    ])
    expect(again.effects).toEqual([])
    await expect(market.open()).rejects.toMatchObject({ code: 'session.nothing_on_sale' })
  })

  it('stays off sale while its label has no price', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const price = (priceFen: number) =>
      database.run((ctx) =>
        changePrices(ctx, {
          cabinetId: market.cabinetId,
          prices: { [market.citrus.skuId]: priceFen },
          changedBy: 'operator',
        }),
      )

    await price(0)
    expect(await shelfOf(market)).toMatchObject([
      { isOnSale: false, lockReason: 'label_incomplete' },
      { isOnSale: true },
    ])

    await price(990)
    expect(await shelfOf(market)).toMatchObject([{ isOnSale: true }, { isOnSale: true }])
  })

  it('stays locked at a school unless the school list names its goods', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    await database.run((ctx) => exec(ctx.db.update(ctx.tables.hostSites).set({ kind: 'school' })))
    const set = (skuIds: readonly string[]) => database.run((ctx) => setSchoolList(ctx, { skuIds, note: '新学期', by }))

    await set([market.citrus.skuId])
    expect(await shelfOf(market)).toMatchObject([{ isOnSale: true }, { isOnSale: false, lockReason: 'not_allowed' }])

    const unknown = set([market.citrus.skuId, '01900000-0000-7000-8000-00000000000a'])
    await expect(unknown).rejects.toMatchObject({ code: 'catalog.sku_unknown', field: 'skuIds.1' })
    await set([market.citrus.skuId, market.greens.skuId])
    expect(await shelfOf(market)).toMatchObject([{ isOnSale: true }, { isOnSale: true }])
  })
})

describe.each(dialects)('a lock by hand on %s', (dialect) => {
  it('is refused for a lane that is not there, and let go with a note by a person', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const lockNow = (laneIds: readonly string[]) =>
      database.run((ctx) => lockByHand(ctx, { cabinetId: market.cabinetId, laneIds, note: '异味', by }))

    await expect(lockNow(['L01', 'L77'])).rejects.toMatchObject({ code: 'lane_lock.lane_unknown', field: 'laneIds.1' })
    expect(await lockedOf(market)).toEqual([])
    const { lockIds } = await lockNow(['L01'])
    await expect(lockNow(['L01'])).rejects.toMatchObject({ code: 'lane_lock.locked' })
    const release = () => database.run((ctx) => releaseByHand(ctx, { lockId: lockIds[0] ?? '', note: '已检查', by }))
    await release()

    expect(await lockedOf(market)).toEqual([])
    await expect(release()).rejects.toMatchObject({ code: 'lane_lock.released' })
    expect(await auditOf(market)).toContainEqual({ action: 'lane.released', accountId: 'operator', why: '已检查' })
  })

  it('does not end what a rule or a recall has locked', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const { lockIds } = await lock(market, ['L01'])

    const release = database.run((ctx) => releaseByHand(ctx, { lockId: lockIds[0] ?? '', note: 'x', by }))

    await expect(release).rejects.toMatchObject({ code: 'lane_lock.bound' })
  })
})
