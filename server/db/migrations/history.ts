// Made by `npm run migrations`. Do not edit.
import type { Dialect } from '../kit.ts'
import { initialPostgres } from './postgres/initial.ts'
import { initialSqlite } from './sqlite/initial.ts'

/** One step from schema to schema; known to a database by its name and by the hash of its statements. */
export interface Migration {
  readonly name: string
  readonly statements: readonly string[]
}

export const migrations: Readonly<Record<Dialect, readonly Migration[]>> = {
  sqlite: [{ name: 'initial', statements: initialSqlite }],
  postgres: [{ name: 'initial', statements: initialPostgres }],
}
