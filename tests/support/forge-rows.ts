// What somebody with the database's own password could do behind the product's back: switches the protection of append-only rows
// off and runs statements.
import BetterSqlite3 from 'better-sqlite3'
import pg from 'pg'

export async function forgeRows(url: string, table: string, statements: readonly string[]): Promise<void> {
  if (url.startsWith('sqlite:')) {
    const client = new BetterSqlite3(url.slice('sqlite:'.length))
    try {
      for (const verb of ['update', 'delete']) client.exec(`DROP TRIGGER IF EXISTS ${table}_refuses_${verb}`)
      for (const statement of statements) client.exec(statement)
    } finally {
      client.close()
    }
    return
  }
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`)
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}
