// Connections to PostgreSQL, lent to one unit at a time. Knows since when the database is away, so that nobody waits long for what
// others have waited for in vain, and cuts connections whose line was cut in silence (silence-watch.ts).
import { delay } from '#shared/time/clock.ts'
import type { DatabaseOptions } from './database.ts'
import { DatabaseError } from './database-error.ts'
import { PostgresConnection } from './postgres-connection.ts'
import { SilenceWatch } from './silence-watch.ts'

/** Between two attempts to reach a database that is away. */
const reachAgainMs = 100
/** Longest wait for a connection while all are lent. */
const maxQueueMs = 10_000
const defaultPatienceMs = 5_000
const defaultAnswerMs = 5_000

/** What the pools of one database know of it. */
export class Reach {
  readonly patienceMs: number
  readonly answerMs: number
  readonly watch: SilenceWatch
  /** Since when it cannot be reached, and when that was last tried in vain, monotonic ms. */
  awaySinceMs: number | undefined
  triedMs = 0
  isClosed = false

  constructor(options: DatabaseOptions) {
    this.patienceMs = options.patienceMs ?? defaultPatienceMs
    this.answerMs = options.answerMs ?? defaultAnswerMs
    this.watch = new SilenceWatch(options, this.answerMs)
  }
}

export interface Wanted {
  /** How long a database may be away. */
  readonly patienceMs?: number
  /** Since when this is waited for, monotonic ms; default: now. */
  readonly sinceMs?: number
}

export class PostgresPool {
  readonly #options: DatabaseOptions
  readonly #reach: Reach
  readonly #idle: PostgresConnection[] = []
  readonly #waiting = new Set<() => void>()
  #free: number

  constructor(options: DatabaseOptions, reach: Reach, size: number) {
    this.#options = options
    this.#reach = reach
    this.#free = size
  }

  /** Give it back. Throws DatabaseError `connection` when the database is away, `busy` when all stay lent for long. */
  async take({ patienceMs = this.#reach.patienceMs, sinceMs }: Wanted = {}): Promise<PostgresConnection> {
    const wantedMs = sinceMs ?? this.#options.clock.monotonicMs()
    await this.#takeTurn()
    try {
      const idle = this.#takeIdle()
      if (idle !== undefined) this.#reach.watch.add(idle)
      return idle ?? (await this.#open(patienceMs, wantedMs))
    } catch (error) {
      this.#passTurn()
      throw error
    }
  }

  giveBack(connection: PostgresConnection, isBroken: boolean): void {
    this.#reach.watch.remove(connection)
    if (isBroken) connection.cut()
    if (!connection.isLost) this.#idle.push(connection)
    this.#passTurn()
  }

  /** What is lent must be back. */
  async close(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map((connection) => connection.end(this.#reach.answerMs)))
  }

  #takeIdle(): PostgresConnection | undefined {
    for (let found = this.#idle.pop(); found !== undefined; found = this.#idle.pop()) if (!found.isLost) return found
    return undefined
  }

  async #open(patienceMs: number, wantedMs: number): Promise<PostgresConnection> {
    const { clock } = this.#options
    const reach = this.#reach
    for (;;) {
      const startMs = clock.monotonicMs()
      const isAway = () => clock.monotonicMs() - (reach.awaySinceMs ?? startMs) >= patienceMs
      // Who has waited while others tried in vain is told so with them.
      if (reach.awaySinceMs !== undefined && reach.triedMs >= wantedMs && isAway()) throw unreachable(undefined)
      try {
        const connection = await PostgresConnection.open(this.#options, reach.answerMs)
        reach.awaySinceMs = undefined
        reach.watch.add(connection)
        await reach.watch.bury(connection)
        return connection
      } catch (error) {
        reach.awaySinceMs ??= startMs
        reach.triedMs = clock.monotonicMs()
        if (isAway() || reach.isClosed) throw unreachable(error)
        await delay(clock, reachAgainMs)
      }
    }
  }

  async #takeTurn(): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1
      return
    }
    await new Promise<void>((resolve, reject) => {
      const cancel = this.#options.clock.setTimer(maxQueueMs, () => {
        this.#waiting.delete(go)
        reject(new DatabaseError('busy', 'all connections to the database are in use'))
      })
      const go = () => {
        cancel()
        resolve()
      }
      this.#waiting.add(go)
    })
  }

  #passTurn(): void {
    const [next] = this.#waiting
    if (next === undefined) this.#free += 1
    else {
      this.#waiting.delete(next)
      next()
    }
  }
}

function unreachable(cause: unknown): DatabaseError {
  return new DatabaseError('connection', 'the database cannot be reached', { cause })
}
