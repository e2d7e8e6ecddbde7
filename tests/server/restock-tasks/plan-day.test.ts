import { describe, expect, it } from 'vitest'
import type { RestockRoute } from '#shared/contracts/http/restock-tasks.ts'
import { dayOf } from '#server/calendar/rules.ts'
import { exec } from '#server/db/unit.ts'
import { openRestockWorld } from '#tests/support/restock-world.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

describe.each(dialects)('a day of restocking on %s', (dialect) => {
  it('becomes a task per cabinet and a route with distances, bound and pick list', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await using world = await openRestockWorld(database, clock)
    const { anna, market, api, day } = world

    const planned = await world.plan()

    expect(planned).toMatchObject({ day, revision: 1, tasks: 1, routes: 1, unplacedCabinetCodes: [] })
    const { rows } = (await api.call('GET', `/api/restock-days/${day}/routes`, anna)).body as { rows: RestockRoute[] }
    const [route] = rows
    // From the depot 11.3 km as the crow flies, and back: one stop leaves nothing to improve.
    expect(route?.metres).toBeGreaterThan(22_000)
    expect(route?.metres).toBeLessThan(23_500)
    expect(route?.boundMetres).toBeGreaterThanOrEqual((route?.metres ?? 0) - 2)
    expect(route?.boundMetres).toBeLessThanOrEqual(route?.metres ?? 0)
    expect(route?.stops).toMatchObject([{ ordinal: 1, cabinetCode: market.cabinetCode, state: 'planned' }])
    expect(route?.picks).toMatchObject([{ lotId: market.citrus.lotId, skuName: '沃柑', count: route?.units }])
    expect(planned.boundMetres).toBeLessThanOrEqual(planned.metres)
  })

  it('is planned anew: what nobody has begun is replaced, what somebody has begun stays with its goods', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await using world = await openRestockWorld(database, clock)
    const { anna, ben, market, newId } = world
    await world.plan()
    const [first] = await world.tasks()

    const again = await world.plan([ben.accountId])
    const [second] = await world.tasks()
    const step = { stepId: newId(), atMs: clock.now(), kind: 'checked-in', cabinetCode: market.cabinetCode } as const
    await world.send(ben, second?.taskId ?? '', [step])
    const third = await world.plan([anna.accountId])

    expect(again.revision).toBe(2)
    expect(second?.taskId).not.toBe(first?.taskId)
    expect(second?.restockerId).toBe(ben.accountId)
    expect(third).toMatchObject({ revision: 3, tasks: 0 })
    expect(await world.tasks()).toMatchObject([{ taskId: second?.taskId, state: 'checked_in' }])
  })

  it.each([
    ['yesterday', 1, 0],
    ['the day before', 2, 1],
  ])('plans for a cabinet that somebody began and never ended %s', async (_when, daysAgo, tasks) => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await using world = await openRestockWorld(database, clock)
    const { anna, market, newId } = world
    await world.plan()
    const [left] = await world.tasks()
    const step = { stepId: newId(), atMs: clock.now(), kind: 'checked-in', cabinetCode: market.cabinetCode } as const
    await world.send(anna, left?.taskId ?? '', [step])
    const day = dayOf(clock.now() - daysAgo * 86_400_000)
    await database.run((ctx) => exec(ctx.db.update(ctx.tables.restockTasks).set({ day })))

    expect(await world.plan()).toMatchObject({ tasks })
  })

  it('takes out what is under recall first and loads nothing of it', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await using world = await openRestockWorld(database, clock)
    const { api, operator, market } = world
    const recall = { lotId: market.greens.lotId, reason: '抽检不合格' }
    expect((await api.call('POST', '/api/recalls', operator, recall)).status).toBe(201)

    await world.plan()

    const [summary] = await world.tasks()
    const { lanes } = await world.task(summary?.taskId ?? '')
    expect(lanes.find(({ laneId }) => laneId === 'L02')).toMatchObject({
      takeOff: [{ lotId: market.greens.lotId, count: 20, reason: 'recalled' }],
      putIn: [],
      expectedAfter: 0,
    })
  })

  it('lists a cabinet whose site has no place and routes it without distances', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await using world = await openRestockWorld(database, clock)
    await database.run(function* (ctx) {
      yield* exec(ctx.db.update(ctx.tables.hostSites).set({ lonMicrodeg: null, latMicrodeg: null }))
    })

    const planned = await world.plan()

    expect(planned).toMatchObject({ routes: 1, metres: 0, unplacedCabinetCodes: [world.market.cabinetCode] })
  })

  it.each([
    ['2020-01-01', 'restock_task.day_wrong'],
    ['2027-01-01', 'restock_task.day_wrong'],
  ])('is refused for %s', async (day, code) => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await using world = await openRestockWorld(database, clock)

    const reply = await world.api.call('POST', `/api/restock-days/${day}/plan`, world.operator, {})

    expect(reply).toMatchObject({ status: 422, body: { code } })
  })
})
