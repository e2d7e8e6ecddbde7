// SQLite through better-sqlite3: WAL, synchronous=FULL, one writer. Units that wait are driven one after another and share one
// commit (one fsync); all callers are answered after it. A unit that fails is undone alone, behind a savepoint where needed. Reads use a connection of their own that
// cannot write, so they see committed data only.
import BetterSqlite3 from 'better-sqlite3'
import { drizzle } from 'drizzle-orm/better-sqlite3'
import { sql, type SQL } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import { SQLiteSelectBase, SQLiteSyncDialect } from 'drizzle-orm/sqlite-core'
import { type Id, makeId } from '#shared/ids/uuid-v7.ts'
import type { Database, DatabaseCounters, DatabaseOptions, Reader, SqliteMachine, Work } from './database.ts'
import { DatabaseError, asDatabaseError } from './database-error.ts'
import { migrateSqlite } from './migrate.ts'
import { InsertPlans, maxInsertRows, placeholders, planSelect, planStatement } from './plan.ts'
import type { InsertRows, Plan, SelectPlan } from './plan.ts'
import { tablesOf } from './tables.ts'
import { BoundStatement } from './unit.ts'
import type { Query, QueryDatabase, Statement, Step, Unit, UnitContext } from './unit.ts'
import { RefusalError } from '../errors/refusal.ts'

type Client = BetterSqlite3.Database
/** Its parameters are given one by one: the driver takes them from the call faster than out of an array. */
type Prepared = BetterSqlite3.Statement<unknown[]>

/** What drizzle's SQLite builders really are, behind the PostgreSQL types. */
interface SyncQuery {
  all(): unknown[]
  run(): { changes: number }
  prepare(): unknown
  toSQL(): { sql: string; params: unknown[] }
}

/** Texts and bindings are the same on every connection: they are made once a process, statements once a connection. */
const selectPlans = new WeakMap<Statement<unknown, unknown>, SelectPlan>()
const commandPlans = new WeakMap<Statement<unknown, unknown>, Plan>()

function planOnce<TPlan>(
  plans: WeakMap<Statement<unknown, unknown>, TPlan>,
  statement: Statement<unknown, unknown>,
  make: () => TPlan,
): TPlan {
  let plan = plans.get(statement)
  if (plan === undefined) {
    plan = make()
    plans.set(statement, plan)
  }
  return plan
}

const cachedTexts = 512

/** How often a disk that fails is asked to write over what it failed at. */
const buryAttempts = 10

/** Groups that run with savepoints after a unit failed in the middle of its writes. */
const guardedGroups = 16

/** drizzle prepares on every call; this hands it the statement again when the text is the same. */
function withStatementCache(client: Client): Client {
  const cache = new Map<string, Prepared>()
  const prepare = (text: string) => {
    const known = cache.get(text)
    if (known !== undefined) return known
    const made = client.prepare<unknown[]>(text)
    if (cache.size >= cachedTexts) cache.clear()
    cache.set(text, made)
    return made
  }
  return { prepare } as unknown as Client
}

/**
 * drizzle binds the number after LIMIT, and SQLite plans a statement anew each time such a number is bound, at ten times the price
 * of a small read. Written out it is planned once.
 */
function withLimitsWrittenOut<TDatabase>(db: TDatabase): TDatabase {
  const { dialect } = db as { dialect: { buildLimit: (limit: unknown) => SQL | undefined } }
  const { buildLimit } = dialect
  dialect.buildLimit = (limit) => buildLimit(Number.isSafeInteger(limit) ? sql.raw(String(limit)) : limit)
  return db
}

const usualCacheMegabytes = 64

/** From so many rows of one insert on they go in by several to a statement. */
const manyRows = 256

/** One connection: runs the steps of units. */
class SqliteConnection {
  readonly client: Client
  readonly ctx: UnitContext
  /** Statements so far that may have written. */
  writes = 0
  readonly #plain: ReturnType<typeof drizzle>
  readonly #dialect = new SQLiteSyncDialect()
  readonly #inserts: InsertPlans<Prepared>
  readonly #commands = new Map<Statement<unknown, unknown>, { plan: Plan; prepared: Prepared }>()
  readonly #selects = new Map<Statement<unknown, unknown>, { plan: SelectPlan; prepared: Prepared }>()
  readonly #begin: Prepared
  readonly #end: Prepared
  readonly #savepoint: Prepared
  readonly #release: Prepared
  readonly #rollback: Prepared

