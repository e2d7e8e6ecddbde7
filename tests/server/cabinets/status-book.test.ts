import { pino } from 'pino'
import { expect, it } from 'vitest'
import { StatusBook } from '#server/cabinets/status-book.ts'
import { Metrics } from '#server/http/metrics.ts'
import { openMarket } from '#tests/support/market.ts'
import { TestClock, turn } from '#tests/support/test-clock.ts'
import { openTestDatabase } from '#tests/support/test-database.ts'

it('welcomes a cabinet once a run, and again when the broker was away in between', async () => {
  const clock = new TestClock()
  await using database = await openTestDatabase('sqlite', { clock })
  const { cabinetId } = await openMarket(database, clock)
  const arrivals: string[] = []
  await using book = new StatusBook({
    database,
    clock,
    logger: pino({ level: 'silent' }),
    metrics: new Metrics(),
    onArrival: (arrived) => arrivals.push(arrived),
  })
  const bootId = '01900000-0000-7000-8000-000000000001'
  const versions = { agent: '1', decoder: '1', planogram: 1, prices: 1 }
  const beat = async () => {
    book.notePresence(cabinetId, { isOnline: true, bootId, versions, atMs: clock.now() })
    clock.advance(2_000)
    await database.run(function* () {})
    await turn()
  }

  await beat()
  await beat()
  const before = arrivals.length
  book.forgetRuns()
  await beat()

  expect(before).toBe(1)
  expect(arrivals).toEqual([cabinetId, cabinetId])
})
