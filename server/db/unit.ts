// Units of work. A use case is a generator over database statements; nothing else can be awaited inside it, because it can
// only yield steps. SQLite drives it synchronously and many units to one commit, PostgreSQL with await, again after a conflict.
//
//   export function* renameSite(ctx: UnitContext, input: { siteId: Id; name: string }): Unit<void> {
//     const { db, tables: t } = ctx
//     const site = yield* one(db.select().from(t.sites).where(eq(t.sites.id, input.siteId)))
//     if (site === undefined) throw new RefusalError('site.unknown')
//     yield* exec(db.update(t.sites).set({ name: input.name }).where(eq(t.sites.id, site.id)))
//     yield* insertRows(t.auditRows, [{ id: ctx.newId(), atMs: ctx.now(), what: 'site.renamed' }])
//   }
//   await database.run((ctx) => renameSite(ctx, { siteId, name }))
//
// Rules: a unit may be run more than once, so it keeps no state outside; it never sees a database error (it is dropped where
// it stands); a RefusalError thrown out of it undoes it and only it; to go on after a sub-unit's refusal use `attempt`.
// Statements of the hot path are made once with `statement(…)`; `insertRows` is always prepared.
import type { Placeholder, SQL } from 'drizzle-orm'
import type { NodePgQueryResultHKT } from 'drizzle-orm/node-postgres'
import type { PgDatabase, PgTable } from 'drizzle-orm/pg-core'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { RefusalError } from '../errors/refusal.ts'
import type { Dialect } from './kit.ts'
import type { Tables } from './tables.ts'

/** What builds statements. It has no transaction and no execute: only units run statements. */
export type QueryDatabase = Pick<
  PgDatabase<NodePgQueryResultHKT>,
  'select' | 'selectDistinct' | 'insert' | 'update' | 'delete' | 'with' | '$with'
>

/** What a unit is handed: one connection's statement builder, the tables of its dialect, time and new ids. */
export interface UnitContext {
  readonly dialect: Dialect
  readonly db: QueryDatabase
  readonly tables: Tables
  /** Wall-clock time, epoch ms. */
  now(): number
  newId(): Id
  /** Names the connection that writes; no other adds to what is kept under this name (audit/record-audit.ts). */
  readonly writerId: Id
}

/** A drizzle statement whose rows have the type TRow; it is awaited by nobody but the driver. */
export type Query<TRow> = PromiseLike<TRow[]> | BoundStatement<TRow>

export type Step =
  | { readonly kind: 'rows' | 'exec'; readonly query: Query<unknown> | PromiseLike<unknown> }
  | { readonly kind: 'sql' | 'sql-exec'; readonly sql: SQL }
  | {
      readonly kind: 'insert'
      readonly table: PgTable
      readonly rows: ReadonlyArray<Record<string, unknown>>
      readonly onConflict: 'fail' | 'ignore'
    }
  | { readonly kind: 'savepoint' | 'release' | 'rollback' }

/** A unit of work that returns T; written as a generator function, run by `database.run`. */
export type Unit<T> = Generator<Step, T, unknown>

/** All rows of a select or a `returning`. */
export function* rows<TRow>(query: Query<TRow>): Unit<TRow[]> {
  return (yield { kind: 'rows', query }) as TRow[]
}

/** The first row, or undefined when there is none. */
export function* one<TRow>(query: Query<TRow>): Unit<TRow | undefined> {
  return ((yield { kind: 'rows', query }) as TRow[])[0]
}

/** Runs an insert, update or delete; returns how many rows it touched. */
export function* exec(query: PromiseLike<unknown> | BoundStatement<unknown>): Unit<number> {
  return (yield { kind: 'exec', query }) as number
}

/**
 * Rows of hand-written SQL that both dialects understand, as objects by column alias. Whole numbers arrive as numbers from
 * columns; wrap sums in `cast(… as bigint)`.
 */
export function* sqlRows<TRow extends Record<string, unknown>>(sql: SQL): Unit<TRow[]> {
  return (yield { kind: 'sql', sql }) as TRow[]
}

/** Runs hand-written SQL that writes and both dialects understand; returns how many rows it touched. For sets, not for rows. */
export function* sqlExec(sql: SQL): Unit<number> {
  return (yield { kind: 'sql-exec', sql }) as number
}

/**
 * Inserts rows through statements prepared once per connection; the fast way to write. All rows give the same columns;
 * undefined is NULL. Returns how many were inserted, fewer than given only with `onConflict: 'ignore'`.
 */
