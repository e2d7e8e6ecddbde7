// PostgreSQL through pg, for more than one server process. The same units, driven with await: waiting units share one
// serializable transaction on the process's one writer connection (a savepoint each), so processes never queue behind each
// other's single commits. After a serialization failure or deadlock the group is run again, at last one unit at a time.
import { drizzle } from 'drizzle-orm/node-postgres'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import { type Id, makeId } from '#shared/ids/uuid-v7.ts'
import { nextUnit } from '#shared/ids/random.ts'
import { delay } from '#shared/time/clock.ts'
import { RefusalError } from '../errors/refusal.ts'
import type { Database, DatabaseCounters, DatabaseOptions, Work } from './database.ts'
import { DatabaseError, asDatabaseError } from './database-error.ts'
import { migratePostgres } from './migrate.ts'
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

/** One connection: runs the steps of units. */
class PostgresConnection {
  readonly client: pg.PoolClient
  readonly ctx: UnitContext
  readonly #plain: NodePgDatabase
  readonly #inserts: InsertPlans<Named>
  readonly #commands = new Map<Statement<unknown, unknown>, { plan: Plan; named: Named }>()
  readonly #selects = new Map<Statement<unknown, unknown>, AsyncSelect>()
  #statements = 0

  constructor(client: pg.PoolClient, options: DatabaseOptions) {
    this.client = client
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
    try {
      await this.client.query(text)
    } catch (error) {
      throw asDatabaseError(error)
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
        return (await this.#plain.execute(step.sql)).rows
      case 'sql-exec':
        return (await this.#plain.execute(step.sql)).rowCount ?? 0
      case 'savepoint':
        return this.client.query('SAVEPOINT attempt')
      case 'release':
        return this.client.query('RELEASE attempt')
      case 'rollback':
        return this.client.query('ROLLBACK TO attempt; RELEASE attempt')
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
      const done = await this.client.query({ ...prepared, values: plan.bind(rows, from) })
      changes += done.rowCount ?? 0
    }
    return changes
  }

  async #rows(query: Query<unknown>): Promise<unknown[]> {
    if (!(query instanceof BoundStatement)) return (await query) as unknown[]
    let select = this.#selects.get(query.statement)
    if (select === undefined) {
      const built = query.statement.build(this.ctx, placeholders) as unknown as AsyncQuery
      select = built.prepare(this.#named('').name)
      this.#selects.set(query.statement, select)
    }
    return select.execute(query.values)
  }

  async #exec(query: PromiseLike<unknown> | BoundStatement<unknown>): Promise<number> {
    if (!(query instanceof BoundStatement)) {
      const done = await query
      return Array.isArray(done) ? done.length : ((done as pg.QueryResult).rowCount ?? 0)
    }
    let entry = this.#commands.get(query.statement)
    if (entry === undefined) {
      const plan = planStatement(query.statement.build(this.ctx, placeholders) as unknown as AsyncQuery)
      entry = { plan, named: this.#named(plan.text) }
      this.#commands.set(query.statement, entry)
    }
    const done = await this.client.query({ ...entry.named, values: entry.plan.bind(query.values) })
    return done.rowCount ?? 0
  }
}

interface Job {
  readonly work: Work<unknown>
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  outcome: { value: unknown } | { error: unknown } | undefined
}

/** Runs of one group before its callers get the conflict; from the third on, units run one by one. */
const maxRuns = 12
/** Runs that follow at once; later ones wait a random time up to maxWaitMs. */
const eagerRuns = 3
const maxWaitMs = 50
const readConnections = 4

class PostgresDatabase implements Database {
  readonly dialect = 'postgres'
  readonly counters: DatabaseCounters = { commits: 0, units: 0, refusals: 0, failures: 0, retries: 0 }
  readonly #options: DatabaseOptions
  readonly #maxGroupSize: number
  readonly #writers: pg.Pool
  readonly #readers: pg.Pool
  readonly #connections = new WeakMap<pg.PoolClient, PostgresConnection>()
  readonly #queue: Job[] = []
  #flushing: Promise<void> | undefined
  #isClosed = false

  constructor(options: DatabaseOptions) {
    this.#options = options
    this.#maxGroupSize = options.maxGroupSize ?? 64
    this.#writers = this.#pool(1)
    this.#readers = this.#pool(readConnections)
  }

  #pool(max: number): pg.Pool {
    const pool = new pg.Pool({
      connectionString: this.#options.url,
      max,
      application_name: 'huinong',
      connectionTimeoutMillis: 10_000,
      keepAlive: true,
    })
    pool.on('error', (error) => this.#options.onError?.(error))
    return pool
  }

  async migrate(): Promise<void> {
    const client = await this.#writers.connect()
    try {
      await migratePostgres(client, this.#options.clock.now(), this.#options.migrations)
    } finally {
      client.release()
    }
  }

  run<T>(work: Work<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#isClosed) {
        reject(new DatabaseError('connection', 'the database is closed'))
        return
      }
      this.#queue.push({ work, resolve: resolve as (value: unknown) => void, reject, outcome: undefined })
      this.#flushing ??= this.#flushAll()
    })
  }

