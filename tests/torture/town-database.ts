// Where the town's server keeps its books: a SQLite file or a PostgreSQL of the town's own. The simulation's invariants look at a
// SQLite file; what is in PostgreSQL is copied into one, row by row as committed at one instant, whenever it is looked at.
import { copyFileSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { getTableColumns, getTableName, is, Table, type Column } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import { systemRandom } from '#shared/ids/random.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import type { Database } from '#server/db/database.ts'
import { DatabaseError } from '#server/db/database-error.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { tablesOf, type Tables } from '#server/db/tables.ts'
import { rows } from '#server/db/unit.ts'
import { ServerFile } from '#tests/simulation/fleet/server-file.ts'
import { PostgresServer, type PostgresPlace } from './postgres-server.ts'

export type TableName = keyof Tables

export interface TownDatabase extends AsyncDisposable {
  readonly url: string
  /** As the server finds it. */
  readonly serverUrl: string
  readonly file: Pick<ServerFile, 'look'>
  /** Brings the file up to what is committed, or only these tables of it. False while the database cannot be reached. */
  refresh(only?: readonly TableName[]): Promise<boolean>
  readonly postgres: PostgresServer | undefined
}

export function openTownFile(folder: string): TownDatabase {
  const path = join(folder, 'server.db')
  const url = `sqlite:${path}`
  return {
    url,
    serverUrl: url,
    file: new ServerFile(path, () => false),
    refresh: () => Promise.resolve(true),
    postgres: undefined,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

const open = (url: string): Promise<Database> =>
  openDatabase({ url, clock: systemClock, random: systemRandom, patienceMs: 1_000 })

/** The copy is made in `folder`; it is what is left for looking at. */
export async function openTownPostgres(folder: string, place?: PostgresPlace): Promise<TownDatabase> {
  const server = await PostgresServer.start(place)
  const copy = join(folder, 'copy-of-postgres.db')
  const empty = join(folder, 'empty.db')
  mkdirSync(folder, { recursive: true })
  await (await open(`sqlite:${empty}`)).close()
  const database = await open(server.url)
  return {
    url: server.url,
    serverUrl: server.networkUrl,
    file: new ServerFile(copy, () => false),
    refresh: async (only) => {
      try {
        const found = await readTables(database, only)
        for (const end of ['', '-wal', '-shm']) rmSync(copy + end, { force: true })
        copyFileSync(empty, copy)
        writeTables(copy, found)
        return true
      } catch (error) {
        if (error instanceof DatabaseError && error.kind === 'connection') return false
        throw error
      }
    },
    postgres: server,
    [Symbol.asyncDispose]: async () => {
      await database.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

type Found = ReadonlyMap<TableName, ReadonlyArray<Record<string, unknown>>>

function readTables(database: Database, only?: readonly TableName[]): Promise<Found> {
  return database.read(function* ({ db, tables }) {
    const found = new Map<TableName, Array<Record<string, unknown>>>()
    for (const [name, table] of Object.entries(tables) as Array<[TableName, PgTable]>)
      if (only === undefined || only.includes(name)) found.set(name, yield* rows(db.select().from(table)))
    return found
  })
}

function writeTables(path: string, found: Found): void {
  const db = new BetterSqlite3(path)
  // Some may be copied without what they refer to.
  db.pragma('foreign_keys = OFF')
  db.transaction(() => {
    for (const [name, all] of found) {
      const table = tablesOf('sqlite')[name]
      if (!is(table, Table)) throw new Error(`${name} is no table`)
      const columns = Object.entries(getTableColumns(table) as Record<string, Column>)
      const names = columns.map(([, column]) => `"${column.name}"`).join(', ')
      const insert = db.prepare(
        `INSERT INTO "${getTableName(table)}" (${names}) VALUES (${columns.map(() => '?').join(', ')})`,
      )
      for (const row of all)
        insert.run(columns.map(([key, column]) => (row[key] === null ? null : column.mapToDriverValue(row[key]))))
    }
  })()
  db.close()
}
