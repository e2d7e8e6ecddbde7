// Made by `npm run migrations`. Do not edit.
import type { Dialect } from '../kit.ts'
import { after010Postgres } from './postgres/after-0.1.0.ts'
import { initialPostgres } from './postgres/initial.ts'
import { after010Sqlite } from './sqlite/after-0.1.0.ts'
import { initialSqlite } from './sqlite/initial.ts'

/** One step from schema to schema; known to a database by its name and by the hash of its statements. */
export interface Migration {
  readonly name: string
  readonly statements: readonly string[]
}

export const migrations: Readonly<Record<Dialect, readonly Migration[]>> = {
  sqlite: [{ name: 'initial', statements: initialSqlite }, { name: 'after-0.1.0', statements: after010Sqlite }],
  postgres: [{ name: 'initial', statements: initialPostgres }, { name: 'after-0.1.0', statements: after010Postgres }],
}