  async #flushAll(): Promise<void> {
    // Every caller that becomes ready in this turn of the event loop joins the group.
    await new Promise<void>((resolve) => setImmediate(resolve))
    while (this.#queue.length > 0) {
      const group = this.#queue.splice(0, this.#maxGroupSize)
      await this.#runGroup(group)
      for (const job of group) this.#answer(job)
    }
    this.#flushing = undefined
  }

  async #runGroup(group: readonly Job[]): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const error = await this.#transact(group)
      if (error === undefined) return
      const isConflict = error.kind === 'conflict' && attempt < maxRuns
      if (!isConflict) {
        for (const job of group) if (job.outcome === undefined || 'value' in job.outcome) job.outcome = { error }
        return
      }
      this.counters.retries += 1
      if (attempt > eagerRuns) {
        const waitMs = Math.ceil(nextUnit(this.#options.random) * Math.min(maxWaitMs, 2 ** attempt))
        await delay(this.#options.clock, waitMs)
      }
      if (attempt >= 2 && group.length > 1) {
        for (const job of group) await this.#runGroup([job])
        return
      }
    }
  }

  /** One transaction over the group; returns why it was not committed. A lone unit's own error is left in its outcome. */
  async #transact(group: readonly Job[]): Promise<DatabaseError | undefined> {
    let client: pg.PoolClient
    try {
      client = await this.#writers.connect()
    } catch (error) {
      return new DatabaseError('connection', 'the database cannot be reached', { cause: error })
    }
    let isBroken = false
    try {
      const connection = this.#connectionOf(client)
      await connection.command('BEGIN ISOLATION LEVEL SERIALIZABLE')
      const isCommittable = await this.#runJobs(connection, group)
      await connection.command(isCommittable ? 'COMMIT' : 'ROLLBACK')
      if (isCommittable) this.counters.commits += 1
      return undefined
    } catch (thrown) {
      const error = asDatabaseError(thrown)
      isBroken = error.kind === 'connection'
      if (!isBroken) await client.query('ROLLBACK').catch(() => (isBroken = true))
      return error
    } finally {
      client.release(isBroken)
    }
  }

  async #runJobs(connection: PostgresConnection, group: readonly Job[]): Promise<boolean> {
    const isShared = group.length > 1
    let isOpen = false
    for (const job of group) job.outcome = undefined
    for (const job of group) {
      if (isShared) await connection.command(isOpen ? 'RELEASE unit; SAVEPOINT unit' : 'SAVEPOINT unit')
      isOpen = true
      try {
        job.outcome = { value: await connection.drive(job.work(connection.ctx)) }
      } catch (error) {
        job.outcome = { error }
        if (error instanceof DatabaseError && (error.kind === 'conflict' || error.kind === 'connection')) throw error
        if (!isShared) return false
        await connection.command('ROLLBACK TO unit')
      }
    }
    return true
  }

  #connectionOf(client: pg.PoolClient): PostgresConnection {
    let connection = this.#connections.get(client)
    if (connection === undefined) {
      connection = new PostgresConnection(client, this.#options)
      this.#connections.set(client, connection)
      // Without a listener a lost connection would end the process; the query in flight reports it.
      client.on('error', (error) => this.#options.onError?.(error))
    }
    return connection
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

  async read<T>(work: Work<T>): Promise<T> {
    if (this.#isClosed) throw new DatabaseError('connection', 'the database is closed')
    const client = await this.#readers.connect()
    let isBroken = false
    try {
      const connection = this.#connectionOf(client)
      await connection.command('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
      return await connection.drive(work(connection.ctx))
    } catch (error) {
      isBroken = error instanceof DatabaseError && error.kind === 'connection'
      throw error
    } finally {
      if (!isBroken) await client.query('ROLLBACK').catch(() => (isBroken = true))
      client.release(isBroken)
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#flushing
    await Promise.all([this.#writers.end(), this.#readers.end()])
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** Connects and migrates. */
export async function openPostgres(options: DatabaseOptions): Promise<Database> {
  const database = new PostgresDatabase(options)
  try {
    await database.migrate()
  } catch (error) {
    await database.close()
    throw asDatabaseError(error)
  }
  return database
}
