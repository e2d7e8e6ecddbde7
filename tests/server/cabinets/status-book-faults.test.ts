// The status book while its writes fail: what it could not write is written later, under what it has heard since.
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { StatusBook } from '#server/cabinets/status-book.ts'
import { DatabaseError } from '#server/db/database-error.ts'
import type { Database } from '#server/db/database.ts'
import { rows } from '#server/db/unit.ts'
import { Metrics } from '#server/http/metrics.ts'
import type { ReportedTwin } from '#shared/contracts/mqtt/twin.ts'
import { CabinetConfig } from '#shared/contracts/mqtt/twin.ts'
import { newId, registerAt } from '#tests/support/test-cabinet.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

/** The database, whose next `faults` writes fail. */
function failing(database: Database, faults: { left: number }): Database {
  return {
    ...database,
    read: (work) => database.read(work),
    run(work) {
      if (faults.left === 0) return database.run(work)
      faults.left -= 1
      return Promise.reject(new DatabaseError('busy', 'busy'))
    },
  }
}

const twin = (atMs: number): ReportedTwin => ({
  desiredVersion: 0,
  planogramVersion: 0,
  pricesVersion: 0,
  config: CabinetConfig.parse({}),
  isInService: true,
  doorState: 'closed',
  sessionState: 'idle',
  lanes: [],
  alarms: [],
  lockedLaneIds: [],
  atMs,
})

describe.each(dialects)('the status book on %s', (dialect) => {
  it('keeps what a failed write held, and lets newer news stand', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const cabinetId = await database.run((unit) => registerAt(unit, 'YB-0001'))
    const bootId = newId()
    const faults = { left: 1 }
    const arrived: string[] = []
    const book = new StatusBook({
      database: failing(database, faults),
      clock,
      metrics: new Metrics(),
      logger: pino({ level: 'silent' }),
      onArrival: (id) => arrived.push(id),
    })
    book.notePresence(cabinetId, { isOnline: true, bootId, atMs: 1 })
    book.noteReported(cabinetId, twin(1))
    book.noteTelemetry(cabinetId, {
      atMs: 1,
      temperatureDeciC: 40,
      devices: [],
      links: {},
      outboxDepth: 0,
      uptimeMs: 0,
    })
    clock.advance(25)
    // Heard while the write is on its way to fail.
    book.noteReported(cabinetId, twin(2))
    await expect.poll(() => faults.left).toBe(0)
    await book[Symbol.asyncDispose]()

    const [status] = await database.read(({ db, tables: { cabinetStatuses: t } }) => rows(db.select().from(t)))
    expect(status).toMatchObject({ isOnline: true, bootId, reported: { atMs: 2 }, telemetry: { temperatureDeciC: 40 } })
    expect(arrived).toEqual([cabinetId])
  })
})
