// PostgreSQL through pg, for more than one server process. The same units, driven with await: waiting units share one
// serializable transaction on the process's one writer connection (a savepoint each), so processes never queue behind each
// other's single commits. After a serialization failure or deadlock the group is run again, at last one unit at a time; after a
// lost connection too, on a new one. A COMMIT that nobody answered is looked into first (commit-marks.ts).
import { makeId, type Id } from '#shared/ids/uuid-v7.ts'
import { nextUnit } from '#shared/ids/random.ts'
import { delay } from '#shared/time/clock.ts'
import { RefusalError } from '../errors/refusal.ts'
import { claimMark, dropOldMarks, keepMark } from './commit-marks.ts'
import type { Database, DatabaseCounters, DatabaseOptions, Work } from './database.ts'
import { DatabaseError, asDatabaseError, type DatabaseErrorKind } from './database-error.ts'
import { migratePostgres } from './migrate.ts'
import type { PostgresConnection } from './postgres-connection.ts'
import { PostgresPool, Reach } from './postgres-pool.ts'

interface Job {
  readonly work: Work<unknown>
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  readonly sinceMs: number
  outcome: { value: unknown } | { error: unknown } | undefined
}

/** Runs that follow at once; later ones wait a random time up to maxWaitMs. */
const eagerRuns = 3
const maxWaitMs = 50
const readConnections = 4
/** Times that a connection is lost before the caller is told: more than there are connections, which may all be dead ones. */
const maxLosses = readConnections + 1
/** Runs of one group before its callers get the error. From the third on after a conflict, units run one by one. */
const maxRuns: Partial<Record<DatabaseErrorKind, number>> = { conflict: 12, connection: maxLosses }
/** Not to know whether something was kept is worse than to wait: so many times the patience is spent on a lost COMMIT. */
const commitPatience = 6
/** Old marks are dropped once in so many commits. */
const commitsPerSweep = 4_096

const isLost = (error: unknown) => error instanceof DatabaseError && error.kind === 'connection'

class PostgresDatabase implements Database {
  readonly dialect = 'postgres'
  readonly counters: DatabaseCounters = { commits: 0, units: 0, refusals: 0, failures: 0, retries: 0 }
  readonly #options: DatabaseOptions
  readonly #maxGroupSize: number
  readonly #reach: Reach
  readonly #writers: PostgresPool
  readonly #readers: PostgresPool
  readonly #reading = new Set<Promise<unknown>>()
  readonly #queue: Job[] = []
  #flushing: Promise<void> | undefined

  constructor(options: DatabaseOptions) {
    this.#options = options
    this.#maxGroupSize = options.maxGroupSize ?? 64
    this.#reach = new Reach(options)
    this.#writers = new PostgresPool(options, this.#reach, 1)
    this.#readers = new PostgresPool(options, this.#reach, readConnections)
  }

