// Turns drizzle statements into text plus a binding plan, once per connection, so that the hot path neither rebuilds SQL nor
// searches placeholders. A null value is bound as NULL before any encoder sees it: drizzle's own way would store JSON null.
import { Column, getTableColumns, getTableName, is, Param, Placeholder, sql, type SQL } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import type { Params, UnitContext } from './unit.ts'

type Encode = (value: unknown) => unknown
interface Slot {
  readonly name: string
  readonly encode: Encode | undefined
  readonly fixed: unknown
}

const slotOf = (param: unknown): Slot => {
  if (is(param, Placeholder)) return { name: param.name, encode: undefined, fixed: undefined }
  if (!is(param, Param)) return { name: '', encode: undefined, fixed: param }
  const { encoder, value } = param
  if (is(value, Placeholder))
    return { name: value.name, encode: (raw) => encoder.mapToDriverValue(raw), fixed: undefined }
  return { name: '', encode: undefined, fixed: encoder.mapToDriverValue(value) }
}

/** A statement's text and how its parameters come from named values. */
export interface Plan {
  readonly text: string
  bind(values: Readonly<Record<string, unknown>>): unknown[]
}

interface HasSql {
  toSQL(): { sql: string; params: unknown[] }
}

export function planStatement(query: HasSql): Plan {
  const { sql: text, params } = query.toSQL()
  const slots = params.map(slotOf)
  return {
    text,
    bind: (values) =>
      slots.map((slot) => {
        if (slot.name === '') return slot.fixed
        const value = values[slot.name]
        if (value === null || value === undefined) return null
        return slot.encode === undefined ? value : slot.encode(value)
      }),
  }
}

interface Decoder {
  mapFromDriverValue(raw: unknown): unknown
}
type Field = Column | SQL | { readonly sql: SQL }

/** What drizzle keeps of a prepared select beside the statement itself. */
interface PreparedSelect {
  /** A path of two names is of a select that gives rows of several tables as objects in one. */
  readonly fields: ReadonlyArray<{ readonly path: readonly string[]; readonly field: Field }>
  /** By table: false where a join may find nothing. */
  readonly joinsNotNullableMap: Readonly<Record<string, boolean>> | undefined
}

/** How rows of a select come from values in the order of its columns. */
export interface SelectPlan extends Plan {
  toRow(values: readonly unknown[]): unknown
}

function decoderOf(field: Field): Decoder {
  if (is(field, Column)) return field
  // Of drizzle's own, and not in its types.
  const { decoder } = ('sql' in field ? field.sql : field) as unknown as { decoder: Decoder }
  return decoder
}

/** The objects of a row whose table may be absent, by place of the column whose null says that it is. */
function findAbsentable({ fields, joinsNotNullableMap }: PreparedSelect): ReadonlyArray<readonly [string, number]> {
  const tables = new Map<string, { place: number; names: Set<string> }>()
  for (const [place, { path, field }] of fields.entries()) {
    const [outer = ''] = path
    if (path.length !== 2 || !is(field, Column)) continue
    const known = tables.get(outer) ?? { place, names: new Set() }
    known.names.add(getTableName(field.table))
    tables.set(outer, known)
  }
  return [...tables].flatMap(
    ([
      outer,
      {
        place,
        names: [name = '', other],
      },
    ]) =>
      joinsNotNullableMap === undefined || other !== undefined || joinsNotNullableMap[name] === true
        ? []
        : [[outer, place]],
  )
}

/** drizzle asks of every column of every row what it is; asked once, a row costs its columns and no more. */
export function planSelect(query: HasSql & { prepare(): unknown }): SelectPlan {
  const prepared = query.prepare() as PreparedSelect
  const columns = prepared.fields.map(({ path, field }) => ({ path, decoder: decoderOf(field) }))
  const absentable = findAbsentable(prepared)
  return {
    ...planStatement(query),
    toRow(values) {
      const row: Record<string, unknown> = {}
      for (let place = 0; place < columns.length; place += 1) {
        const { path, decoder } = columns[place] as (typeof columns)[number]
        const raw = values[place]
        const value = raw === null ? null : decoder.mapFromDriverValue(raw)
        const [outer = '', inner] = path
        if (inner === undefined) row[outer] = value
        else ((row[outer] ??= {}) as Record<string, unknown>)[inner] = value
      }
      for (const [outer, place] of absentable) if (values[place] === null) row[outer] = null
      return row
    },
  }
}

