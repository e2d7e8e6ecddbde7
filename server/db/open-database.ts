// Opens the database a URL names, migrated and ready.
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Database, DatabaseOptions, Reader } from './database.ts'
import { openSqlite, openSqliteReader } from './sqlite-database.ts'

const sqliteScheme = 'sqlite:'

/** `sqlite:<path>` (its folder is made), `sqlite::memory:` or `postgres://…`. Throws DatabaseError when it cannot be reached. */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { url } = options
  if (url.startsWith('postgres://') || url.startsWith('postgresql://')) {
    // Its driver is loaded by whom it serves: over SQLite it would be a tenth of a program's start.
    const { openPostgres } = await import('./postgres-database.ts')
    return openPostgres(options)
  }
  if (!url.startsWith(sqliteScheme)) throw new Error(`a database URL begins with sqlite: or postgres://, not ${url}`)
  const path = url.slice(sqliteScheme.length)
  if (path !== ':memory:') {
    await mkdir(dirname(path), { recursive: true })
    // A new one is for the server's user alone; SQLite gives the log beside it the same mode.
    await (await open(path, 'a', 0o600)).close()
  }
  return openSqlite(path, options)
}

/**
 * Opens the database of a program that runs already, to look at it from a thread of that program. On SQLite it takes no lock: to look
 * whether there is something to migrate would wait until nobody writes.
 */
export async function openReader(options: DatabaseOptions): Promise<Reader> {
  const { url } = options
  return url.startsWith(sqliteScheme)
    ? openSqliteReader(url.slice(sqliteScheme.length), options)
    : openDatabase(options)
}