  async migrate(): Promise<void> {
    const connection = await this.#writers.take()
    let isBroken = true
    try {
      await migratePostgres(connection, this.#options.clock.now(), this.#options.migrations)
      isBroken = false
    } finally {
      this.#writers.giveBack(connection, isBroken)
    }
  }

  run<T>(work: Work<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#reach.isClosed) {
        reject(new DatabaseError('connection', 'the database is closed'))
        return
      }
      const sinceMs = this.#options.clock.monotonicMs()
      this.#queue.push({ work, resolve: resolve as (value: unknown) => void, reject, sinceMs, outcome: undefined })
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
      const { error, isAgain } = await this.#tryGroup(group, attempt)
      if (error === undefined) return
      if (!isAgain) {
        for (const job of group) if (job.outcome === undefined || 'value' in job.outcome) job.outcome = { error }
        return
      }
      this.counters.retries += 1
      if (error.kind !== 'conflict') continue
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

  /** Without an error the group is kept. */
  async #tryGroup(group: readonly Job[], attempt: number): Promise<{ error?: DatabaseError; isAgain: boolean }> {
    try {
      const sinceMs = Math.max(...group.map((job) => job.sinceMs))
      const failure = await this.#transact(await this.#writers.take({ sinceMs }), group)
      if (failure === undefined) return { isAgain: false }
      const { error, mark } = failure
      if (error.kind === 'connection' && mark !== undefined && (await this.#isKept(mark))) return { isAgain: false }
      return { error, isAgain: attempt < (maxRuns[error.kind] ?? 1) }
    } catch (error) {
      return { error: asDatabaseError(error), isAgain: false }
    }
  }

  /** One transaction over the group; returns why it was not committed, as far as is known. A lone unit's own error is left in its outcome. */
  async #transact(
    connection: PostgresConnection,
    group: readonly Job[],
  ): Promise<{ error: DatabaseError; mark: Id | undefined } | undefined> {
    let mark: Id | undefined
    let isBroken = false
    try {
      await connection.command('BEGIN ISOLATION LEVEL SERIALIZABLE')
      const writesBefore = connection.writes
      if (!(await this.#runJobs(connection, group))) await connection.command('ROLLBACK')
      else {
        if (connection.writes > writesBefore) mark = makeId(this.#options.clock, this.#options.random)
        await connection.command(mark === undefined ? 'COMMIT' : `${keepMark(mark)}; COMMIT`)
        this.counters.commits += 1
        if (this.counters.commits % commitsPerSweep === 1) await dropOldMarks(connection).catch(() => (isBroken = true))
      }
      return undefined
    } catch (thrown) {
      const error = asDatabaseError(thrown)
      isBroken = error.kind === 'connection'
      if (!isBroken) await connection.command('ROLLBACK').catch(() => (isBroken = true))
      return { error, mark }
    } finally {
      this.#writers.giveBack(connection, isBroken)
    }
  }

  /** Whether the transaction with this mark was kept, though its COMMIT was not answered. Throws DatabaseError `uncertain`. */
  async #isKept(mark: Id): Promise<boolean> {
    for (let attempt = 1; ; attempt += 1) {
      let isBroken = true
      let connection: PostgresConnection | undefined
      try {
        connection = await this.#writers.take({ patienceMs: commitPatience * this.#reach.patienceMs })
        const isKept = await claimMark(connection, mark)
        isBroken = false
        const message = `the connection was lost at a commit, which was ${isKept ? 'kept' : 'not kept'}`
        this.#options.onError?.(new DatabaseError('connection', message))
        return isKept
      } catch (error) {
        if (connection !== undefined && attempt < maxLosses) continue
        throw new DatabaseError('uncertain', 'the database went away at a commit', { cause: error })
      } finally {
        if (connection !== undefined) this.#writers.giveBack(connection, isBroken)
      }
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
        if (isLost(error) || (error instanceof DatabaseError && error.kind === 'conflict')) throw error
        if (!isShared) return false
        await connection.command('ROLLBACK TO unit')
      }
    }
    return true
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
    const reading = this.#read(work)
    const ended = reading.then(
      () => {},
      () => {},
    )
    this.#reading.add(ended)
    void ended.then(() => this.#reading.delete(ended))
    return reading
  }

  async #read<T>(work: Work<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      if (this.#reach.isClosed) throw new DatabaseError('connection', 'the database is closed')
      const connection = await this.#readers.take()
      try {
        return await this.#look(connection, work)
      } catch (error) {
        if (!isLost(error) || attempt === maxLosses) throw error
        this.counters.retries += 1
      }
    }
  }

  async #look<T>(connection: PostgresConnection, work: Work<T>): Promise<T> {
    let isBroken = false
    try {
      await connection.command('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
      return await connection.drive(work(connection.ctx))
    } catch (error) {
      isBroken = isLost(error)
      throw error
    } finally {
      if (!isBroken) await connection.command('ROLLBACK').catch(() => (isBroken = true))
      this.#readers.giveBack(connection, isBroken)
    }
  }

  async close(): Promise<void> {
    if (this.#reach.isClosed) return
    this.#reach.isClosed = true
    await this.#flushing
    await Promise.all(this.#reading)
    await Promise.all([this.#writers.close(), this.#readers.close()])
    await this.#reach.watch.close()
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
