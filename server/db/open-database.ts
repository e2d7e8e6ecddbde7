// Opens the database a URL names, migrated and ready.
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Database, DatabaseOptions } from './database.ts'
import { openSqlite } from './sqlite-database.ts'

/** `sqlite:<path>` (its folder is made), `sqlite::memory:` or `postgres://…`. Throws DatabaseError when it cannot be reached. */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { url } = options
  if (url.startsWith('postgres://') || url.startsWith('postgresql://')) {
    // Its driver is loaded by whom it serves: over SQLite it would be a tenth of a program's start.
    const { openPostgres } = await import('./postgres-database.ts')
    return openPostgres(options)
  }
  if (!url.startsWith('sqlite:')) throw new Error(`a database URL begins with sqlite: or postgres://, not ${url}`)
  const path = url.slice('sqlite:'.length)
  if (path !== ':memory:') {
    await mkdir(dirname(path), { recursive: true })
    // A new one is for the server's user alone; SQLite gives the log beside it the same mode.
    await (await open(path, 'a', 0o600)).close()
  }
  return openSqlite(path, options)
}
