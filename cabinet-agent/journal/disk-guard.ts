import { closeSync, existsSync, fsyncSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Space kept aside for bad days: a ballast file that is given up when the disk is full, so that a session under way
 * can still be journalled to its end. While it is gone, no new session starts.
 */
export interface DiskGuard {
  /** Bytes the file system would still give us; undefined when it does not say. */
  freeBytes(): number | undefined
  /** True when a session may start: ballast in place and space above the floor; with so many bytes used beside, also then. */
  hasRoom(besideBytes?: number): boolean
  /** Gives the ballast up; false when there was none. */
  releaseBallast(): boolean
  /** Takes the ballast back once there is room for it and the floor; returns whether it is in place. */
  restoreBallast(): boolean
}

export interface DiskGuardOptions {
  directory: string
  /** Size of the ballast, bytes. */
  ballastBytes: number
  /** Below this much free space no session starts, bytes. */
  minFreeBytes: number
}

export function createDiskGuard({ directory, ballastBytes, minFreeBytes }: DiskGuardOptions): DiskGuard {
  const file = join(directory, 'ballast.bin')
  let isInPlace = existsSync(file)

  const freeBytes = (): number | undefined => {
    try {
      const { bavail, bsize } = statfsSync(directory)
      return bavail * bsize
    } catch {
      return undefined
    }
  }
  const isAbove = (bytes: number) => {
    const free = freeBytes()
    return free === undefined || free >= bytes
  }

  return {
    freeBytes,
    hasRoom: (besideBytes = 0) => isInPlace && isAbove(minFreeBytes + besideBytes),
    releaseBallast() {
      if (!isInPlace) return false
      rmSync(file, { force: true })
      isInPlace = false
      return true
    },
    restoreBallast() {
      if (isInPlace) return true
      if (!isAbove(minFreeBytes + ballastBytes)) return false
      isInPlace = writeBallast(file, ballastBytes)
      return isInPlace
    },
  }
}

/** Written in full and synced: a sparse file would hold no space. */
function writeBallast(file: string, bytes: number): boolean {
  let handle: number | undefined
  try {
    handle = openSync(file, 'w', 0o600)
    const block = Buffer.alloc(65_536, 0xa5)
    for (let written = 0; written < bytes;) {
      written += writeSync(handle, block, 0, Math.min(block.length, bytes - written))
    }
    fsyncSync(handle)
    return true
  } catch {
    rmSync(file, { force: true })
    return false
  } finally {
    if (handle !== undefined) closeSync(handle)
  }
}
