// The night's plan made by a thread of the program, while the server answers.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seededRandom } from '#shared/ids/random.ts'
import { readServerConfig } from '#server/config/server-config.ts'
import type { Database } from '#server/db/database.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { rows } from '#server/db/unit.ts'
import { dayOf } from '#server/calendar/rules.ts'
import { NightThread } from '#server/restock-tasks/night-thread.ts'
import { bookDay, draftDay } from '#server/restock-tasks/plan-day.ts'
import { planNightly, usualPlan } from '#server/restock-tasks/plan-nightly.ts'
import { settled } from '#tests/support/market.ts'
import { openRestockWorld } from '#tests/support/restock-world.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, makeDatabasePlace } from '#tests/support/test-database.ts'
import { bundleEntry } from '../../../.tools/bundle.mjs'

const hourMs = 3_600_000
const logger = pino({ level: 'silent' })
let program: URL
let folder: string
beforeAll(async () => {
  program = pathToFileURL(await bundleEntry('tests/support/gated-night-thread.ts'))
  folder = mkdtempSync(join(tmpdir(), 'huinong-night-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const planned = (database: Database) =>
  database.read(function* ({ db, tables: { restockDays: d, demandForecasts: f, restockTaskLanes: l } }) {
    const days = yield* rows(db.select({ day: d.day, by: d.plannedBy }).from(d))
    const forecasts = yield* rows(db.selectDistinct({ firstDay: f.firstDay }).from(f))
    const lanes = yield* rows(db.select({ laneId: l.laneId, putIn: l.putIn }).from(l).orderBy(l.laneId))
    return { days, forecasts: forecasts.map(({ firstDay }) => firstDay), lanes }
  })

/** At 04:00 in the district, or so many hours after 08:00. */
async function openNight(url: string, hours = 20) {
  const clock = new TestClock()
  const database = await openDatabase({ url, clock, random: seededRandom(1) })
  const world = await openRestockWorld(database, clock)
  clock.advance(hours * hourMs)
  const input = { day: dayOf(clock.now()), ...usualPlan, by: { accountId: 'nightly', name: 'nightly' } }
  return {
    clock,
    database,
    world,
    input,
    tools: { database, clock, logger, config: readServerConfig({ HUINONG_DATABASE_URL: url }), program },
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]()
      await database.close()
    },
  }
}

describe.each(dialects)('the night’s thread on %s', (dialect) => {
  it('thinks while whoever buys is answered, and plans what the server itself would', async () => {
    await using place = await makeDatabasePlace(dialect)
    await using night = await openNight(place.url)
    const { database, world, tools, input } = night
    const gate = join(folder, `gate-${dialect}-1`)
    process.env['HUINONG_TEST_GATE'] = gate
    const before = await planned(database)

    const planning = planNightly(tools)
    const sessionId = await world.market.open()
    await world.market.tell('session.settled', settled(world.market, sessionId, { count: 1 }))
    const meanwhile = await planned(database)
    writeFileSync(gate, '')
    await planning

    const after = await planned(database)
    const own = await database.read((ctx) => draftDay(ctx, input))
    expect(meanwhile).toEqual(before)
    expect(after.days).toEqual([{ day: input.day, by: 'nightly' }])
    expect(after.forecasts).toEqual([input.day])
    const lanes = own.cabinets.flatMap((cabinet) => cabinet.lanes)
    expect(after.lanes).toEqual(lanes.map(({ laneId, putIn }) => ({ laneId, putIn })))
  })

  it('books no draft that somebody’s work has overtaken', async () => {
    await using place = await makeDatabasePlace(dialect)
    await using night = await openNight(place.url, 0)
    const { clock, database, world, input } = night
    const gate = join(folder, `gate-${dialect}-2`)
    process.env['HUINONG_TEST_GATE'] = gate
    writeFileSync(gate, '')
    await world.plan()
    await using thread = new NightThread({ program, databaseUrl: place.url })
    const draft = await thread.draft(clock.now(), input)
    if (draft === undefined) throw new Error('the thread drafts')
    const [task] = await world.tasks()
    const step = {
      stepId: world.newId(),
      kind: 'checked-in',
      atMs: clock.now(),
      cabinetCode: world.market.cabinetCode,
    } as const
    await world.send(world.anna, task?.taskId ?? '', [step])

    const booked = await database.run((ctx) => bookDay(ctx, input, draft))

    expect(booked).toBeUndefined()
    expect((await world.tasks()).map(({ taskId }) => taskId)).toEqual([task?.taskId])
  })
})

it('plans without a thread where none can start', async () => {
  await using place = await makeDatabasePlace('sqlite')
  await using night = await openNight(place.url)

  await planNightly({ ...night.tools, program: new URL('nowhere.mjs', program) })

  expect((await planned(night.database)).days).toMatchObject([{ by: 'nightly' }])
})