export function* insertRows<TTable extends PgTable>(
  table: TTable,
  newRows: ReadonlyArray<TTable['$inferInsert']>,
  onConflict: 'fail' | 'ignore' = 'fail',
): Unit<number> {
  if (newRows.length === 0) return 0
  return (yield { kind: 'insert', table, rows: newRows, onConflict }) as number
}

/** What `attempt` returns: the sub-unit's value, or the refusal that undid it. */
export type Attempt<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: RefusalError }

/** Runs a sub-unit behind a savepoint: a refusal undoes only what the sub-unit wrote and comes back as a value. */
export function* attempt<T>(unit: Unit<T>): Unit<Attempt<T>> {
  yield { kind: 'savepoint' }
  let value: T
  try {
    value = yield* unit
  } catch (error) {
    if (!(error instanceof RefusalError)) throw error
    yield { kind: 'rollback' }
    return { ok: false, refusal: error }
  }
  yield { kind: 'release' }
  return { ok: true, value }
}

/** Runs a sub-unit and undoes all it wrote: what it returns is what it would have done. */
export function* rehearse<T>(unit: Unit<T>): Unit<T> {
  yield { kind: 'savepoint' }
  const value = yield* unit
  yield { kind: 'rollback' }
  return value
}

/** The named placeholders of a statement, one per parameter. */
export type Params<T> = { readonly [K in keyof T & string]: Placeholder<K, T[K]> }

/** A statement built once per connection and prepared there; `with` gives it values. */
export class Statement<TParams, TRow> {
  readonly build: (ctx: UnitContext, params: Params<TParams>) => PromiseLike<TRow[]> | PromiseLike<unknown>

  constructor(build: (ctx: UnitContext, params: Params<TParams>) => PromiseLike<TRow[]> | PromiseLike<unknown>) {
    this.build = build
  }

  with(values: TParams): BoundStatement<TRow> {
    return new BoundStatement<TRow>(this as Statement<unknown, unknown>, values as Record<string, unknown>)
  }
}

/** A prepared statement with its values. */
export class BoundStatement<TRow> {
  declare readonly row: TRow
  readonly statement: Statement<unknown, unknown>
  readonly values: Readonly<Record<string, unknown>>

  constructor(statement: Statement<unknown, unknown>, values: Readonly<Record<string, unknown>>) {
    this.statement = statement
    this.values = values
  }
}

/**
 * Defines a statement of the hot path at module level:
 * `const byId = statement((ctx, p: Params<{ id: string }>) => ctx.db.select()…where(eq(…id, p.id)))`,
 * used as `yield* one(byId.with({ id }))`.
 */
export function statement<TParams, TRow>(
  build: (ctx: UnitContext, params: Params<TParams>) => PromiseLike<TRow[]>,
): Statement<TParams, TRow> {
  return new Statement<TParams, TRow>(build)
}

/** Longest list of ids that a statement is prepared for. */
const longestList = 64

type ListStatement<TRow> = Statement<Readonly<Record<string, string>>, TRow>

/** A statement over as many ids as there are names. */
function statementOver<TRow>(
  names: readonly string[],
  build: (ctx: UnitContext, ids: Array<Placeholder | string>) => PromiseLike<TRow[]>,
): ListStatement<TRow> {
  return statement((ctx, p: Params<Readonly<Record<string, string>>>) => {
    const ids = names.flatMap((name) => p[name] ?? [])
    return build(ctx, ids)
  })
}

/**
 * The same over a list of ids, for `inArray`, which makes a text for every length: prepared for 1, 2, 4 … ids, of which the last
 * fills up the rest. At least one id; more than 64 are built anew.
 */
export function statementOfMany<TRow>(
  build: (ctx: UnitContext, ids: Array<Placeholder | string>) => PromiseLike<TRow[]>,
): { of(ctx: UnitContext, ids: readonly string[]): Query<TRow> } {
  const byLength = new Map<number, ListStatement<TRow>>()
  return {
    of(ctx, ids) {
      if (ids.length > longestList) return build(ctx, [...ids])
      const length = 2 ** Math.ceil(Math.log2(ids.length))
      const values: Record<string, string> = {}
      for (let place = 0; place < length; place += 1) values[`id${place}`] = ids[place] ?? ids.at(-1) ?? ''
      let known = byLength.get(length)
      if (known === undefined) {
        known = statementOver(Object.keys(values), build)
        byLength.set(length, known)
      }
      return known.with(values)
    },
  }
}

/** The same for an insert, update or delete without `returning`, used with `exec`. */
export function command<TParams>(
  build: (ctx: UnitContext, params: Params<TParams>) => PromiseLike<unknown>,
): Statement<TParams, never> {
  return new Statement<TParams, never>(build)
}
