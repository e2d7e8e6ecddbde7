import { describe, expect, it } from 'vitest'
import type { HarvestCall, HarvestMember, HarvestNeed } from '#shared/contracts/http/harvest-calls.ts'
import type { Database } from '#server/db/database.ts'
import { lapseCalls } from '#server/harvest-calls/answer-call.ts'
import { raisePlanNeeds } from '#server/harvest-calls/raise-needs.ts'
import { problem, startCommerceApi, type Caller, type CommerceApi } from '#tests/support/commerce-api.ts'
import { householdCode, openMarket, type Market } from '#tests/support/market.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const accountId = '01900000-0000-7000-8000-0000000000aa'
const operator = { accountId, roles: ['operator'] } as const
const farmer = (serial: number): Caller => ({ accountId, roles: ['farmer'], householdCode: householdCode(serial) })
const hourMs = 3_600_000

interface Orchard extends AsyncDisposable {
  readonly database: Database
  readonly clock: TestClock
  readonly market: Market
  readonly api: CommerceApi
  need(units: number): Promise<HarvestNeed>
  calls(who?: Caller): Promise<HarvestCall[]>
  answer(who: Caller, call: HarvestCall | undefined, body: object): Promise<{ status: number; body: unknown }>
}

/** Three households in the rotation of citrus: 12.80 yuan at the label, of which 70 % reach a household. */
async function openOrchard(dialect: (typeof dialects)[number], floorFen = 800): Promise<Orchard> {
  const clock = new TestClock()
  const database = await openTestDatabase(dialect, { clock })
  const market = await openMarket(database, clock)
  const api = await startCommerceApi(database, clock)
  const { skuId } = market.citrus
  const terms = {
    expectedVersion: 0,
    supplierId: market.supplierId,
    floorFen,
    capUnits: 60,
    capDays: 30,
    minUnitsPerCall: 5,
    maxUnitsPerCall: 40,
    answerHours: 6,
    deliveryDays: 2,
  }
  expect((await api.call('PUT', `/api/harvest-terms/${skuId}`, operator, terms)).status).toBe(200)
  const householdCodes = [1, 2, 3].map(householdCode)
  await api.call('POST', `/api/harvest-terms/${skuId}/members`, operator, { householdCodes })
  return {
    database,
    clock,
    market,
    api,
    async need(units) {
      const reply = await api.call('POST', '/api/harvest-needs', operator, { skuId, units })
      expect(reply.status).toBe(201)
      clock.advance(60_000)
      return reply.body as HarvestNeed
    },
    async calls(who = operator) {
      const reply = await api.call('GET', '/api/harvest-calls', who)
      const { rows } = reply.body as { rows: HarvestCall[] }
      return rows.toSorted((a, b) => a.calledAtMs - b.calledAtMs || (a.householdCode < b.householdCode ? -1 : 1))
    },
    answer: (who, call, body) => api.call('POST', `/api/harvest-calls/${call?.callId}/answer`, who, body),
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]()
      await database.close()
    },
  }
}

