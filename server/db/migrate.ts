// Brings an empty database to the schema this program was built with, and refuses one of another schema. Until the first
// release there is one initial migration per dialect, made by `npm run migrations` from the tables with drizzle-kit.
import { createHash } from 'node:crypto'
import type { Database as SqliteClient } from 'better-sqlite3'
import type { ClientBase } from 'pg'
import { DatabaseError } from './database-error.ts'
import { initialPostgres } from './migrations/postgres/initial.ts'
import { initialSqlite } from './migrations/sqlite/initial.ts'

const hashOf = (statements: readonly string[]) => createHash('sha256').update(statements.join('\n')).digest('hex')

const makeLog = `CREATE TABLE IF NOT EXISTS schema_migration (
  name text PRIMARY KEY, hash text NOT NULL, applied_at_ms bigint NOT NULL)`

function checkHash(known: string, wanted: string): void {
  if (known === wanted) return
  throw new DatabaseError('other', 'the database was made by another version of the schema; move it away to start anew')
}

/** Runs in one transaction; another process that starts at the same time waits for it. */
export function migrateSqlite(client: SqliteClient, nowMs: number): void {
  const hash = hashOf(initialSqlite)
  const migrate = client.transaction(() => {
    client.exec(`${makeLog.replace('bigint', 'integer')} STRICT`)
    const known = client.prepare<[], { hash: string }>("SELECT hash FROM schema_migration WHERE name = 'initial'").get()
    if (known !== undefined) return checkHash(known.hash, hash)
    for (const statement of initialSqlite) client.exec(statement)
    client.prepare('INSERT INTO schema_migration VALUES (?, ?, ?)').run('initial', hash, nowMs)
  })
  migrate.immediate()
}

/** Any number with a meaning nowhere else: the lock that starting processes take in turn. */
const migrationLock = 4_811_739_550

export async function migratePostgres(client: ClientBase, nowMs: number): Promise<void> {
  const hash = hashOf(initialPostgres)
  await client.query('BEGIN')
  try {
    await client.query('SELECT pg_advisory_xact_lock($1)', [migrationLock])
    await client.query(makeLog)
    const known = await client.query<{ hash: string }>("SELECT hash FROM schema_migration WHERE name = 'initial'")
    const first = known.rows[0]
    if (first !== undefined) checkHash(first.hash, hash)
    else {
      for (const statement of initialPostgres) await client.query(statement)
      await client.query('INSERT INTO schema_migration VALUES ($1, $2, $3)', ['initial', hash, nowMs])
    }
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  }
}
