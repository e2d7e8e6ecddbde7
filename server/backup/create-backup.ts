// A copy of the SQLite database as it stands at one instant, taken while a server goes on selling. One read transaction is
// held for the whole copy: without it each commit of the server would make SQLite begin the copy again, and a busy server
// would never let it end.
import BetterSqlite3 from 'better-sqlite3'
import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import type { Clock } from '#shared/time/clock.ts'
import { BackupError } from './backup-error.ts'
import { hashFile, settleFile } from '../durable-file.ts'
import { manifestPathOf, type BackupManifest } from './manifest.ts'

/** Pages copied between two turns of the event loop: 4 MB. */
const pagesPerStep = 1_024

interface BackupOptions {
  readonly clock: Clock
  readonly onProgress?: (donePages: number, totalPages: number) => void
}

/** Writes `target` and its manifest; never over an existing file. */
export async function createBackup(source: string, target: string, options: BackupOptions): Promise<BackupManifest> {
  if (!existsSync(source)) throw new BackupError(`There is no database ${source}.`)
  for (const path of [target, manifestPathOf(target)])
    if (existsSync(path)) throw new BackupError(`${path} exists already; a backup never replaces another.`)
  const partial = `${target}.partial`
  await rm(partial, { force: true })
  // Names and sealed numbers are for the server's user alone, in the copy too.
  await writeFile(partial, '', { mode: 0o600 })
  try {
    const { takenAtMs, schemaHash } = await copySnapshot(source, partial, options)
    makeSelfContained(partial)
    const manifest: BackupManifest = { format: 'huinong-backup-1', takenAtMs, schemaHash, ...(await hashFile(partial)) }
    // The manifest last: a backup without one is an unfinished backup.
    await settleFile(partial, target)
    await writeFile(`${manifestPathOf(target)}.partial`, `${JSON.stringify(manifest, undefined, 2)}\n`)
    await settleFile(`${manifestPathOf(target)}.partial`, manifestPathOf(target))
    return manifest
  } finally {
    await rm(partial, { force: true })
  }
}

async function copySnapshot(source: string, partial: string, { clock, onProgress }: BackupOptions) {
  const client = new BetterSqlite3(source, { readonly: true, fileMustExist: true, timeout: 5_000 })
  try {
    client.exec('BEGIN')
    const schemaHash = schemaHashOf(client, source)
    const takenAtMs = clock.now()
    await client.backup(partial, {
      progress({ totalPages, remainingPages }) {
        onProgress?.(totalPages - remainingPages, totalPages)
        return pagesPerStep
      },
    })
    return { takenAtMs, schemaHash }
  } finally {
    client.close()
  }
}

/** The hashes that the migrations left; throws BackupError when the file is no database of this program. */
export function schemaHashOf(client: BetterSqlite3.Database, path: string): string {
  try {
    const hashes = client.prepare<[], string>('SELECT hash FROM schema_migration ORDER BY name').pluck().all()
    if (hashes.length > 0) return hashes.join('+')
  } catch {
    // No such table, or no database at all: the same sentence serves.
  }
  throw new BackupError(`${path} is not a database of this program.`)
}

/** One file without a log beside it, so that copying that one file copies everything. */
function makeSelfContained(path: string): void {
  const client = new BetterSqlite3(path, { fileMustExist: true })
  client.pragma('journal_mode = DELETE')
  client.close()
}
