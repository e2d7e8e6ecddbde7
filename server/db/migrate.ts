// Brings a database to the schema this program was built with: what it was given before is known by name and hash, what is missing is
// done in order, and a database of another history is refused. `npm run migrations` makes the history from the tables.
import { createHash } from 'node:crypto'
import type { Database as SqliteClient } from 'better-sqlite3'
import { makeCommitMarks } from './commit-marks.ts'
import { DatabaseError } from './database-error.ts'
import { migrations, type Migration } from './migrations/history.ts'
import type { PostgresConnection } from './postgres-connection.ts'

const hashOf = ({ statements }: Migration) => createHash('sha256').update(statements.join('\n')).digest('hex')

const makeLog = `CREATE TABLE IF NOT EXISTS schema_migration (
  name text PRIMARY KEY, hash text NOT NULL, applied_at_ms bigint NOT NULL)`

interface Applied {
  readonly name: string
  readonly hash: string
}

/** What of the history is still to be done. Throws when what was done is not how the history begins. */
function findPending(history: readonly Migration[], applied: readonly Applied[]): readonly Migration[] {
  const known = new Map(applied.map(({ name, hash }) => [name, hash]))
  const isBeginning = history.slice(0, known.size).every((one) => known.get(one.name) === hashOf(one))
  if (known.size > history.length || !isBeginning)
    throw new DatabaseError(
      'other',
      'the database was made by another version of the schema; start the program that made it, or move it away to start anew',
    )
  return history.slice(known.size)
}

/** Runs in one transaction; another process that starts at the same time waits for it. */
export function migrateSqlite(client: SqliteClient, nowMs: number, history = migrations.sqlite): void {
  const migrate = client.transaction(() => {
    client.exec(`${makeLog.replace('bigint', 'integer')} STRICT`)
    const applied = client.prepare<[], Applied>('SELECT name, hash FROM schema_migration').all()
    const pending = findPending(history, applied)
    for (const one of pending) {
      for (const statement of one.statements) client.exec(statement)
      client.prepare('INSERT INTO schema_migration VALUES (?, ?, ?)').run(one.name, hashOf(one), nowMs)
    }
    if (pending.length === 0 || applied.length === 0) return
    const broken = client.pragma('foreign_key_check') as unknown[]
    if (broken.length > 0) throw new DatabaseError('foreign-key', `a migration breaks ${broken.length} references`)
  })
  // A table that is made anew is dropped on the way, and what refers to it must not mind.
  client.pragma('foreign_keys = OFF')
  try {
    migrate.immediate()
  } finally {
    client.pragma('foreign_keys = ON')
  }
}

/** Any number with a meaning nowhere else: the lock that starting processes take in turn. */
const migrationLock = 4_811_739_550

export async function migratePostgres(
  connection: PostgresConnection,
  nowMs: number,
  history = migrations.postgres,
): Promise<void> {
  await connection.query('BEGIN')
  try {
    await connection.query('SELECT pg_advisory_xact_lock($1)', [migrationLock])
    await connection.query(makeLog)
    await connection.query(makeCommitMarks)
    const applied = await connection.query<Applied>('SELECT name, hash FROM schema_migration')
    for (const one of findPending(history, applied)) {
      for (const statement of one.statements) await connection.query(statement)
      await connection.query('INSERT INTO schema_migration VALUES ($1, $2, $3)', [one.name, hashOf(one), nowMs])
    }
    await connection.query('COMMIT')
  } catch (error) {
    await connection.command('ROLLBACK').catch(() => {})
    throw error
  }
}
