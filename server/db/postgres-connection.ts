// One connection to PostgreSQL: drives units with await, remembers what it prepared, and since when an answer is waited for.
import { randomUUID } from 'node:crypto'
import { Socket } from 'node:net'
import { drizzle } from 'drizzle-orm/node-postgres'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import { PgSelectBase } from 'drizzle-orm/pg-core'
import pg from 'pg'
import { type Id, makeId } from '#shared/ids/uuid-v7.ts'
import type { DatabaseOptions } from './database.ts'
import { asDatabaseError } from './database-error.ts'
import { InsertPlans, maxInsertRows, placeholders, planStatement } from './plan.ts'
import type { Plan } from './plan.ts'
import { tablesOf } from './tables.ts'
import { BoundStatement } from './unit.ts'
import type { Query, QueryDatabase, Statement, Step, Unit, UnitContext } from './unit.ts'

// int8 arrives as text by default; ours never leave the safe range.
pg.types.setTypeParser(pg.types.builtins.INT8, Number)

interface AsyncSelect {
  execute(values: Readonly<Record<string, unknown>>): Promise<unknown[]>
}
interface AsyncQuery extends PromiseLike<unknown> {
  toSQL(): { sql: string; params: unknown[] }
  prepare(name: string): AsyncSelect
}
interface Named {
  readonly name: string
  readonly text: string
}

/**
 * What the server's side of a connection does without us, ms and s: no unit waits for anything but the database, so who is idle in a
 * transaction is gone and must not keep its locks; and whoever does not take what is sent to it is gone too.
 */
const serverSettings = {
  idle_in_transaction_session_timeout: 60_000,
  tcp_keepalives_idle: 10,
  tcp_keepalives_interval: 5,
  tcp_keepalives_count: 3,
  tcp_user_timeout: 30_000,
}
const serverOptions = Object.entries(serverSettings).map(([name, value]) => `-c ${name}=${value}`)
const keepAliveMs = 10_000

export class PostgresConnection {
  readonly client: pg.Client
  /** By which others find it in pg_stat_activity. */
  readonly name: string
  /** Statements so far that may have written. */
  writes = 0
  /** Questions so far. */
  asked = 0
  /** Since when an answer is waited for, monotonic ms. */
  waitingSinceMs: number | undefined
  /** It serves nobody any more. */
  isLost = false
  readonly ctx: UnitContext
  readonly #plain: NodePgDatabase
  readonly #inserts: InsertPlans<Named>
  readonly #commands = new Map<Statement<unknown, unknown>, { plan: Plan; named: Named }>()
  readonly #selects = new Map<Statement<unknown, unknown>, AsyncSelect>()
  readonly #socket: Socket
  readonly #options: DatabaseOptions
  #statements = 0

  /** Throws what the driver throws, also when this takes longer than `timeoutMs`. */
  static async open(options: DatabaseOptions, timeoutMs: number): Promise<PostgresConnection> {
    const connection = new PostgresConnection(options, timeoutMs)
    try {
      await connection.client.connect()
      return connection
    } catch (error) {
      connection.cut()
      throw error
    }
  }

  private constructor(options: DatabaseOptions, timeoutMs: number) {
    // Not of the injected randomness: what is drawn from it must not hang on how often a connection is made.
    this.name = `huinong ${randomUUID()}`
    this.#options = options
    this.#socket = new Socket()
    const client = new pg.Client({
      connectionString: options.url,
      application_name: this.name,
      options: serverOptions.join(' '),
      connectionTimeoutMillis: timeoutMs,
      stream: () => this.#socket,
      keepAlive: true,
      keepAliveInitialDelayMillis: keepAliveMs,
    })
    this.client = client
    // Without a listener a lost connection would end the process; a query in flight reports it as well.
    client.on('error', (error) => {
      if (!this.isLost) options.onError?.(error)
      this.isLost = true
    })
    client.on('end', () => {
      this.isLost = true
    })
    // Made when first asked for: what takes no name of its own uses up no randomness.
    let writerId: Id | undefined
    this.#plain = drizzle(client)
    this.ctx = {
      dialect: 'postgres',
      db: this.#plain as unknown as QueryDatabase,
      tables: tablesOf('postgres'),
      now: () => options.clock.now(),
      newId: () => makeId(options.clock, options.random),
      get writerId() {
        return (writerId ??= makeId(options.clock, options.random))
      },
    }
    this.#inserts = new InsertPlans(this.ctx, (text) => this.#named(text))
  }

