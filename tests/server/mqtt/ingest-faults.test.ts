// The ingest while its database cannot take anything: nothing is acknowledged, nothing is lost, nothing grows without bounds.
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import type { AckMessage } from '#shared/contracts/mqtt/event.ts'
import { DatabaseError, type DatabaseErrorKind } from '#server/db/database-error.ts'
import type { Database } from '#server/db/database.ts'
import { rows } from '#server/db/unit.ts'
import { Metrics } from '#server/http/metrics.ts'
import { makeHandlerTable } from '#server/mqtt/commit-entries.ts'
import { Ingest } from '#server/mqtt/ingest.ts'
import { JournalWriter } from '#tests/support/journal-writer.ts'
import { newId, registerAt } from '#tests/support/test-cabinet.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

/** A database that refuses its next writes with an error of this kind. */
function failing(database: Database, faults: DatabaseErrorKind[]): Database {
  return {
    dialect: database.dialect,
    counters: database.counters,
    read: (work) => database.read(work),
    close: () => database.close(),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
    run(work) {
      const kind = faults.shift()
      return kind === undefined ? database.run(work) : Promise.reject(new DatabaseError(kind, kind))
    },
  }
}

async function openIngest(database: Database, faults: DatabaseErrorKind[]) {
  const clock = new TestClock()
  const metrics = new Metrics()
  const acks: AckMessage[] = []
  const cabinetId = await database.run((unit) => registerAt(unit, 'YB-0001'))
  const ingest = new Ingest({
    database: failing(database, faults),
    clock,
    metrics,
    logger: pino({ level: 'silent' }),
    handlers: makeHandlerTable([]),
    sendAck: (_cabinetId, ack) => acks.push(ack),
    perform: () => {},
    onConflict: () => {},
    onFlagged: () => {},
    onUnknownCabinet: () => {},
  })
  const journal = new JournalWriter(newId(), () => clock.now())
  const write = () => journal.receive('alarm.raised', { alarm: 'x', detail: '' })
  const countOf = async (outcome: string) => {
    const { values } = await metrics.ingestedEvents.get()
    return values.find(({ labels }) => labels.outcome === outcome)?.value ?? 0
  }
  return { clock, acks, cabinetId, ingest, write, countOf }
}

const stored = (database: Database) =>
  database.read(({ db, tables }) => rows(db.select({ seq: tables.journalEntries.seq }).from(tables.journalEntries)))

describe.each(dialects)('the ingest on %s', (dialect) => {
  it('acknowledges nothing while the database is busy, away, full or failing, and all of it afterwards', async () => {
    await using database = await openTestDatabase(dialect)
    const faults: DatabaseErrorKind[] = ['busy', 'connection', 'full', 'conflict', 'io']
    await using world = await openIngest(database, faults).then((made) => ({
      ...made,
      [Symbol.asyncDispose]: () => made.ingest[Symbol.asyncDispose](),
    }))
    world.ingest.submit(world.cabinetId, [world.write()])
    await expect.poll(() => faults.length).toBe(4)
    // New entries join those that wait, and do not make the database tried sooner.
    world.ingest.submit(world.cabinetId, [world.write()])
    expect(world.acks).toEqual([])
    expect(faults).toHaveLength(4)

    for (const waitMs of [100, 200, 400, 800, 1_600]) {
      expect(world.acks).toEqual([])
      await expect.poll(() => world.clock.timerCount).toBe(1)
      world.clock.advance(waitMs)
    }

    await expect.poll(() => world.acks).toEqual([{ throughSeq: 2 }])
    expect(await stored(database)).toHaveLength(2)
    expect(await world.countOf('retried')).toBe(5)
  })

  it('holds so many entries of one cabinet and no more', async () => {
    await using database = await openTestDatabase(dialect)
    const faults: DatabaseErrorKind[] = ['busy']
    const world = await openIngest(database, faults)
    world.ingest.submit(world.cabinetId, [world.write()])
    await expect.poll(() => world.clock.timerCount).toBe(1)

    world.ingest.submit(
      world.cabinetId,
      Array.from({ length: 1_100 }, () => world.write()),
    )

    expect(world.ingest.waitingCount).toBe(1_000)
    expect(await world.countOf('dropped')).toBe(101)
    world.clock.advance(100)
    await expect.poll(() => world.acks.at(-1)).toEqual({ throughSeq: 1_000 })
    expect(world.ingest.waitingCount).toBe(0)
    await world.ingest[Symbol.asyncDispose]()
  })

  it('carries what it took before it closes, and takes nothing afterwards', async () => {
    await using database = await openTestDatabase(dialect)
    const world = await openIngest(database, [])
    world.ingest.submit(world.cabinetId, [world.write(), world.write()])

    await world.ingest[Symbol.asyncDispose]()
    world.ingest.submit(world.cabinetId, [world.write()])

    expect(world.acks).toEqual([{ throughSeq: 2 }])
    expect(await stored(database)).toHaveLength(2)
    expect(world.ingest.waitingCount).toBe(0)
  })
})