  constructor(client: Client, options: DatabaseOptions) {
    this.client = client
    // Made when first asked for: what takes no name of its own uses up no randomness.
    let writerId: Id | undefined
    // Raw SQL is not cached: a cached statement may be in drizzle's array mode.
    this.#plain = drizzle(client)
    this.ctx = {
      dialect: 'sqlite',
      db: withLimitsWrittenOut(drizzle(withStatementCache(client))) as unknown as QueryDatabase,
      tables: tablesOf('sqlite'),
      now: () => options.clock.now(),
      newId: () => makeId(options.clock, options.random),
      get writerId() {
        return (writerId ??= makeId(options.clock, options.random))
      },
    }
    this.#inserts = new InsertPlans(this.ctx, (text) => client.prepare(text))
    this.#begin = client.prepare('BEGIN')
    this.#end = client.prepare('ROLLBACK')
    this.#savepoint = client.prepare('SAVEPOINT unit')
    this.#release = client.prepare('RELEASE unit')
    this.#rollback = client.prepare('ROLLBACK TO unit')
  }

  /** Runs a unit to its end. A database error drops the unit where it stands. */
  drive<T>(unit: Unit<T>): T {
    let step = unit.next()
    while (step.done !== true) {
      let result: unknown
      try {
        result = this.#execute(step.value)
      } catch (error) {
        unit.return(undefined as T)
        throw asDatabaseError(error)
      }
      step = unit.next(result)
    }
    return step.value
  }

  /** Runs a unit that only reads over one snapshot. */
  look<T>(work: Work<T>): T {
    this.#begin.run()
    try {
      return this.drive(work(this.ctx))
    } finally {
      this.#end.run()
    }
  }

  savepoint(): void {
    this.#savepoint.run()
  }

  release(): void {
    this.#release.run()
  }

  rollback(): void {
    this.#rollback.run()
    this.#release.run()
  }

  #execute(step: Step): unknown {
    switch (step.kind) {
      case 'insert':
        return this.#insert(step.table, step.rows, step.onConflict === 'ignore')
      case 'rows':
        return this.#rows(step.query as Query<unknown>)
      case 'exec':
        return this.#exec(step.query)
      case 'sql':
        this.writes += 1
        return this.#sqlRows(step.sql)
      case 'sql-exec':
        this.writes += 1
        return this.#plain.run(step.sql).changes
      case 'savepoint':
        return this.savepoint()
      case 'release':
        return this.release()
      case 'rollback':
        return this.rollback()
    }
  }

  #build(statement: Statement<unknown, unknown>): SyncQuery {
    return statement.build(this.ctx, placeholders) as unknown as SyncQuery
  }

  /**
   * Few go in one by one: a statement of many rows must be able to undo itself, for which SQLite copies every page it touches, and a
   * settlement's rows lie far apart. Of many rows that costs less than to call the driver for each.
   */
  #insert(table: PgTable, rows: InsertRows, isIgnoring: boolean): number {
    const single = rows.length < manyRows ? rows.length : rows.length % maxInsertRows
    const many = this.#insertBy(maxInsertRows, table, rows, 0, rows.length - single, isIgnoring)
    return many + this.#insertBy(1, table, rows, rows.length - single, rows.length, isIgnoring)
  }

  /** Inserts the rows from `from` to before `to`, so many to a statement. */
  #insertBy(count: number, table: PgTable, rows: InsertRows, from: number, to: number, isIgnoring: boolean): number {
    if (from === to) return 0
    const { plan, prepared } = this.#inserts.get(table, rows, count, isIgnoring)
    let changes = 0
    for (let at = from; at < to; at += count) {
      changes += prepared.run(...plan.bind(rows, at)).changes
      this.writes += 1
    }
    return changes
  }

  #rows(query: Query<unknown>): unknown[] {
    if (!(query instanceof BoundStatement)) {
      // An insert, update or delete that returns rows is a write as well.
      if (!(query instanceof SQLiteSelectBase)) this.writes += 1
      return (query as unknown as SyncQuery).all()
    }
    let select = this.#selects.get(query.statement)
    if (select === undefined) {
      const plan = planOnce(selectPlans, query.statement, () => planSelect(this.#build(query.statement)))
      select = { plan, prepared: this.client.prepare<unknown[]>(plan.text).raw() }
      this.#selects.set(query.statement, select)
    }
    const { plan, prepared } = select
    const found = prepared.all(...plan.bind(query.values)) as unknown[][]
    return found.map((values) => plan.toRow(values))
  }

  /** The driver makes objects by itself too, at twice the price of arrays of values. */
  #sqlRows(query: SQL): unknown[] {
    const { sql: text, params } = this.#dialect.sqlToQuery(query)
    const statement = this.client.prepare<unknown[]>(text)
    // Of a statement that gives no rows the driver says so.
    if (!statement.reader) return statement.all(...params)
    const names = statement.columns().map(({ name }) => name)
    return statement
      .raw()
      .all(...params)
      .map((values) => {
        const row: Record<string, unknown> = {}
        for (const [place, name] of names.entries()) row[name] = (values as unknown[])[place]
        return row
      })
  }

  #exec(query: PromiseLike<unknown> | BoundStatement<unknown>): number {
    this.writes += 1
    if (!(query instanceof BoundStatement)) return (query as unknown as SyncQuery).run().changes
    let entry = this.#commands.get(query.statement)
    if (entry === undefined) {
      const plan = planOnce(commandPlans, query.statement, () => planStatement(this.#build(query.statement)))
      entry = { plan, prepared: this.client.prepare(plan.text) }
      this.#commands.set(query.statement, entry)
    }
    return entry.prepared.run(...entry.plan.bind(query.values)).changes
  }
}

