// One schema definition for both dialects: a noun's schema.ts is a function over this kit. The kit's types are the
// PostgreSQL builders'; on SQLite their counterparts stand in at run time, which offer the same methods for all that is
// used here. Column names become snake_case; `choice` and `bool` columns bring their own CHECK.
import type { SQL } from 'drizzle-orm'
import { sql } from 'drizzle-orm'
import * as pg from 'drizzle-orm/pg-core'
import * as sqlite from 'drizzle-orm/sqlite-core'

export type Dialect = 'sqlite' | 'postgres'

const pgBytes = pg.customType<{ data: Buffer; driverData: Buffer }>({ dataType: () => 'bytea' })

const pgColumns = {
  /** Text, compared byte by byte in both dialects (COLLATE "C" on PostgreSQL). Ids are text. */
  text: () => pg.text(),
  /** A whole number up to 2^53: amounts (fen), instants (ms), masses (mg), counts. */
  int: () => pg.bigint({ mode: 'number' }),
  bool: () => pg.boolean(),
  /** A JSON value; jsonb on PostgreSQL, so the order of keys is not kept. */
  json: <T>() => pg.jsonb().$type<T>(),
  bytes: () => pgBytes(),
  /** One word of a closed list, with its CHECK. */
  choice: <U extends string, T extends Readonly<[U, ...U[]]>>(words: T) => pg.text({ enum: words }),
}

export interface Kit {
  readonly dialect: Dialect
  readonly table: pg.PgTableFn
  readonly column: typeof pgColumns
  readonly index: typeof pg.index
  readonly uniqueIndex: typeof pg.uniqueIndex
  readonly unique: typeof pg.unique
  readonly primaryKey: typeof pg.primaryKey
  readonly foreignKey: typeof pg.foreignKey
  readonly check: typeof pg.check
}

/** How rows of a noun's tables are kept, beyond what the builders can say. Names are SQL names. */
export interface Storage {
  /** Tables whose rows a trigger protects from UPDATE and DELETE. */
  readonly appendOnly?: readonly string[]
  /** Tables kept in the order of their primary key (WITHOUT ROWID on SQLite; PostgreSQL has no such thing). */
  readonly clustered?: readonly string[]
  /** What a CHECK cannot say because it looks at other rows; kept by triggers. */
  readonly guards?: readonly Guard[]
}

/** A rule over more than one row: the database refuses a row for which `when` holds. */
export interface Guard {
  readonly name: string
  readonly table: string
  /** Before which statement; of an update only those that set the column. */
  readonly before: 'insert' | `update of ${string}`
  /** SQL that both dialects understand, over `new.` and `old.`; true: refused. */
  readonly when: string
  readonly message: string
}

interface NamedBuilder {
  setName(name: string): void
}
type AnyTableFn = (name: string, columns: Record<string, NamedBuilder>, extra?: (table: never) => unknown[]) => unknown

const snakeCase = (key: string) => key.replace(/[A-Z0-9]+/g, (part) => `_${part.toLowerCase()}`)
const quoted = (words: readonly string[]) => sql.raw(words.map((word) => `'${word.replaceAll("'", "''")}'`).join(', '))

/** Wraps a dialect's table function: names the columns and adds the CHECKs that column kinds bring along. */
function namedTable(make: AnyTableFn, makeCheck: (name: string, value: SQL) => unknown, lists: WeakMap<object, SQL>) {
  return (name: string, columns: Record<string, NamedBuilder>, extra?: (table: never) => unknown[]) => {
    for (const [key, builder] of Object.entries(columns)) builder.setName(snakeCase(key))
    return make(name, columns, (table: never) => {
      const checks: unknown[] = []
      for (const [key, builder] of Object.entries(columns)) {
        const list = lists.get(builder)
        if (list === undefined) continue
        checks.push(makeCheck(`${name}_${snakeCase(key)}_known`, sql`${table[key]} in (${list})`))
      }
      return [...checks, ...(extra?.(table) ?? [])]
    })
  }
}

function postgresKit(): Kit {
  const lists = new WeakMap<object, SQL>()
  return {
    dialect: 'postgres',
    table: namedTable(pg.pgTable as unknown as AnyTableFn, pg.check, lists) as unknown as pg.PgTableFn,
    column: {
      ...pgColumns,
      choice: (words) => {
        const builder = pgColumns.choice(words)
        lists.set(builder, quoted(words))
        return builder
      },
    },
    index: pg.index,
    uniqueIndex: pg.uniqueIndex,
    unique: pg.unique,
    primaryKey: pg.primaryKey,
    foreignKey: pg.foreignKey,
    check: pg.check,
  }
}

function sqliteKit(): Kit {
  const lists = new WeakMap<object, SQL>()
  const listed = <T extends object>(builder: T, list: SQL) => {
    lists.set(builder, list)
    return builder
  }
  const column = {
    text: () => sqlite.text(),
    int: () => sqlite.integer({ mode: 'number' }),
    bool: () => listed(sqlite.integer({ mode: 'boolean' }), sql.raw('0, 1')),
    json: () => sqlite.text({ mode: 'json' }),
    bytes: () => sqlite.blob({ mode: 'buffer' }),
    choice: (words: readonly [string, ...string[]]) => listed(sqlite.text({ enum: words }), quoted(words)),
  }
  return {
    dialect: 'sqlite',
    table: namedTable(sqlite.sqliteTable as unknown as AnyTableFn, sqlite.check, lists),
    column,
    index: sqlite.index,
    uniqueIndex: sqlite.uniqueIndex,
    unique: sqlite.unique,
    primaryKey: sqlite.primaryKey,
    foreignKey: sqlite.foreignKey,
    check: sqlite.check,
  } as unknown as Kit
}

export function makeKit(dialect: Dialect): Kit {
  return dialect === 'sqlite' ? sqliteKit() : postgresKit()
}
