import type { Dialect, Storage } from '#server/db/kit.ts'

interface Trigger {
  readonly name: string
  /** Absent for what no table owns. */
  readonly table?: string
  readonly create: readonly string[]
  readonly drop: readonly string[]
}

interface SnapshotTable {
  readonly columns: Record<string, unknown>
  readonly checkConstraints: Record<string, { value: string }>
}

export interface Snapshot {
  readonly schema: { readonly tables: Record<string, SnapshotTable> }
  readonly clustered: readonly string[]
  readonly triggers: readonly Trigger[]
}

export function snapshotOf(
  dialect: Dialect,
  tables: Readonly<Record<string, unknown>>,
  storages: readonly Storage[],
): Promise<Snapshot>

export function emptySnapshot(dialect: Dialect): Promise<Snapshot>

export function statementsBetween(dialect: Dialect, before: Snapshot, after: Snapshot): Promise<string[]>