interface Job {
  readonly work: Work<unknown>
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  outcome: { value: unknown } | { error: unknown } | undefined
}

const realMachine: SqliteMachine = {
  defer: setImmediate,
  openFile: (path, options) => new BetterSqlite3(path, options),
}

function connect(path: string, options: DatabaseOptions, machine: SqliteMachine, isReadonly: boolean): Client {
  const client = machine.openFile(path, { timeout: 5000, readonly: isReadonly })
  client.pragma('foreign_keys = ON')
  client.pragma('trusted_schema = OFF')
  client.pragma(`cache_size = -${(options.cacheMegabytes ?? usualCacheMegabytes) * 1024}`)
  client.pragma('temp_store = MEMORY')
  return client
}

class SqliteDatabase implements Database {
  readonly dialect = 'sqlite'
  readonly counters: DatabaseCounters = { commits: 0, units: 0, refusals: 0, failures: 0, retries: 0 }
  readonly #writer: SqliteConnection
  readonly #reader: SqliteConnection
  readonly #isMemory: boolean
  readonly #maxGroupSize: number
  readonly #begin: Prepared
  readonly #commit: Prepared
  readonly #defer: SqliteMachine['defer']
  readonly #queue: Job[] = []
  readonly #idle: Array<() => void> = []
  #isScheduled = false
  #isClosed = false
  #guardedGroups = 0

  constructor(path: string, options: DatabaseOptions, machine: SqliteMachine) {
    this.#isMemory = path === ':memory:'
    this.#maxGroupSize = options.maxGroupSize ?? 256
    this.#defer = machine.defer
    const client = connect(path, options, machine, false)
    client.pragma('journal_mode = WAL')
    client.pragma('synchronous = FULL')
    // Pages that many commits touch go to the database file once in 64 MB of log, not once in 4: fewer waits for the disk.
    client.pragma('wal_autocheckpoint = 16000')
    migrateSqlite(client, options.clock.now(), options.migrations)
    this.#writer = new SqliteConnection(client, options)
    this.#reader = this.#isMemory ? this.#writer : new SqliteConnection(connect(path, options, machine, true), options)
    this.#begin = client.prepare('BEGIN IMMEDIATE')
    this.#commit = client.prepare('COMMIT')
  }

