// Small files that a power cut leaves as they were or as they are to be, never in between.
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** Puts a file in its place for good: written beside it, forced to the disk, renamed into it. */
export function replaceFile(path: string, content: string | Uint8Array, mode = 0o644): void {
  // Another mode than a leftover's is wanted: what is there already keeps the mode it has.
  rmSync(`${path}.new`, { force: true })
  try {
    writeFileSync(`${path}.new`, content, { mode, flush: true })
    renameSync(`${path}.new`, path)
  } catch (error) {
    // On a full disk the part that was written would fill what is left of it.
    rmSync(`${path}.new`, { force: true })
    throw error
  }
  syncFolder(dirname(path))
}

/** What was renamed in a folder is only there for good when the folder itself is on the disk. */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
