// Data of an earlier release, and the program of today on it: it is brought forward, books and trail are whole, and it sells on.
import { existsSync, readdirSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '#shared/ids/random.ts'
import { checkAudit } from '#server/audit/check-audit.ts'
import type { Database } from '#server/db/database.ts'
import type { Dialect } from '#server/db/kit.ts'
import type { Migration } from '#server/db/migrations/history.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { storages, tablesOf } from '#server/db/tables.ts'
import { rows } from '#server/db/unit.ts'
import { booksProofs } from '#server/ledger/check-books.ts'
import { proveInSlices } from '#server/ledger/proof.ts'
import { historyOf, makeReleaseData, restorePostgres, restoreSqlite, withClient } from '#tests/support/release-data.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { emptySnapshot, snapshotOf, statementsBetween } from '../../../.tools/migration-statements.mjs'
import { dialects, makeDatabasePlace } from '../../support/test-database.ts'

/** What an earlier release did not have, taken from the schema of today. */
const missing = ['ALTER TABLE shopping_session DROP COLUMN confidence_ppm', 'DROP TABLE books_check'] as const

/** The history as it would be, had the release before today's lacked a column and a table and allowed what is refused today. */
async function inventHistory(dialect: Dialect): Promise<readonly [released: Migration, after: Migration]> {
  const today = await snapshotOf(dialect, tablesOf(dialect), storages)
  const released = structuredClone(today)
  const tableOf = (name: string) => (dialect === 'sqlite' ? name : `public.${name}`)
  const { tables } = released.schema
  delete tables[tableOf('shopping_session')]?.columns['confidence_ppm']
  delete tables[tableOf('books_check')]
  const triggers = released.triggers.filter(({ table }) => table !== 'books_check')
  const known = tables[tableOf('sale_line')]?.checkConstraints['sale_line_amount_known']
  if (known === undefined) throw new Error('the sale line has lost its check')
  known.value = 'amount_fen >= 0'
  const before = { ...released, triggers }
  return [
    { name: 'initial', statements: await statementsBetween(dialect, await emptySnapshot(dialect), before) },
    { name: 'after-0.1.0', statements: await statementsBetween(dialect, before, today) },
  ]
}

const hashOf = ({ statements }: Migration) => createHash('sha256').update(statements.join('\n')).digest('hex')

/** Runs statements past the program. */
async function execute(url: string, statements: readonly string[]): Promise<void> {
  if (url.startsWith('sqlite:')) {
    const client = new BetterSqlite3(url.slice('sqlite:'.length))
    for (const statement of statements) client.exec(statement)
    client.close()
    return
  }
  await withClient(url, async (client) => {
    for (const statement of statements) await client.query(statement)
  })
}

async function listTriggers(url: string): Promise<string[]> {
  if (url.startsWith('sqlite:')) {
    const client = new BetterSqlite3(url.slice('sqlite:'.length))
    const names = client.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger' ORDER BY 1").pluck().all()
    client.close()
    return names as string[]
  }
  return await withClient(url, async (client) => {
    const query = 'SELECT tgname AS name FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1'
    const found = await client.query<{ name: string }>(query)
    return found.rows.map(({ name }) => name)
  })
}

async function prove(database: Database): Promise<{ problems: string[]; sales: number }> {
  const proofs = await proveInSlices(database, booksProofs)
  const { broken } = await checkAudit(database)
  const sold = await database.read(({ db, tables: { saleLines } }) => rows(db.select().from(saleLines)))
  const trail = broken.map(({ chainId, problem }) => `${chainId}: ${problem}`)
  return { problems: [...proofs.flatMap(({ problems }) => problems), ...trail], sales: sold.length }
}

const openAt = (url: string, history?: readonly Migration[]) =>
  openDatabase({
    url,
    clock: new TestClock(),
    random: seededRandom(9),
    ...(history === undefined ? {} : { migrations: history }),
  })

describe.each(dialects)('data of the release before, on %s', (dialect) => {
  it('is brought forward whole, and guarded as that of a new installation', { timeout: 90_000 }, async () => {
    await using place = await makeDatabasePlace(dialect)
    {
      await using database = await openAt(place.url)
      await makeReleaseData(database, new TestClock())
    }
    const triggers = await listTriggers(place.url)
    const history = await inventHistory(dialect)
    const forgotten = `DELETE FROM schema_migration WHERE name <> '${history[0].name}'`
    await execute(place.url, [...missing, forgotten, `UPDATE schema_migration SET hash = '${hashOf(history[0])}'`])

    await using database = await openAt(place.url, history)

    expect(await prove(database)).toEqual({ problems: [], sales: 6 })
    expect(await listTriggers(place.url)).toEqual(triggers)
    const contradict = execute(place.url, ['UPDATE sale_line SET amount_fen = list_fen + 1'])
    await expect(contradict).rejects.toThrow(/append-only|never changed|CHECK|check/)
    await expect(openAt(place.url)).rejects.toThrow('another version of the schema')
  })
})

const releases = join(import.meta.dirname, '../../fixtures/releases')
const kept = existsSync(releases) ? readdirSync(releases) : []

describe
  .skipIf(kept.length === 0)
  .each(kept.flatMap((version) => dialects.map((dialect) => [version, dialect] as const)))(
  'release %s on %s',
  (version, dialect) => {
    it('is brought forward to today', async () => {
      await using place = await makeDatabasePlace(dialect, { isBare: true })
      const folder = join(releases, version)
      if (dialect === 'sqlite') restoreSqlite(folder, place.url.slice('sqlite:'.length))
      else {
        const released = await openAt(place.url, historyOf(folder))
        await released.close()
        await restorePostgres(folder, place.url)
      }

      await using database = await openAt(place.url)

      expect(await prove(database)).toEqual({ problems: [], sales: 6 })
    })
  },
)
