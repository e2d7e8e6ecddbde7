import { describe, expect, it } from 'vitest'
import { eq } from 'drizzle-orm'
import type { RouteReply } from '#shared/contracts/http/route.ts'
import type { listLaneDifferences } from '#shared/contracts/http/stock-checks.ts'
import { exec, one, rows } from '#server/db/unit.ts'
import { checkAllLanes } from '#server/stock-checks/check-lanes.ts'
import { judgeLanes, type LaneFacts } from '#server/stock-checks/rules.ts'
import { checkStock } from '#server/stock/check-stock.ts'
import { startCommerceApi } from '#tests/support/commerce-api.ts'
import { settled, unitsInLane } from '#tests/support/market.ts'
import { openStockWorld, type StockWorld } from '#tests/support/stock-world.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const operator = { accountId: '01900000-0000-7000-8000-0000000000cc', roles: ['operator'] } as const

/** The cabinet says what its lanes weigh now, units of 1 kg. */
const report = ({ database, cabinetId, citrus, greens }: StockWorld, units: Readonly<Record<string, number>>) =>
  database.run(function* (ctx) {
    const { cabinetStatuses: t } = ctx.tables
    const status = yield* one(ctx.db.select({ reported: t.reported }).from(t).where(eq(t.cabinetId, cabinetId)))
    const reported = status?.reported
    if (reported === undefined || reported === null) throw new Error('the market’s cabinet reports')
    const learned = { unitMassMg: 1_000_000, unitMassSdMg: 20_000, hasForeignObject: false, isFaulty: false }
    const lanes = Object.entries(units).map(([laneId, count]) => ({
      ...learned,
      laneId,
      skuId: laneId === 'L01' ? citrus.skuId : greens.skuId,
      count,
      grossMg: count * 1_010_000,
    }))
    yield* exec(
      ctx.db
        .update(t)
        .set({ reported: { ...reported, lanes, atMs: ctx.now() } })
        .where(eq(t.cabinetId, cabinetId)),
    )
  })
const differences = ({ database, cabinetId }: StockWorld) =>
  database.read(({ db, tables: { laneDifferences: d } }) => rows(db.select().from(d).where(eq(d.cabinetId, cabinetId))))

describe.each(dialects)('the check of lanes against the books on %s', (dialect) => {
  it('counts a lane as accurate whose weight is that of its books, and lists none', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const world = await openStockWorld(database, clock)
    await report(world, { L01: unitsInLane, L02: unitsInLane })

    const checked = await checkAllLanes(database)

    expect(checked).toEqual({ cabinets: 2, lanes: 4, unweighed: 2, accurate: 2 })
    expect(await differences(world)).toEqual([])
  })

  it('lists what lies in each lane that differs, the one that waited longest first when asked so, page by page', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const world = await openStockWorld(database, clock)
    await using api = await startCommerceApi(database, clock)
    await report(world, { L01: unitsInLane - 2, L02: unitsInLane })
    await checkAllLanes(database)
    clock.advance(86_400_000)
    await report(world, { L01: unitsInLane - 2, L02: unitsInLane - 2 })
    await checkAllLanes(database)
    const list = async (query: string) =>
      (await api.call('GET', `/api/stock/differences?${query}`, operator)).body as RouteReply<
        typeof listLaneDifferences
      >

    const newest = await list('order=newest')
    const first = await list('order=oldest&limit=1')
    const second = await list(`order=oldest&limit=1&cursor=${first.nextCursor}`)

    expect(newest.rows.map(({ laneId }) => laneId)).toEqual(['L02', 'L01'])
    expect([...first.rows, ...second.rows]).toEqual(newest.rows.toReversed())
    expect(first.rows[0]?.lots).toMatchObject([{ lotId: world.citrus.lotId, units: unitsInLane, unitsMissing: 0 }])
  })

  it('lists a lane that differs once, with what may be behind it, until a person counts it', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const world = await openStockWorld(database, clock)
    await using api = await startCommerceApi(database, clock)
    await report(world, { L01: unitsInLane - 2, L02: unitsInLane })
    await checkAllLanes(database)
    clock.advance(86_400_000)
    await checkAllLanes(database)
    const listed = await api.call('GET', `/api/stock/differences?isOpen=true&cabinetId=${world.cabinetId}`, operator)
    expect(listed.body).toMatchObject({
      rows: [{ laneId: 'L01', bookUnits: 20, weighedUnits: 18, unitsMissing: 0, causes: ['unexplained'] }],
    })
    const [difference] = await differences(world)
    const path = `/api/stock/differences/${difference?.differenceId ?? ''}/closing`
    const close = (body: unknown) => api.call('POST', path, operator, body)
    const counts = [{ lotId: world.citrus.lotId, units: unitsInLane - 2 }]

    const unexplained = await close({ reason: '找不到' })
    const unborne = await close({ counts, reason: '盘点' })
    const closed = await close({ counts, bearer: { kind: 'operator' }, reason: '盘点少两件' })
    const again = await close({ counts, bearer: { kind: 'operator' }, reason: '盘点少两件' })

    expect(unexplained.body).toMatchObject({ code: 'stock.difference_unexplained' })
    expect(unborne.body).toMatchObject({ code: 'stock.bearer_missing', field: 'bearer' })
    expect(closed).toMatchObject({ status: 200, body: { reason: '盘点少两件', closedBy: operator.accountId } })
    expect(again.body).toMatchObject({ code: 'stock.difference_closed' })
    const losses = await database.read((ctx) => rows(ctx.db.select().from(ctx.tables.stockLosses)))
    expect(losses).toMatchObject([{ kind: 'shrink', units: 2, bearer: 'operator' }])
    expect(await database.read(checkStock)).toEqual([])
    expect(await checkAllLanes(database)).toMatchObject({ accurate: 2 })
  })

  it('closes what was sold beyond the books without anybody bearing it', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const world = await openStockWorld(database, clock)
    await using api = await startCommerceApi(database, clock)
    const sessionId = await world.open()
    await world.tell('session.settled', settled(world, sessionId, { count: unitsInLane + 3 }))
    await report(world, { L01: 0, L02: unitsInLane })
    await checkAllLanes(database)
    const [difference] = await differences(world)
    expect(difference).toMatchObject({ laneId: 'L01', unitsMissing: -3, causes: ['beyond_books'] })

    const path = `/api/stock/differences/${difference?.differenceId ?? ''}/closing`
    const closed = await api.call('POST', path, operator, { reason: '上架时多放' })

    expect(closed.status).toBe(200)
    expect(await database.read((ctx) => rows(ctx.db.select().from(ctx.tables.stockLosses)))).toEqual([])
    expect(await database.read(checkStock)).toEqual([])
  })
})

it('two lanes that differ by as much the other way are taken for goods put back in the wrong lane', () => {
  const lane = (laneId: string, grossMg: number): LaneFacts => ({
    laneId,
    skuId: 'citrus',
    mode: 'piece',
    bookUnits: 5,
    unitsMissing: 0,
    isUnexplained: false,
    report: { grossMg, unitMassMg: 1_000_000, isFaulty: false, hasForeignObject: false },
    isReportOld: false,
    isSessionUnfinished: false,
    isCountDoubtful: false,
  })

  const judged = judgeLanes([lane('L01', 6_000_000), lane('L02', 4_000_000), lane('L03', 5_000_000)])

  expect(judged.map(({ causes }) => causes)).toEqual([['misplaced', 'more_than_booked'], ['misplaced'], []])
})
