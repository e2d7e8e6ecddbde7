import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import type { Database } from '#server/db/database.ts'
import { rows } from '#server/db/unit.ts'
import { planNightly } from '#server/restock-tasks/plan-nightly.ts'
import { openRestockWorld } from '#tests/support/restock-world.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const hourMs = 3_600_000
const logger = pino({ level: 'silent' })

const kept = (database: Database) =>
  database.read(function* ({ db, tables: { restockDays: d, demandForecasts: f } }) {
    const days = yield* rows(db.select({ day: d.day, revision: d.revision, by: d.plannedBy }).from(d).orderBy(d.day))
    const forecasts = yield* rows(db.selectDistinct({ firstDay: f.firstDay }).from(f))
    return { days, forecasts: forecasts.map(({ firstDay }) => firstDay) }
  })

describe.each(dialects)('the server’s night on %s', (dialect) => {
  it('makes forecasts and the plan of the day that begins, once, and by night only', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await using world = await openRestockWorld(database, clock)
    const tools = { database, clock, logger }
    // The world's clock stands at 08:00 in the district.
    await planNightly(tools)
    expect((await kept(database)).days).toEqual([])
    clock.advance(20 * hourMs)

    await planNightly(tools)
    clock.advance(hourMs)
    await planNightly(tools)

    const [tomorrow] = (await kept(database)).days
    expect(tomorrow).toMatchObject({ revision: 1, by: 'nightly' })
    expect(tomorrow?.day).not.toBe(world.day)
    expect((await kept(database)).forecasts).toEqual([tomorrow?.day])
  })

  it('leaves a day alone that somebody has planned', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await using world = await openRestockWorld(database, clock)
    clock.setWall(clock.now() - 4 * hourMs)
    await world.plan()
    const before = await kept(database)

    await planNightly({ database, clock, logger })

    expect(await kept(database)).toEqual(before)
    expect(before.days).toMatchObject([{ day: world.day, by: world.operator.accountId }])
  })
})
