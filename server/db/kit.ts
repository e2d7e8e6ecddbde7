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
  /** Tables whose rows a trigger protects from UPDATE only: they are removed whole when their time is over (server/retention). */
  readonly unchangeable?: readonly string[]
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
const quote = (word: string) => `'${word.replaceAll("'", "''")}'`

/**
 * True when the column holds one of the words; for CHECKs. Each is compared in turn: for IN over three or more, SQLite would build a
 * table of the words at every single insert.
 */
export function isOneOf(column: unknown, words: readonly string[]): SQL {
  return sql`(${sql.join(
    words.map((word) => sql`${column} = ${sql.raw(quote(word))}`),
    sql` or `,
  )})`
}

/** What a kind of column allows in it, by the column's builder. */
type Rules = WeakMap<object, (column: unknown) => SQL>

/** Wraps a dialect's table function: names the columns and adds the CHECKs that column kinds bring along. */
function namedTable(make: AnyTableFn, makeCheck: (name: string, value: SQL) => unknown, rules: Rules) {
  return (name: string, columns: Record<string, NamedBuilder>, extra?: (table: never) => unknown[]) => {
    for (const [key, builder] of Object.entries(columns)) builder.setName(snakeCase(key))
    return make(name, columns, (table: never) => {
      const checks: unknown[] = []
      for (const [key, builder] of Object.entries(columns)) {
        const rule = rules.get(builder)
        if (rule !== undefined) checks.push(makeCheck(`${name}_${snakeCase(key)}_known`, rule(table[key])))
      }
      return [...checks, ...(extra?.(table) ?? [])]
    })
  }
}

function postgresKit(): Kit {
  const rules: Rules = new WeakMap()
  return {
    dialect: 'postgres',
    table: namedTable(pg.pgTable as unknown as AnyTableFn, pg.check, rules) as unknown as pg.PgTableFn,
    column: {
      ...pgColumns,
      choice: (words) => {
        const builder = pgColumns.choice(words)
        rules.set(builder, (name) => isOneOf(name, words))
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
  const rules: Rules = new WeakMap()
  const ruled = <T extends object>(builder: T, rule: (column: unknown) => SQL) => {
    rules.set(builder, rule)
    return builder
  }
  const column = {
    text: () => sqlite.text(),
    int: () => sqlite.integer({ mode: 'number' }),
    bool: () => ruled(sqlite.integer({ mode: 'boolean' }), (name) => sql`${name} in (0, 1)`),
    json: () => sqlite.text({ mode: 'json' }),
    bytes: () => sqlite.blob({ mode: 'buffer' }),
    choice: (words: readonly [string, ...string[]]) =>
      ruled(sqlite.text({ enum: words }), (name) => isOneOf(name, words)),
  }
  return {
    dialect: 'sqlite',
    table: namedTable(sqlite.sqliteTable as unknown as AnyTableFn, sqlite.check, rules),
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