/** Stands for a statement's parameters while it is built: every property is a placeholder of that name. */
export const placeholders = new Proxy(
  {},
  { get: (_, name) => (typeof name === 'string' ? sql.placeholder(name) : undefined) },
) as Params<unknown>

/** The text of one insert of `count` rows, and how rows become its parameters. */
export interface InsertPlan {
  readonly text: string
  bind(rows: ReadonlyArray<Record<string, unknown>>, from: number): unknown[]
}

export type InsertRows = ReadonlyArray<Record<string, unknown>>

/** Most rows in one insert statement; more are written in several. */
export const maxInsertRows = 16

function planInsert(ctx: UnitContext, table: PgTable, keys: readonly string[], count: number, isIgnoring: boolean) {
  const columns = getTableColumns(table)
  const template = Array.from({ length: count }, (_, row) =>
    Object.fromEntries(keys.map((key) => [key, sql.placeholder(`${row}:${key}`)])),
  )
  const insert = ctx.db.insert(table).values(template)
  const { sql: text, params } = (isIgnoring ? insert.onConflictDoNothing() : insert).toSQL()
  const slots = params.map((param) => {
    const { name, fixed, encode } = slotOf(param)
    const [row = '', key = ''] = name.split(':')
    const isPlain = ['string', 'number'].includes(columns[key]?.dataType ?? '')
    return { row: Number(row), key, fixed, encode: isPlain ? undefined : encode }
  })
  return {
    text,
    bind(rows: InsertRows, from: number) {
      const values: unknown[] = []
      for (const slot of slots) {
        if (slot.key === '') {
          values.push(slot.fixed)
          continue
        }
        const value = rows[from + slot.row]?.[slot.key]
        if (value === null || value === undefined) values.push(null)
        else values.push(slot.encode === undefined ? value : slot.encode(value))
      }
      return values
    },
  }
}

interface KnownInsert<TPrepared> {
  readonly keys: readonly string[]
  readonly count: number
  readonly isIgnoring: boolean
  readonly plan: InsertPlan
  readonly prepared: TPrepared
}

/** Compares without making a text or a list of the keys: this runs for every insert of the hot path. */
function hasKeys(row: Record<string, unknown>, keys: readonly string[]): boolean {
  let place = 0
  for (const key in row) {
    if (keys[place] !== key) return false
    place += 1
  }
  return place === keys.length
}

/** Insert plans of one connection, by table, columns, row count and conflict rule. */
export class InsertPlans<TPrepared> {
  readonly #byTable = new WeakMap<PgTable, Array<KnownInsert<TPrepared>>>()
  readonly #ctx: UnitContext
  readonly #prepare: (text: string) => TPrepared

  constructor(ctx: UnitContext, prepare: (text: string) => TPrepared) {
    this.#ctx = ctx
    this.#prepare = prepare
  }

  get(table: PgTable, rows: InsertRows, count: number, isIgnoring: boolean): KnownInsert<TPrepared> {
    let known = this.#byTable.get(table)
    if (known === undefined) {
      known = []
      this.#byTable.set(table, known)
    }
    const row = rows[0] ?? {}
    for (const insert of known)
      if (insert.count === count && insert.isIgnoring === isIgnoring && hasKeys(row, insert.keys)) return insert
    const keys = Object.keys(row)
    const plan = planInsert(this.#ctx, table, keys, count, isIgnoring)
    const insert = { keys, count, isIgnoring, plan, prepared: this.#prepare(plan.text) }
    known.push(insert)
    return insert
  }
}
