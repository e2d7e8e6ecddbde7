import { describe, expect, it } from 'vitest'
import type { Effect } from '#server/context.ts'
import { insertRows, rows } from '#server/db/unit.ts'
import type { Unit, UnitContext } from '#server/db/unit.ts'
import { changePrices, findTwin } from '#server/cabinets/change-twin.ts'
import { climbLadder } from '#server/mark-downs/climb-ladder.ts'
import { versionOfRules } from '#server/mark-downs/set-rules.ts'
import { proposeMoves, type LadderRule, type NearLot } from '#server/mark-downs/rules.ts'
import { accountIdOf } from '#server/ledger/account-kinds.ts'
import { balanceOf } from '#server/ledger/balances.ts'
import { checkLedger } from '#server/ledger/check-ledger.ts'
import { recallLot } from '#server/recalls/recall-lot.ts'
import { findSession } from '#server/sessions/store.ts'
import { startCommerceApi } from '#tests/support/commerce-api.ts'
import { householdCode, settled } from '#tests/support/market.ts'
import { openStockWorld, type StockWorld } from '#tests/support/stock-world.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const operator = { accountId: '01900000-0000-7000-8000-0000000000cc', roles: ['operator'] } as const
const dayMs = 86_400_000
const fruit = {
  category: 'fruit',
  steps: [
    { daysLeft: 2, percentOff: 30 },
    { daysLeft: 0, percentOff: 50 },
  ],
  transferDaysLeft: 2,
  donationDaysLeft: 2,
}

/** There are no rules yet. */
const unset = { expectedVersion: versionOfRules([]), note: '试行' }

async function climb(world: StockWorld): Promise<Effect[]> {
  const performed: Effect[] = []
  await climbLadder({ database: world.database, perform: (effects) => void performed.push(...effects) })
  return performed
}
const priceOf = ({ database, cabinetId, citrus }: StockWorld) =>
  database.read(function* (ctx) {
    return (yield* findTwin(ctx, cabinetId)).prices.prices[citrus.skuId]
  })
/** The citrus lot came from a call that promised so much. */
function* keepCallOf(ctx: UnitContext, { citrus }: StockWorld, floorFen: number): Unit<void> {
  const { harvestNeeds, harvestCalls } = ctx.tables
  const at = { needId: ctx.newId(), skuId: citrus.skuId, deliverByMs: ctx.now() }
  const need = { ...at, units: 20, state: 'met', stuck: null, origin: 'by_hand', raisedBy: null } as const
  yield* insertRows(harvestNeeds, [{ ...need, raisedAtMs: ctx.now() }])
  const call = { ...at, callId: ctx.newId(), seq: 1, householdCode: householdCode(1), state: 'delivered' } as const
  const units = { units: 20, acceptedUnits: 20, deliveredUnits: 20, lotId: citrus.lotId, reason: null }
  const times = { calledAtMs: ctx.now(), answerByMs: ctx.now(), answeredAtMs: ctx.now(), endedAtMs: ctx.now() }
  const terms = { termsVersion: 1, priceFen: 896, floorFen, answeredBy: null }
  yield* insertRows(harvestCalls, [{ ...call, ...units, ...times, ...terms }])
}
const expect40 = ({ database, otherCabinetId, citrus }: StockWorld) =>
  database.run(function* (ctx) {
    const milliUnitsByDay = Array.from({ length: 14 }, () => 20_000)
    const firstDay = new Date(ctx.now() + 8 * 3_600_000).toISOString().slice(0, 10)
    const forecast = { firstDay, milliUnitsByDay, dispersionMilli: 1_000, madeAtMs: ctx.now() }
    yield* insertRows(ctx.tables.demandForecasts, [{ ...forecast, cabinetId: otherCabinetId, skuId: citrus.skuId }])
  })

