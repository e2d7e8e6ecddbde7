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
    const db = this.#kept ?? this.#open()
    if (this.#isRunning()) this.#kept = db
    try {
      return work(db)
    } finally {
      if (this.#kept === undefined) db.close()
    }
  }

  /** What is asked again and again is prepared once. */
  #open(): BetterSqlite3.Database {
    const db = new BetterSqlite3(this.#path, { readonly: true, fileMustExist: true })
    const prepare = db.prepare.bind(db)
    const known = new Map<string, BetterSqlite3.Statement>()
    const prepareOnce = (sql: string) => {
      const statement = known.get(sql) ?? prepare(sql)
      known.set(sql, statement)
      return statement
    }
    return Object.assign(db, { prepare: prepareOnce })
  }

  /** Before the file is another one: a crash leaves what was on the disk. */
  letGo(): void {
    this.#kept?.close()
    this.#kept = undefined
  }
}
