import { gunzipSync } from 'node:zlib'
import BetterSqlite3 from 'better-sqlite3'

/**
 * The record of one session from an agent's journal, as NDJSON. Reads only; throws when the file is no journal, is in
 * use by a running agent, or holds no record of the session.
 */
export function readStoredTrace(file: string, sessionId: string): string {
  const db = new BetterSqlite3(file, { readonly: true, fileMustExist: true })
  try {
    const row = db.prepare('SELECT trace FROM traces WHERE sessionId = ?').get(sessionId) as
      | { trace: Buffer }
      | undefined
    if (row === undefined) throw new Error(`${file} holds no record of session ${sessionId}`)
    return gunzipSync(row.trace).toString('utf8')
  } finally {
    db.close()
  }
}
