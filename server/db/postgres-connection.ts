// One connection to PostgreSQL: drives units with await and remembers what it prepared.
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

export class PostgresConnection {
  readonly client: pg.PoolClient
  /** Statements so far that may have written. */
  writes = 0
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
        this.writes += 1
        return (await this.#plain.execute(step.sql)).rows
      case 'sql-exec':
        this.writes += 1
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
      this.writes += 1
      const done = await this.client.query({ ...prepared, values: plan.bind(rows, from) })
      changes += done.rowCount ?? 0
    }
    return changes
  }

  async #rows(query: Query<unknown>): Promise<unknown[]> {
    if (!(query instanceof BoundStatement)) {
      // An insert, update or delete that returns rows is a write as well.
      if (!(query instanceof PgSelectBase)) this.writes += 1
      return (await query) as unknown[]
    }
    let select = this.#selects.get(query.statement)
    if (select === undefined) {
      const built = query.statement.build(this.ctx, placeholders) as unknown as AsyncQuery
      select = built.prepare(this.#named('').name)
      this.#selects.set(query.statement, select)
    }
    return select.execute(query.values)
  }

  async #exec(query: PromiseLike<unknown> | BoundStatement<unknown>): Promise<number> {
    this.writes += 1
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