describe.each(dialects)('harvest calls on %s', (dialect) => {
  it('go to households in rotation at the price the plan gives them, and a farmer sees the own ones', async () => {
    await using orchard = await openOrchard(dialect)

    const need = await orchard.need(50)

    expect(need).toMatchObject({ state: 'open', calledUnits: 50 })
    expect(need.stuck).toBeUndefined()
    expect(await orchard.calls()).toMatchObject([
      { householdCode: householdCode(1), units: 40, priceFen: 896, floorFen: 800, state: 'called' },
      { householdCode: householdCode(2), units: 10 },
    ])
    expect(await orchard.calls(farmer(2))).toMatchObject([{ householdCode: householdCode(2) }])
  })

  it('call the next when one declines, accepts less, or lets the time pass', async () => {
    await using orchard = await openOrchard(dialect)
    await orchard.need(50)
    const [first, second] = await orchard.calls()

    await orchard.answer(farmer(1), first, { answer: 'decline', reason: '还没熟' })
    const third = (await orchard.calls()).at(-1)
    await orchard.answer(farmer(2), second, { answer: 'accept', units: 4 })
    orchard.clock.advance(7 * hourMs)
    const late = await orchard.answer(farmer(3), third, { answer: 'accept' })
    await orchard.database.run(lapseCalls)

    expect(third).toMatchObject({ householdCode: householdCode(3), units: 40 })
    expect(problem(late)).toEqual({ code: 'harvest_call.deadline_past' })
    const calls = await orchard.calls()
    expect(calls.map(({ state }) => state)).toEqual(['declined', 'accepted', 'lapsed'])
    // All three were asked for this need; the next one begins with who was called longest ago and is free.
    const needs = await orchard.api.call('GET', '/api/harvest-needs', operator)
    expect(needs.body).toMatchObject({ rows: [{ acceptedUnits: 4, stuck: 'nobody_left' }] })
    await orchard.need(45)
    expect((await orchard.calls()).slice(3)).toMatchObject([
      { householdCode: householdCode(1), units: 40 },
      { householdCode: householdCode(3), units: 5 },
    ])
  })

  it('become lots with the household as source, and meet the need', async () => {
    await using orchard = await openOrchard(dialect)
    const need = await orchard.need(20)
    const [call] = await orchard.calls()
    await orchard.answer(farmer(1), call, { answer: 'accept' })
    const goods = { units: 20, harvestedAtMs: orchard.clock.now() - hourMs, certificateNumber: 'YSCN-0042' }
    const url = `/api/harvest-calls/${call?.callId}/delivery`

    const tooMany = await orchard.api.call('POST', url, operator, { ...goods, units: 21 })
    const delivered = await orchard.api.call('POST', url, operator, goods)
    const again = await orchard.api.call('POST', url, operator, goods)

    expect(problem(tooMany)).toEqual({ code: 'harvest_call.too_many', field: 'units' })
    expect(delivered.body).toMatchObject({ state: 'delivered', deliveredUnits: 20 })
    expect(problem(again)).toEqual({ code: 'harvest_call.not_accepted' })
    const lots = await orchard.api.call('GET', `/api/households/${householdCode(1)}/lots`, farmer(1))
    expect(lots.body).toMatchObject({ rows: [{ lotId: (delivered.body as HarvestCall).lotId, ownUnits: 20 }, {}, {}] })
    const needs = await orchard.api.call('GET', '/api/harvest-needs', operator)
    expect(needs.body).toMatchObject({ rows: [{ needId: need.needId, state: 'met', deliveredUnits: 20 }] })
  })

  it('are not made under the floor price, and say so', async () => {
    await using orchard = await openOrchard(dialect, 897)

    const need = await orchard.need(20)

    expect(need).toMatchObject({ state: 'open', calledUnits: 0, stuck: 'under_floor' })
    expect(await orchard.calls()).toEqual([])
  })

  it('are made for an older need as soon as a household is free again, the terms allow it, or one joins', async () => {
    await using orchard = await openOrchard(dialect, 897)
    const { skuId } = orchard.market.citrus
    const waiting = await orchard.need(20)
    const terms = { supplierId: orchard.market.supplierId, capUnits: 60, capDays: 30, answerHours: 6, deliveryDays: 2 }
    const sizes = { minUnitsPerCall: 5, maxUnitsPerCall: 10, floorFen: 800 }
    await orchard.api.call('PUT', `/api/harvest-terms/${skuId}`, operator, { ...terms, ...sizes, expectedVersion: 1 })
    expect(await orchard.calls()).toMatchObject([
      { needId: waiting.needId, householdCode: householdCode(1) },
      { needId: waiting.needId, householdCode: householdCode(2) },
    ])

    const second = await orchard.need(20)
    expect(second).toMatchObject({ calledUnits: 10, stuck: 'nobody_left' })
    const [first] = await orchard.calls()
    await orchard.answer(farmer(1), first, { answer: 'decline', reason: '还没熟' })

    const calls = await orchard.calls()
    expect(calls.filter(({ needId }) => needId === second.needId)).toMatchObject([
      { householdCode: householdCode(3) },
      { householdCode: householdCode(1), units: 10 },
    ])
  })

  it('stop at the cap, and say that nobody is left', async () => {
    await using orchard = await openOrchard(dialect)

    const need = await orchard.need(500)

    expect(need).toMatchObject({ calledUnits: 120, stuck: 'nobody_left' })
    const members = await orchard.api.call('GET', `/api/harvest-terms/${need.skuId}/members`, operator)
    expect((members.body as { rows: HarvestMember[] }).rows.map(({ capLeftUnits }) => capLeftUnits)).toEqual([
      20, 20, 20,
    ])
  })

  it('are raised by the restock plan once, however often the day is planned', async () => {
    await using orchard = await openOrchard(dialect)
    const short = new Map([
      [orchard.market.citrus.skuId, 30],
      [orchard.market.greens.skuId, 30],
    ])

    const first = await orchard.database.run((ctx) => raisePlanNeeds(ctx, short))
    const again = await orchard.database.run((ctx) => raisePlanNeeds(ctx, short))

    expect([first, again]).toEqual([1, 0])
    expect(await orchard.calls()).toMatchObject([{ units: 30 }])
  })

  it('are nobody else’s to answer', async () => {
    await using orchard = await openOrchard(dialect)
    await orchard.need(10)
    const [call] = await orchard.calls()

    const stranger = await orchard.answer(farmer(2), call, { answer: 'accept' })
    const greedy = await orchard.answer(farmer(1), call, { answer: 'accept', units: 11 })

    expect(problem(stranger)).toEqual({ code: 'harvest_call.unknown' })
    expect(problem(greedy)).toEqual({ code: 'harvest_call.too_many', field: 'units' })
  })
})