  #named(text: string): Named {
    this.#statements += 1
    return { name: `hn${this.#statements}`, text }
  }

  /** Runs a unit to its end. A database error drops the unit where it stands. */
  async drive<T>(unit: Unit<T>): Promise<T> {
    let step = unit.next()
    while (step.done !== true) {
      let result: unknown
      try {
        result = await this.#execute(step.value)
      } catch (error) {
        unit.return(undefined as T)
        throw asDatabaseError(error)
      }
      step = unit.next(result)
    }
    return step.value
  }

  async command(text: string): Promise<void> {
    await this.query(text)
  }

  async query<TRow extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<TRow[]> {
    try {
      const { rows } = await this.#ask(() => this.client.query<TRow>(text, values))
      return rows
    } catch (error) {
      throw asDatabaseError(error)
    }
  }

  /** Lets go of it where it stands: whoever waits for an answer hears that there will be none. */
  cut(): void {
    this.isLost = true
    this.#socket.destroy()
  }

  /** Says goodbye; one that is not heard within `timeoutMs` is cut. */
  async end(timeoutMs: number): Promise<void> {
    const cancel = this.#options.clock.setTimer(timeoutMs, () => this.cut())
    await this.client.end()
    cancel()
  }

  async #ask<T>(question: () => PromiseLike<T>): Promise<T> {
    this.asked += 1
    this.waitingSinceMs = this.#options.clock.monotonicMs()
    try {
      return await question()
    } finally {
      this.waitingSinceMs = undefined
    }
  }

  async #execute(step: Step): Promise<unknown> {
    switch (step.kind) {
      case 'insert':
        return this.#insert(step.table, step.rows, step.onConflict === 'ignore')
      case 'rows':
        return this.#rows(step.query as Query<unknown>)
      case 'exec':
        return this.#exec(step.query)
      case 'sql':
        this.writes += 1
        return (await this.#ask(() => this.#plain.execute(step.sql))).rows
      case 'sql-exec':
        this.writes += 1
        return (await this.#ask(() => this.#plain.execute(step.sql))).rowCount ?? 0
      case 'savepoint':
        return this.#ask(() => this.client.query('SAVEPOINT attempt'))
      case 'release':
        return this.#ask(() => this.client.query('RELEASE attempt'))
      case 'rollback':
        return this.#ask(() => this.client.query('ROLLBACK TO attempt; RELEASE attempt'))
    }
  }

  async #insert(
    table: Parameters<InsertPlans<Named>['get']>[0],
    rows: ReadonlyArray<Record<string, unknown>>,
    isIgnoring: boolean,
  ) {
    let changes = 0
    for (let from = 0; from < rows.length; from += maxInsertRows) {
      const count = Math.min(maxInsertRows, rows.length - from)
      const { plan, prepared } = this.#inserts.get(table, rows, count, isIgnoring)
      this.writes += 1
      const values = plan.bind(rows, from)
      const done = await this.#ask(() => this.client.query({ ...prepared, values }))
      changes += done.rowCount ?? 0
    }
    return changes
  }

  async #rows(query: Query<unknown>): Promise<unknown[]> {
    if (!(query instanceof BoundStatement)) {
      // An insert, update or delete that returns rows is a write as well.
      if (!(query instanceof PgSelectBase)) this.writes += 1
      return (await this.#ask(() => query)) as unknown[]
    }
    let select = this.#selects.get(query.statement)
    if (select === undefined) {
      const built = query.statement.build(this.ctx, placeholders) as unknown as AsyncQuery
      select = built.prepare(this.#named('').name)
      this.#selects.set(query.statement, select)
    }
    const built = select
    return this.#ask(() => built.execute(query.values))
  }

  async #exec(query: PromiseLike<unknown> | BoundStatement<unknown>): Promise<number> {
    this.writes += 1
    if (!(query instanceof BoundStatement)) {
      const done = await this.#ask(() => query)
      return Array.isArray(done) ? done.length : ((done as pg.QueryResult).rowCount ?? 0)
    }
    let entry = this.#commands.get(query.statement)
    if (entry === undefined) {
      const plan = planStatement(query.statement.build(this.ctx, placeholders) as unknown as AsyncQuery)
      entry = { plan, named: this.#named(plan.text) }
      this.#commands.set(query.statement, entry)
    }
    const values = entry.plan.bind(query.values)
    const { named } = entry
    const done = await this.#ask(() => this.client.query({ ...named, values }))
    return done.rowCount ?? 0
  }
}
