// The checked-in migrations are what the tables say, and make the same schema on both dialects.
import { spawnSync } from 'node:child_process'
import BetterSqlite3 from 'better-sqlite3'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { openDatabase } from '#server/db/open-database.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { seededRandom } from '#shared/ids/random.ts'
import { dialects, makeDatabasePlace } from '../../support/test-database.ts'

const ownTables = `'schema_migration', 'commit_mark'`

async function sqliteColumns(): Promise<string[]> {
  await using place = await makeDatabasePlace('sqlite')
  const client = new BetterSqlite3(place.url.slice('sqlite:'.length))
  const found = client
    .prepare<[], { name: string }>(
      `SELECT m.name || '.' || c.name || CASE WHEN c."notnull" OR c.pk THEN ' not null' ELSE '' END AS name
       FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT IN (${ownTables})`,
    )
    .all()
  client.close()
  return found.map((row) => row.name)
}

async function postgresRows<T extends pg.QueryResultRow>(query: string): Promise<T[]> {
  await using place = await makeDatabasePlace('postgres')
  const client = new pg.Client(place.url)
  await client.connect()
  const { rows } = await client.query<T>(query)
  await client.end()
  return rows
}

describe('migrations', () => {
  it('are those that the tables make', () => {
    const check = spawnSync(process.execPath, ['.tools/migrations.mjs', '--check'], { encoding: 'utf8' })

    expect(check.stderr).toBe('')
    expect(check.status).toBe(0)
  })

  it('make the same columns on both dialects', async () => {
    const inPostgres = await postgresRows<{ name: string }>(
      `SELECT table_name || '.' || column_name || CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END AS name
       FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT IN (${ownTables})`,
    )

    expect((await sqliteColumns()).toSorted()).toEqual(inPostgres.map((row) => row.name).toSorted())
  })

  it('make STRICT tables on SQLite and byte-wise text on PostgreSQL', async () => {
    await using place = await makeDatabasePlace('sqlite')
    const client = new BetterSqlite3(place.url.slice('sqlite:'.length))
    const loose = client
      .prepare(`SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND NOT strict`)
      .pluck()
      .all()
    client.close()
    const collated = await postgresRows(
      `SELECT table_name, column_name FROM information_schema.columns
       WHERE table_schema = 'public' AND table_name NOT IN (${ownTables}) AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'`,
    )

    expect(loose.filter((name) => !String(name).startsWith('sqlite_'))).toEqual([])
    expect(collated).toEqual([])
  })

  it.each(dialects)('run once on %s, however many processes start on an empty database', async (dialect) => {
    await using place = await makeDatabasePlace(dialect, { isBare: true })
    const open = () => openDatabase({ url: place.url, clock: systemClock, random: seededRandom(1) })

    const databases = await Promise.all([open(), open(), open()])

    for (const database of databases) expect(await database.read(({ dialect: named }) => just(named))).toBe(dialect)
    await Promise.all(databases.map((database) => database.close()))
  })
})

// oxlint-disable-next-line eslint/require-yield -- a unit that asks the database nothing
function* just<T>(value: T): Generator<never, T, unknown> {
  return value
}
