// Where tests keep databases: in memory-backed storage where there is plenty, since nobody needs them after the run and many
// small files with their syncs are slow on a busy disk; else the system's temporary folder.
import { mkdtempSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const memoryFolder = '/dev/shm'
/** Less free than this (64 MB is common in containers) and the disk is the safer place. */
const neededBytes = 2 * 1024 ** 3

function scratchRoot(): string {
  try {
    const { bavail, bsize } = statfsSync(memoryFolder)
    if (bavail * bsize > neededBytes) return memoryFolder
  } catch {
    // There is none on this system.
  }
  return tmpdir()
}

/** Makes a new folder; whoever made it removes it. */
export function makeScratchFolder(prefix: string): string {
  return mkdtempSync(join(scratchRoot(), prefix))
}
