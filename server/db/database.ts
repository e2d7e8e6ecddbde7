// What the rest of the server sees of a database: units go in, their values come out after the commit.
import type BetterSqlite3 from 'better-sqlite3'
import type { Clock } from '#shared/time/clock.ts'
import type { Random } from '#shared/ids/random.ts'
import type { Dialect } from './kit.ts'
import type { Migration } from './migrations/history.ts'
import type { Unit, UnitContext } from './unit.ts'

/** A use case with its input: makes the unit of work, again for every attempt. */
export type Work<T> = (ctx: UnitContext) => Unit<T>

/** Counts since the database was opened. */
export interface DatabaseCounters {
  commits: number
  /** Units committed; units / commits is the group size. */
  units: number
  refusals: number
  /** Units undone by a database error. */
  failures: number
  /** Transactions run again after a serialization failure, a deadlock or the loss of their connection. */
  retries: number
}

/** A database to look at only. */
export interface Reader extends AsyncDisposable {
  /** Runs a unit that only reads, over one snapshot of what is committed. Writing in it fails. */
  read<T>(work: Work<T>): Promise<T>
  /** Finishes what is queued, then closes. */
  close(): Promise<void>
}

export interface Database extends Reader {
  readonly dialect: Dialect
  readonly counters: Readonly<DatabaseCounters>
  /**
   * Runs a unit as one serializable transaction and resolves after its commit is on disk. Units that wait at the same time
   * share a commit. Rejects with the unit's own error (RefusalError …), or with DatabaseError; then nothing of it is kept,
   * unless that is `uncertain`: the database went away as it committed, and has not come back to be asked.
   */
  run<T>(work: Work<T>): Promise<T>
}

export interface DatabaseOptions {
  /** `sqlite:./data/huinong.db`, `sqlite::memory:` or `postgres://user:password@host:port/name`. */
  readonly url: string
  readonly clock: Clock
  readonly random: Random
  /** Most units per commit; default 256 on SQLite, 64 on PostgreSQL; minimum 1. */
  readonly maxGroupSize?: number
  /**
   * Memory for pages of SQLite, MB; default 64, for a server that asks for the same again and again. Who goes through much once is done
   * sooner with less: each page of memory that a program takes is a fault of its own, dearer than to read the page again.
   */
  readonly cacheMegabytes?: number
  /** How long PostgreSQL may be away before callers are told, ms; default 5,000. Six times that after a commit nobody answered. */
  readonly patienceMs?: number
  /**
   * How long PostgreSQL may take to take a connection, and how long a statement goes unanswered before another connection is asked
   * whether it is still worked on, ms; default 5,000.
   */
  readonly answerMs?: number
  /** The history of the schema; default: this program's own. */
  readonly migrations?: readonly Migration[]
  /** Told of errors that no caller is waiting for, such as a lost idle connection. */
  readonly onError?: (error: Error) => void
}

/** What the simulation puts in place of the machine under SQLite. */
export interface SqliteMachine {
  /** Calls back once everything that is ready now had its turn: who waits by then shares a commit. */
  readonly defer: (callback: () => void) => void
  readonly openFile: (path: string, options: { timeout: number; readonly?: boolean }) => BetterSqlite3.Database
}