  run<T>(work: Work<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#isClosed) {
        reject(new DatabaseError('connection', 'the database is closed'))
        return
      }
      this.#queue.push({ work, resolve: resolve as (value: unknown) => void, reject, outcome: undefined })
      this.#schedule()
    })
  }

  // Every caller that becomes ready in this turn of the event loop joins the group.
  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#defer(() => {
      this.#isScheduled = false
      this.#flush()
      if (this.#queue.length > 0) this.#schedule()
      else for (const done of this.#idle.splice(0)) done()
    })
  }

  #flush(): void {
    const group = this.#queue.splice(0, this.#maxGroupSize)
    if (group.length === 0) return
    const isGuarded = this.#guardedGroups > 0
    if (isGuarded) this.#guardedGroups -= 1
    if (!this.#transact(group, isGuarded)) {
      this.#guardedGroups = guardedGroups
      this.counters.retries += 1
      this.#transact(group, true)
    }
    for (const job of group) this.#answer(job)
  }

  /**
   * Runs the group in one transaction. Savepoints cost SQLite a copy of every page a unit touches, so an unguarded run has none;
   * it returns false, everything undone, when a unit failed after it had written: then the group runs again, guarded.
   */
  #transact(group: readonly Job[], isGuarded: boolean): boolean {
    try {
      this.#begin.run()
      for (const job of group) {
        if (this.#runJob(job, isGuarded && group.length > 1) || group.length === 1) continue
        this.#writer.client.exec('ROLLBACK')
        return false
      }
      const [only] = group
      const isLoneFailure = group.length === 1 && only?.outcome !== undefined && 'error' in only.outcome
      if (isLoneFailure) this.#writer.client.exec('ROLLBACK')
      else this.#commit.run()
      if (!isLoneFailure) this.counters.commits += 1
    } catch (error) {
      if (this.#writer.client.inTransaction) this.#writer.client.exec('ROLLBACK')
      const failure = asDatabaseError(error)
      if (failure.kind === 'io') this.#buryFailedCommit()
      for (const job of group) job.outcome = { error: failure }
    }
    return true
  }

  /**
   * A commit whose sync failed may stand whole in the log, where the next start would find it and take it for a good one. Written
   * over, if only by the first page of a write that says nothing, it is none any more: then its callers may be told so.
   */
  #buryFailedCommit(): void {
    const { client } = this.#writer
    const version = client.pragma('user_version', { simple: true }) as number
    for (let attempt = 0; attempt < buryAttempts; attempt += 1) {
      try {
        client.pragma(`user_version = ${version}`)
        return
      } catch (error) {
        // The page is written, only not yet synced.
        if ((error as { code?: string }).code === 'SQLITE_IOERR_FSYNC') return
      }
    }
  }

  /** Runs one unit; returns whether the transaction can go on, its outcome being whatever it is. */
  #runJob(job: Job, isGuarded: boolean): boolean {
    const writesBefore = this.#writer.writes
    if (isGuarded) this.#writer.savepoint()
    try {
      job.outcome = { value: this.#writer.drive(job.work(this.#writer.ctx)) }
      if (isGuarded) this.#writer.release()
      return true
    } catch (error) {
      job.outcome = { error }
      // Some faults (disk full, I/O) make SQLite end the whole transaction: then nobody in the group succeeds.
      if (!this.#writer.client.inTransaction) throw error
      if (isGuarded) this.#writer.rollback()
      return isGuarded || this.#writer.writes === writesBefore
    }
  }

  #answer(job: Job): void {
    const { outcome } = job
    if (outcome !== undefined && 'value' in outcome) {
      this.counters.units += 1
      job.resolve(outcome.value)
      return
    }
    const error = outcome?.error
    if (error instanceof RefusalError) this.counters.refusals += 1
    else this.counters.failures += 1
    job.reject(error)
  }

  read<T>(work: Work<T>): Promise<T> {
    return new Promise<T>((resolve) => {
      if (this.#isClosed) throw new DatabaseError('connection', 'the database is closed')
      if (!this.#isMemory) {
        resolve(this.#reader.look(work))
        return
      }
      const { client } = this.#reader
      client.pragma('query_only = ON')
      try {
        resolve(this.#reader.look(work))
      } finally {
        client.pragma('query_only = OFF')
      }
    })
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#queue.length > 0) await new Promise<void>((resolve) => this.#idle.push(resolve))
    if (!this.#isMemory) this.#reader.client.close()
    this.#writer.client.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

class SqliteReader implements Reader {
  readonly #connection: SqliteConnection

  constructor(path: string, options: DatabaseOptions) {
    this.#connection = new SqliteConnection(connect(path, options, realMachine, true), options)
  }

  read<T>(work: Work<T>): Promise<T> {
    return new Promise<T>((resolve) => resolve(this.#connection.look(work)))
  }

  async close(): Promise<void> {
    this.#connection.client.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** Opens the database at `path` to look at it beside a program that has made or migrated it; it waits for nobody who writes. */
export function openSqliteReader(path: string, options: DatabaseOptions): Reader {
  return new SqliteReader(path, options)
}

/** Opens (and makes, and migrates) the database at `path`, or `:memory:`. */
export function openSqlite(path: string, options: DatabaseOptions, machine = realMachine): Database {
  return new SqliteDatabase(path, options, machine)
}
