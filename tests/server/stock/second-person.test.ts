import { describe, expect, it } from 'vitest'
import { inArray } from 'drizzle-orm'
import type { RouteReply } from '#shared/contracts/http/route.ts'
import type { requestLoss } from '#shared/contracts/http/stock-losses.ts'
import { insertRows, rows } from '#server/db/unit.ts'
import { accountIdOf } from '#server/ledger/account-kinds.ts'
import { balanceOf } from '#server/ledger/balances.ts'
import { checkStock } from '#server/stock/check-stock.ts'
import { startCommerceApi, type CommerceApi } from '#tests/support/commerce-api.ts'
import { householdCode } from '#tests/support/market.ts'
import { openStockWorld, replayMoves, type StockWorld } from '#tests/support/stock-world.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const operator = { accountId: '01900000-0000-7000-8000-0000000000cc', roles: ['operator'] } as const
const other = { accountId: '01900000-0000-7000-8000-0000000000dd', roles: ['operator'] } as const
const paths = { losses: '/api/stock/losses', requests: '/api/stock/loss-requests' } as const
/** At 12.80 yuan each. One person books 500 yuan of a lot in a day. */
const manyUnits = 40

/** Citrus at the depot that has spoiled. */
const spoiled = (world: StockWorld, units: number, more: object = {}) => ({
  kind: 'wastage',
  lotId: world.citrus.lotId,
  units,
  bearer: { kind: 'operator' },
  reason: '冷库停电',
  ...more,
})
const booked = ({ database }: StockWorld) =>
  database.read(({ db, tables: { stockLosses: l } }) => rows(db.select().from(l)))
async function request(api: CommerceApi, world: StockWorld) {
  const reply = await api.call('POST', paths.requests, operator, spoiled(world, manyUnits))
  return reply.body as RouteReply<typeof requestLoss>
}

describe.each(dialects)('a large loss on %s', (dialect) => {
  it('is not booked by one person, not in parts on one day either', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const world = await openStockWorld(database, clock)
    await using api = await startCommerceApi(database, clock)
    const before = await replayMoves(world)
    const lose = (units: number) => api.call('POST', paths.losses, operator, spoiled(world, units))

    const whole = await lose(manyUnits)
    const afterWhole = await replayMoves(world)
    const first = await lose(30)
    const second = await lose(10)
    clock.advance(86_400_001)
    const nextDay = await lose(10)

    expect(whole).toMatchObject({ status: 409, body: { code: 'stock.second_person_missing' } })
    expect(afterWhole).toEqual(before)
    expect(first.status).toBe(201)
    expect(second.body).toMatchObject({
      code: 'stock.second_person_missing',
      field: 'units',
      listFen: 12_800,
      aloneFen: 50_000 - 30 * 1_280,
    })
    expect(nextDay.status).toBe(201)
    expect(await booked(world)).toHaveLength(2)
  })

  it('leaves the books once another person confirms the request, and the producers are paid', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const world = await openStockWorld(database, clock)
    await using api = await startCommerceApi(database, clock)
    const before = await replayMoves(world)
    const { requestId, ...shown } = await request(api, world)
    const url = `${paths.requests}/${requestId}/confirmation`

    const own = await api.call('POST', url, operator)
    const waiting = { moves: await replayMoves(world), losses: await booked(world) }
    const confirmed = await api.call('POST', url, other)
    const again = await api.call('POST', url, other)

    expect(shown).toMatchObject({ state: 'requested', listFen: manyUnits * 1_280, requestedBy: operator.accountId })
    expect(own).toMatchObject({ status: 403, body: { code: 'stock.same_person' } })
    expect(waiting).toEqual({ moves: before, losses: [] })
    expect(confirmed).toMatchObject({ status: 200, body: { state: 'confirmed', decidedBy: other.accountId } })
    expect(again.body).toMatchObject({ code: 'stock.request_decided' })
    const people = { recordedBy: operator.accountId, confirmedBy: other.accountId }
    expect((await api.call('GET', paths.losses, operator)).body).toMatchObject({ rows: [{ units: 40, ...people }] })
    expect(await database.read((ctx) => balanceOf(ctx, accountIdOf('household', householdCode(1))))).toBeGreaterThan(0)
    expect(await database.read(checkStock)).toEqual([])
    const trail = await database.read(({ db, tables: { auditRows: a } }) =>
      rows(
        db
          .select({ action: a.action, by: a.accountId })
          .from(a)
          .where(inArray(a.action, ['stock.loss_requested', 'stock.lost', 'stock.loss_confirmed']))
          .orderBy(a.action),
      ),
    )
    expect(trail).toEqual([
      { action: 'stock.loss_confirmed', by: other.accountId },
      { action: 'stock.loss_requested', by: operator.accountId },
      { action: 'stock.lost', by: other.accountId },
    ])
  })

  it('is requested once, only when it could be booked, and may be let go', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const world = await openStockWorld(database, clock)
    await using api = await startCommerceApi(database, clock)
    const ask = (more: object) => api.call('POST', paths.requests, operator, spoiled(world, manyUnits, more))

    const refused = [
      await ask({ lotId: '01900000-0000-7000-8000-00000000000a' }),
      await ask({ units: -1 }),
      await ask({ units: 601 }),
      await ask({ bearer: { kind: 'site', hostSiteId: '01900000-0000-7000-8000-00000000000a' } }),
    ]
    const { requestId } = await request(api, world)
    const twice = await ask({})
    const withdrawn = await api.call('POST', `${paths.requests}/${requestId}/withdrawal`, operator)
    const late = await api.call('POST', `${paths.requests}/${requestId}/confirmation`, other)
    const unknown = await api.call('POST', `${paths.requests}/${world.citrus.lotId}/confirmation`, other)

    expect(refused.map(({ body }) => (body as { code: string }).code)).toEqual([
      'stock.lot_unknown',
      'request.invalid',
      'stock.not_enough',
      'stock.bearer_unknown',
    ])
    expect(twice.body).toMatchObject({ code: 'request.conflict' })
    expect(withdrawn.body).toMatchObject({ state: 'withdrawn' })
    expect(late.body).toMatchObject({ code: 'stock.request_decided' })
    expect(unknown.body).toMatchObject({ code: 'stock.request_unknown' })
    expect(await booked(world)).toEqual([])
    expect((await api.call('GET', `${paths.requests}?state=requested`, operator)).body).toEqual({ rows: [] })
  })

  it('is refused by the database too with one person’s name on it', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const world = await openStockWorld(database, clock)
    await using api = await startCommerceApi(database, clock)
    const { requestId } = await request(api, world)
    await api.call('POST', `${paths.requests}/${requestId}/confirmation`, other)
    const [loss] = await booked(world)
    const insert = (change: object) =>
      database.run((ctx) => insertRows(ctx.tables.stockLosses, [{ ...loss, lossId: ctx.newId(), ...change } as never]))

    await expect(insert({ confirmedBy: operator.accountId })).rejects.toMatchObject({ kind: 'check' })
    await expect(insert({ confirmedBy: null })).rejects.toMatchObject({ kind: 'check' })

    expect(await booked(world)).toHaveLength(1)
  })
})
