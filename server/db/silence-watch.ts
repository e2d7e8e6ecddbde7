// A line to PostgreSQL that was cut in silence tells neither end: TCP sends what was not acknowledged again for a quarter of an hour.
// So whoever has waited long for an answer has it asked for on a new connection: a statement that is still worked on may take as
// long as it likes; otherwise, or if nobody answers there either, the connection is cut, and its unit runs again on another.
import type { CancelTimer } from '#shared/time/clock.ts'
import type { DatabaseOptions } from './database.ts'
import { DatabaseError } from './database-error.ts'
import { PostgresConnection } from './postgres-connection.ts'

/** An answer may be on its way when PostgreSQL says that it works on nothing: it is asked so often before that counts. */
const looks = 2
/** So many times while an answer may be waited for it is looked whether anybody has waited longer. */
const looksPerAnswer = 5
/** What a server says that takes nobody more; it lives. */
const tooManyConnections = '53300'

const findBusy = `SELECT application_name AS name FROM pg_stat_activity WHERE application_name = ANY($1) AND state = 'active'`
const endBackends = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = ANY($1)`

export class SilenceWatch {
  readonly #options: DatabaseOptions
  readonly #answerMs: number
  readonly #lent = new Map<PostgresConnection, { asked: number; idleLooks: number; calmUntilMs: number }>()
  /** Names of connections that were cut here; what serves them there may not know it yet, and holds locks. */
  #cut: string[] = []
  #cancel: CancelTimer | undefined
  #looking: Promise<void> | undefined

  constructor(options: DatabaseOptions, answerMs: number) {
    this.#options = options
    this.#answerMs = answerMs
  }

  add(connection: PostgresConnection): void {
    this.#lent.set(connection, { asked: 0, idleLooks: 0, calmUntilMs: 0 })
    this.#wait()
  }

  remove(connection: PostgresConnection): void {
    this.#lent.delete(connection)
  }

  /** Has PostgreSQL end what still serves the connections that were cut; where it does not, it ends them by itself later. */
  async bury(connection: PostgresConnection): Promise<void> {
    const names = this.#cut
    if (names.length === 0) return
    await connection.query(endBackends, [names]).catch(() => {})
    if (!connection.isLost) this.#cut = this.#cut.filter((name) => !names.includes(name))
  }

  async close(): Promise<void> {
    this.#cancel?.()
    await this.#looking
  }

  #wait(): void {
    if (this.#cancel !== undefined || this.#looking !== undefined || this.#lent.size === 0) return
    this.#cancel = this.#options.clock.setTimer(this.#answerMs / looksPerAnswer, () => {
      this.#cancel = undefined
      this.#looking = this.#look().finally(() => {
        this.#looking = undefined
        this.#wait()
      })
    })
  }

  async #look(): Promise<void> {
    const nowMs = this.#options.clock.monotonicMs()
    const silent = [...this.#lent].filter(
      ([{ waitingSinceMs }, { calmUntilMs }]) =>
        waitingSinceMs !== undefined && waitingSinceMs + this.#answerMs <= nowMs && calmUntilMs <= nowMs,
    )
    if (silent.length === 0) return
    const waits = silent.map(([connection, care]) => ({ connection, care, asked: connection.asked }))
    const busy = await this.#findBusy(waits.map(({ connection }) => connection.name))
    for (const { connection, care, asked } of waits) {
      // Answered meanwhile.
      if (connection.asked !== asked || connection.waitingSinceMs === undefined) continue
      if (care.asked !== asked) Object.assign(care, { asked, idleLooks: 0 })
      if (busy === 'unknown' || (busy !== 'nobody answers' && busy.has(connection.name)))
        care.calmUntilMs = this.#options.clock.monotonicMs() + this.#answerMs
      else if (busy === 'nobody answers' || (care.idleLooks += 1) >= looks) this.#cutOff(connection)
    }
  }

  #cutOff(connection: PostgresConnection): void {
    this.#cut.push(connection.name)
    connection.cut()
    this.#options.onError?.(new DatabaseError('connection', 'a connection to the database was cut in silence'))
  }

  async #findBusy(names: readonly string[]): Promise<ReadonlySet<string> | 'unknown' | 'nobody answers'> {
    let asking: PostgresConnection | undefined
    let cancel: CancelTimer | undefined
    try {
      asking = await PostgresConnection.open(this.#options, this.#answerMs)
      cancel = this.#options.clock.setTimer(this.#answerMs, () => asking?.cut())
      const found = await asking.query<{ name: string }>(findBusy, [names])
      await asking.end(this.#answerMs)
      return new Set(found.map(({ name }) => name))
    } catch (error) {
      return (error as { code?: unknown }).code === tooManyConnections ? 'unknown' : 'nobody answers'
    } finally {
      cancel?.()
      asking?.cut()
    }
  }
}
