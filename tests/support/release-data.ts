// Data that a release has made, small, on both dialects: kept with the release, and what the programs after it must be able to start on.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import pg from 'pg'
import { seededRandom } from '#shared/ids/random.ts'
import type { Database } from '#server/db/database.ts'
import { migrations, type Migration } from '#server/db/migrations/history.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { EmbeddedCluster } from './embedded-cluster.ts'
import { openMarket, settled } from './market.ts'
import { TestClock } from './test-clock.ts'

const sqliteName = 'server.db.gz'
const postgresName = 'postgres.ndjson.gz'
const historyName = 'history.json'
const purchases = 3

/** Households, goods, a wallet and some purchases, settled and posted. */
export async function makeReleaseData(database: Database, clock: TestClock): Promise<void> {
  const market = await openMarket(database, clock, { walletFen: 1_000_000 })
  for (let purchase = 0; purchase < purchases; purchase += 1) {
    const sessionId = await market.open()
    clock.advance(60_000)
    await market.tell('session.settled', settled(market, sessionId, { count: 1, massMg: 500_000 }))
  }
}

/** Makes the data with the program as it is, and writes it into the folder. */
export async function keepReleaseData(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const scratch = await mkdtemp(join(tmpdir(), 'huinong-release-'))
  const cluster = await EmbeddedCluster.start()
  try {
    const file = join(scratch, 'server.db')
    const url = await cluster.create()
    for (const place of [`sqlite:${file}`, url]) {
      const clock = new TestClock()
      await using database = await openDatabase({ url: place, clock, random: seededRandom(1) })
      await makeReleaseData(database, clock)
    }
    const names = migrations.postgres.map(({ name }) => name)
    writeFileSync(join(folder, historyName), `${JSON.stringify(names)}\n`)
    writeFileSync(join(folder, sqliteName), gzipSync(readFileSync(file), { level: 9 }))
    writeFileSync(join(folder, postgresName), gzipSync(await dumpRows(url), { level: 9 }))
  } finally {
    await cluster.stop()
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** What of today's history the release had on PostgreSQL. */
export function historyOf(folder: string): readonly Migration[] {
  const names = JSON.parse(readFileSync(join(folder, historyName), 'utf8')) as string[]
  return migrations.postgres.filter(({ name }) => names.includes(name))
}

/** The SQLite file of a release, put down at `file`. */
export function restoreSqlite(folder: string, file: string): void {
  writeFileSync(file, gunzipSync(readFileSync(join(folder, sqliteName))))
}

/** Puts the rows of a release into a database that its migrations have made and nothing else has touched. */
export async function restorePostgres(folder: string, url: string): Promise<void> {
  const lines = gunzipSync(readFileSync(join(folder, postgresName)))
    .toString()
    .split('\n')
  await loadRows(url, lines)
}

/** Every row of every table, a JSON object a line. */
async function dumpRows(url: string): Promise<string> {
  return await withClient(url, async (client) => {
    const { rows: tables } = await client.query<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY 1`,
    )
    const lines: string[] = []
    for (const { name } of tables) {
      const { rows } = await client.query<{ row: string }>(`SELECT row_to_json(t)::text AS row FROM "${name}" t`)
      for (const { row } of rows) lines.push(`${name} ${row}`)
    }
    return lines.join('\n')
  })
}

async function loadRows(url: string, lines: readonly string[]): Promise<void> {
  await withClient(url, async (client) => {
    // Rows come by table, not by what refers to what, and were let in once already.
    await client.query('SET session_replication_role = replica')
    await client.query('DELETE FROM schema_migration')
    for (const line of lines) {
      const at = line.indexOf(' ')
      const name = line.slice(0, at)
      const insert = `INSERT INTO "${name}" OVERRIDING SYSTEM VALUE SELECT * FROM json_populate_record(NULL::"${name}", $1)`
      await client.query(insert, [line.slice(at + 1)])
    }
  })
}

/** A connection past the program. */
export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
