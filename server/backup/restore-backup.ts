// Puts a verified backup in the database's place. What was there is moved aside, never deleted: the log of a database that is damaged
// or lost may hold the last sales there were.
import BetterSqlite3 from 'better-sqlite3'
import { existsSync } from 'node:fs'
import { chmod, copyFile, mkdir, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { BackupError } from './backup-error.ts'
import { schemaHashOf } from './create-backup.ts'
import { hashFile, settleFile } from '../durable-file.ts'
import { verifyBackup, type VerifiedBackup, type VerifyOptions } from './verify-backup.ts'

interface RestoreOptions extends VerifyOptions {
  /** Whether a database that is in the way may be moved aside. */
  readonly mayReplace: boolean
}

export interface RestoredBackup extends VerifiedBackup {
  /** Where the earlier database is now, or its log where that was all there was; undefined when there was nothing. */
  readonly movedAsideTo: string | undefined
}

/** Throws BackupError, nothing changed, when the backup is not sound or the database is in the way or in use. */
export async function restoreBackup(path: string, target: string, options: RestoreOptions): Promise<RestoredBackup> {
  const isInTheWay = existsSync(target)
  if (isInTheWay && !options.mayReplace)
    throw new BackupError(`${target} exists; with --replace it is moved aside, and nothing of it is lost.`)
  const verified = await verifyBackup(path, options)
  await mkdir(dirname(target), { recursive: true })
  const partial = `${target}.partial`
  try {
    await copyFile(path, partial)
    await chmod(partial, 0o600)
    if ((await hashFile(partial)).sha256 !== verified.manifest.sha256)
      throw new BackupError(`${partial} was not copied whole.`)
    const movedAsideTo = await moveAside(target, options.clock.now())
    await settleFile(partial, target)
    return { ...verified, movedAsideTo }
  } finally {
    await rm(partial, { force: true })
  }
}

async function moveAside(target: string, nowMs: number): Promise<string | undefined> {
  const aside = `${target}.before-restore-${new Date(nowMs).toISOString().replaceAll(/[:.]/g, '-')}`
  const hadLog = existsSync(`${target}-wal`)
  // Before anything opens it: of a database that is none any more SQLite takes the log away.
  if (hadLog) await copyFile(`${target}-wal`, `${aside}-wal`)
  let isFolded = false
  try {
    isFolded = existsSync(target) && foldLog(target)
  } catch (error) {
    await rm(`${aside}-wal`, { force: true })
    throw error
  }
  const isMoved = existsSync(target)
  if (isMoved) await rename(target, aside)
  if (isFolded) await rm(`${aside}-wal`, { force: true })
  // One that stayed would be taken for the restored database's.
  for (const log of [`${target}-wal`, `${target}-shm`]) await rm(log, { force: true })
  return isMoved ? aside : hadLog ? `${aside}-wal` : undefined
}

/**
 * Leaving WAL needs the database for oneself: it tells whether a server has it open, and brings the log into the file. Returns whether
 * what came of it is a database of this program; one that is none is moved aside as it is, since that is why it is being restored.
 */
function foldLog(target: string): boolean {
  let client: BetterSqlite3.Database | undefined
  try {
    client = new BetterSqlite3(target, { fileMustExist: true, timeout: 0 })
    client.pragma('journal_mode = DELETE')
    schemaHashOf(client, target)
    return true
  } catch (error) {
    const { code } = error as { code?: string }
    if (code?.startsWith('SQLITE_BUSY') === true)
      throw new BackupError(`${target} is in use; stop the server first.`, { cause: error })
    if (error instanceof BackupError || code === 'SQLITE_NOTADB' || code?.startsWith('SQLITE_CORRUPT') === true)
      return false
    throw error
  } finally {
    client?.close()
  }
}
