// The server's database file as an onlooker sees it: what is committed, by a connection that cannot write. It stays open while the
// server runs, since opening means reading a schema of a hundred and fifty tables.
import BetterSqlite3 from 'better-sqlite3'

export type Row = Readonly<Record<string, string | number | null>>

export const text = (value: string | number | null | undefined) => String(value ?? '')

export class ServerFile {
  readonly #path: string
  readonly #isRunning: () => boolean
  #kept: BetterSqlite3.Database | undefined

  constructor(path: string, isRunning: () => boolean) {
    this.#path = path
    this.#isRunning = isRunning
  }

  look<T>(work: (db: BetterSqlite3.Database) => T): T {
    const db = this.#kept ?? new BetterSqlite3(this.#path, { readonly: true, fileMustExist: true })
    if (this.#isRunning()) this.#kept = db
    try {
      return work(db)
    } finally {
      if (this.#kept === undefined) db.close()
    }
  }

  /** Before the file is another one: a crash leaves what was on the disk. */
  letGo(): void {
    this.#kept?.close()
    this.#kept = undefined
  }
}
