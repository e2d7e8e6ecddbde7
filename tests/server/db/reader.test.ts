// What a thread opens beside its program: it sees what is committed, writes nothing, and waits for nobody who writes.
import BetterSqlite3 from 'better-sqlite3'
import { sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '#shared/ids/random.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { openDatabase, openReader } from '#server/db/open-database.ts'
import { insertRows, rows, sqlRows } from '#server/db/unit.ts'
import type { UnitContext } from '#server/db/unit.ts'
import { dialects, makeDatabasePlace } from '../../support/test-database.ts'

const owners = ({ db, tables: { ledgerAccounts: t } }: UnitContext) => rows(db.select({ ownerId: t.ownerId }).from(t))
const openAccount = ({ tables }: UnitContext) =>
  insertRows(tables.ledgerAccounts, [{ id: 'wallet:a', kind: 'wallet', ownerId: 'a', balanceFen: 0, createdAtMs: 1 }])

describe.each(dialects)('a reader on %s', (dialect) => {
  it('sees what another connection has committed', async () => {
    await using place = await makeDatabasePlace(dialect)
    const options = { url: place.url, clock: systemClock, random: seededRandom(1) }
    await using database = await openDatabase(options)
    await using reader = await openReader(options)

    const before = await reader.read(owners)
    await database.run(openAccount)

    expect([before, await reader.read(owners)]).toEqual([[], [{ ownerId: 'a' }]])
  })

  it('writes nothing', async () => {
    await using place = await makeDatabasePlace(dialect)
    await using reader = await openReader({ url: place.url, clock: systemClock, random: seededRandom(1) })

    await expect(reader.read(openAccount)).rejects.toMatchObject({ name: 'DatabaseError' })

    expect(await reader.read(owners)).toEqual([])
  })
})

it.each([
  ['64 MB unless it is told', {}, 65_536],
  ['what it is told', { cacheMegabytes: 8 }, 8_192],
])('keeps of SQLite’s pages %s', async (_, given, kibibytes) => {
  await using place = await makeDatabasePlace('sqlite')
  await using reader = await openReader({ url: place.url, clock: systemClock, random: seededRandom(1), ...given })

  expect(await reader.read(() => sqlRows(sql`pragma cache_size`))).toEqual([{ cache_size: -kibibytes }])
})

it('opens on SQLite while another connection writes', async () => {
  await using place = await makeDatabasePlace('sqlite')
  const writer = new BetterSqlite3(place.url.slice('sqlite:'.length))
  writer.pragma('journal_mode = WAL')
  writer.exec('BEGIN IMMEDIATE')

  await using reader = await openReader({ url: place.url, clock: systemClock, random: seededRandom(1) })

  expect(await reader.read(owners)).toEqual([])
  writer.close()
})
