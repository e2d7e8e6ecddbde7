// A real file system of a chosen size that can be filled to the last byte and emptied again: a disk that is full is full for
// every process on it.
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeScratchFolder } from './scratch-folder.ts'

export interface SmallDisk extends Disposable {
  readonly folder: string
  /** Leaves no room for another byte. */
  fill(): void
  /** Takes away what `fill` wrote. */
  empty(): void
}

/** Mounts one at the folder, or at a new one; undefined where none may be mounted. */
export function mountSmallDisk(bytes: number, at?: string): SmallDisk | undefined {
  const folder = at ?? makeScratchFolder('huinong-small-')
  mkdirSync(folder, { recursive: true })
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder])
  if (mounted.status !== 0) {
    rmSync(folder, { recursive: true, force: true })
    return undefined
  }
  const fillers: string[] = []
  let serial = 0
  return {
    folder,
    fill() {
      for (let block = 65_536; block >= 1; serial += 1) {
        const file = join(folder, `filler-${serial}`)
        fillers.push(file)
        try {
          writeFileSync(file, Buffer.alloc(block))
        } catch {
          block = Math.floor(block / 16)
        }
      }
    },
    empty() {
      for (const file of fillers.splice(0)) rmSync(file, { force: true })
    },
    [Symbol.dispose]() {
      spawnSync('umount', ['-l', folder])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Whether this machine lets us. */
export function canMountSmallDisk(): boolean {
  using probe = mountSmallDisk(1_048_576)
  return probe !== undefined
}
