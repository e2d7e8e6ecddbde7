// Proof that a backup is worth restoring: the bytes are those that were written, SQLite finds its pages and references whole,
// and the books balance.
import BetterSqlite3 from 'better-sqlite3'
import { existsSync } from 'node:fs'
import { constants, copyFile, mkdtemp, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Random } from '#shared/ids/random.ts'
import type { Clock } from '#shared/time/clock.ts'
import { openDatabase } from '../db/open-database.ts'
import { runProofs } from '../ledger/check-books.ts'
import { BackupError } from './backup-error.ts'
import { schemaHashOf } from './create-backup.ts'
import { hashFile } from '../durable-file.ts'
import { readManifest, type BackupManifest } from './manifest.ts'

export interface VerifyOptions {
  readonly clock: Clock
  readonly random: Random
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void
}

export interface VerifiedBackup {
  readonly manifest: BackupManifest
  /** Transfers whose proofs hold. */
  readonly checkedTransfers: number
}

/** Throws BackupError with the first thing that is wrong. The backup itself is only read. */
export async function verifyBackup(path: string, options: VerifyOptions): Promise<VerifiedBackup> {
  if (!existsSync(path)) throw new BackupError(`There is no backup ${path}.`)
  const manifest = await readManifest(path)
  const found = await hashFile(path, (bytes) => options.onProgress?.(bytes, manifest.bytes))
  if (found.bytes !== manifest.bytes)
    throw new BackupError(`${path} has ${found.bytes} bytes, but was written with ${manifest.bytes}.`)
  if (found.sha256 !== manifest.sha256) throw new BackupError(`${path} is not what was written: its SHA-256 differs.`)
  proveStructure(path, manifest)
  return { manifest, checkedTransfers: await proveBooks(path, options) }
}

function proveStructure(path: string, manifest: BackupManifest): void {
  const client = new BetterSqlite3(path, { readonly: true, fileMustExist: true })
  try {
    if (schemaHashOf(client, path) !== manifest.schemaHash)
      throw new BackupError(`${path} and its manifest speak of different schemas.`)
    const faults = client.pragma('integrity_check(1)', { simple: true })
    if (faults !== 'ok') throw new BackupError(`${path} is damaged: ${String(faults)}`)
    const [orphan] = client.pragma('foreign_key_check') as Array<{ table: string; rowid: number; parent: string }>
    if (orphan !== undefined)
      throw new BackupError(`${path} is damaged: a row of ${orphan.table} refers to no ${orphan.parent}.`)
  } finally {
    client.close()
  }
}

/** On a copy: opening a database of the server's writes beside it. */
async function proveBooks(path: string, { clock, random }: VerifyOptions): Promise<number> {
  const folder = await mkdtemp(join(dirname(path), '.verify-'))
  try {
    const copy = join(folder, 'books.db')
    await copyFile(path, copy, constants.COPYFILE_FICLONE)
    await using database = await openDatabase({ url: `sqlite:${copy}`, clock, random })
    const proofs = await runProofs(database, undefined)
    const [problem] = proofs.flatMap((proof) => proof.problems)
    if (problem !== undefined) throw new BackupError(`The books in ${path} do not balance: ${problem}`)
    return proofs[0]?.checked ?? 0
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