describe.each(dialects)('the near-expiry ladder on %s', (dialect) => {
  it('puts the price down step by step, keeps it in open sessions, and back when an operator sets another', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const world = await openStockWorld(database, clock)
    await using api = await startCommerceApi(database, clock)
    const { cabinetId, citrus } = world
    const set = await api.call('PUT', '/api/ladder-rules', operator, { ...unset, rules: [fruit] })
    expect(set.status).toBe(200)
    expect(await climb(world)).toEqual([])
    const before = await world.open()
    // 14 days of shelf life, two of which the world began with.
    clock.advance(10 * dayMs)

    const effects = await climb(world)

    expect(effects.map(({ kind }) => kind)).toEqual(['desired', 'desired'])
    expect(await priceOf(world)).toBe(896)
    expect(await climb(world)).toEqual([])
    await world.tell('session.settled', settled(world, before, { count: 1 }))
    expect(await database.read(() => findSession(before))).toMatchObject({ totalFen: 1_280 })
    const listed = await api.call('GET', `/api/mark-downs?isOpen=true&cabinetId=${cabinetId}`, operator)
    expect(listed.body).toMatchObject({ rows: [{ percentOff: 30, listPriceFen: 1_280, priceFen: 896 }] })
    clock.advance(2 * dayMs)
    await climb(world)
    expect(await priceOf(world)).toBe(640)
    await database.run((ctx) => changePrices(ctx, { cabinetId, prices: { [citrus.skuId]: 1_000 }, changedBy: '运营' }))
    await climb(world)
    expect(await priceOf(world)).toBe(500)
    clock.advance(dayMs)
    await climb(world)
    expect(await priceOf(world)).toBe(1_000)
  })

  it('proposes the cabinet that should sell it in time, and books the transfer a person takes up', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const world = await openStockWorld(database, clock)
    await using api = await startCommerceApi(database, clock)
    await api.call('PUT', '/api/ladder-rules', operator, { ...unset, rules: [fruit] })
    clock.advance(10 * dayMs)
    await expect40(world)
    await climb(world)
    const open = await api.call('GET', '/api/ladder-proposals?state=open', operator)
    const { rows: proposals } = open.body as { rows: Array<{ proposalId: string; kind: string; units: number }> }
    const transfer = proposals.find(({ kind }) => kind === 'transfer')
    expect(transfer).toMatchObject({ cabinetCode: 'YB-0001', to: { cabinetCode: 'YB-0002', laneId: 'L01' }, units: 20 })

    const path = `/api/ladder-proposals/${transfer?.proposalId ?? ''}`
    const accepted = await api.call('POST', `${path}/acceptance`, operator, { note: '调走' })
    const again = await api.call('POST', `${path}/dismissal`, operator, { note: '算了' })

    expect(accepted.body).toMatchObject({ state: 'accepted', note: '调走' })
    expect(again.body).toMatchObject({ code: 'mark_down.proposal_decided' })
    const stock = await api.call('GET', `/api/lots/${world.citrus.lotId}/stock`, operator)
    expect(stock.body).toMatchObject({ lanes: [{ cabinetCode: 'YB-0002', units: 40 }] })
  })

  it('proposes a donation where nobody should buy it, for which the household is paid by the price label', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const world = await openStockWorld(database, clock)
    await using api = await startCommerceApi(database, clock)
    await api.call('PUT', '/api/ladder-rules', operator, { ...unset, rules: [fruit] })
    clock.advance(10 * dayMs)
    await climb(world)
    const [proposal] = await database.read((ctx) => rows(ctx.db.select().from(ctx.tables.ladderProposals)))
    expect(proposal).toMatchObject({ kind: 'donation', units: 20 })

    const path = `/api/ladder-proposals/${proposal?.proposalId ?? ''}/acceptance`
    const nameless = await api.call('POST', path, operator, { note: '捐赠' })
    const given = await api.call('POST', path, operator, { note: '捐赠', recipient: '敬老院' })

    expect(nameless.body).toMatchObject({ code: 'stock.recipient_missing' })
    expect(given.body).toMatchObject({ state: 'accepted' })
    const losses = await database.read((ctx) => rows(ctx.db.select().from(ctx.tables.stockLosses)))
    expect(losses).toMatchObject([{ kind: 'donation', units: 20, unitPriceFen: 1_280 }])
    // 20 × 12.80 = 256.00, though the price is down; households 70 %, over 100 : 200 : 300 units.
    const households = [1, 2, 3].map((serial) => accountIdOf('household', householdCode(serial)))
    const paid = await Promise.all(households.map((account) => database.read((ctx) => balanceOf(ctx, account))))
    expect(paid).toEqual([2_987, 5_973, 8_960])
    expect(await database.read((ctx) => checkLedger(ctx))).toMatchObject({ problems: [] })
  })

  it('does not go below what the households were promised for a unit', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const world = await openStockWorld(database, clock)
    await using api = await startCommerceApi(database, clock)
    const { cabinetId, supplierId, citrus } = world
    await api.call('PUT', '/api/ladder-rules', operator, { ...unset, rules: [fruit] })
    const promise = (floorFen: number, expectedVersion: number) =>
      api.call('PUT', `/api/harvest-terms/${citrus.skuId}`, operator, {
        expectedVersion,
        supplierId,
        floorFen,
        capUnits: 60,
        capDays: 30,
        minUnitsPerCall: 5,
        maxUnitsPerCall: 40,
        answerHours: 6,
        deliveryDays: 2,
      })
    await promise(700, 0)
    clock.advance(10 * dayMs)

    await climb(world)

    // 70 % of 10.00 yuan are the promised 7.00; 30 % off would be 8.96.
    expect(await priceOf(world)).toBe(1_000)
    const listed = await api.call('GET', `/api/mark-downs?isOpen=true&cabinetId=${cabinetId}`, operator)
    expect(listed.body).toMatchObject({ rows: [{ percentOff: 30, priceFen: 1_000, isAtFloor: true }] })
    await promise(900, 1)
    await climb(world)
    expect(await priceOf(world)).toBe(1_280)
    expect(await climb(world)).toEqual([])
  })

  it('holds to what the households of a lot were promised when they were called, whatever the terms say later', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const world = await openStockWorld(database, clock)
    await using api = await startCommerceApi(database, clock)
    await api.call('PUT', '/api/ladder-rules', operator, { ...unset, rules: [fruit] })
    await database.run((ctx) => keepCallOf(ctx, world, 700))
    clock.advance(10 * dayMs)

    await climb(world)

    expect(await priceOf(world)).toBe(1_000)
  })

  it('looks away from a lot under recall: it moves no price and is neither sent on nor given away', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const world = await openStockWorld(database, clock)
    await using api = await startCommerceApi(database, clock)
    await api.call('PUT', '/api/ladder-rules', operator, { ...unset, rules: [fruit] })
    clock.advance(10 * dayMs)
    await climb(world)
    const [proposal] = await database.read((ctx) => rows(ctx.db.select().from(ctx.tables.ladderProposals)))
    const by = { accountId: operator.accountId, name: '运营' }
    await database.run((ctx) => recallLot(ctx, { lotId: world.citrus.lotId, reason: '农残超标', by }))
    const path = `/api/ladder-proposals/${proposal?.proposalId ?? ''}/acceptance`

    const given = await api.call('POST', path, operator, { note: '捐赠', recipient: '敬老院' })
    await climb(world)

    expect(given.body).toMatchObject({ code: 'stock.lot_recalled' })
    expect(await priceOf(world)).toBe(1_280)
    const open = await api.call('GET', '/api/ladder-proposals?state=open', operator)
    expect(open.body).toMatchObject({ rows: [] })
  })

  it('is refused when a later step takes less off, and keeps the old rules', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await openStockWorld(database, clock)
    await using api = await startCommerceApi(database, clock)
    const wrong = { ...fruit, steps: [fruit.steps[1], fruit.steps[0]] }

    const refused = await api.call('PUT', '/api/ladder-rules', operator, { ...unset, rules: [wrong] })

    expect(refused.body).toMatchObject({ code: 'mark_down.rule_invalid', field: 'rules.0.steps.1' })
    expect((await api.call('GET', '/api/ladder-rules', operator)).body).toEqual({
      rules: [],
      version: unset.expectedVersion,
    })
  })

  it('is refused over rules that somebody else set meanwhile, which would be gone', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await openStockWorld(database, clock)
    await using api = await startCommerceApi(database, clock)
    const put = (expectedVersion: unknown, rules: readonly object[]) =>
      api.call('PUT', '/api/ladder-rules', operator, { expectedVersion, rules, note: '试行' })
    const { version } = (await api.call('GET', '/api/ladder-rules', operator)).body as { version: string }
    const eggs = { ...fruit, category: 'egg' }
    const first = await put(version, [eggs])

    const second = await put(version, [fruit])

    expect(second).toMatchObject({ status: 409, body: { code: 'mark_down.rules_stale' } })
    const held = (await api.call('GET', '/api/ladder-rules', operator)).body as { rules: object[]; version: string }
    expect(held).toEqual(first.body)
    expect(held.rules).toEqual([eggs])
    expect((await put(held.version, [eggs, fruit])).status).toBe(200)
  })
})

it('a lane that takes goods has that much less room for the next', () => {
  const rule: LadderRule = fruit
  const lot = (lotId: string): NearLot => ({
    lotId,
    skuId: 'citrus',
    cabinetId: 'slow',
    laneId: 'L01',
    units: 8,
    daysLeft: 1,
    rule,
  })
  const lane = { cabinetId: 'fast', laneId: 'L01', skuId: 'citrus', units: 0, capacity: 10 }

  const proposals = proposeMoves([lot('a'), lot('b')], [lane], (cabinetId) => (cabinetId === 'fast' ? 50_000 : 0))

  expect(proposals.map(({ kind, units }) => [kind, units])).toEqual([
    ['transfer', 8],
    ['transfer', 2],
  ])
})
