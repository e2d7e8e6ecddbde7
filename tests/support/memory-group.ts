// Processes whose memory is limited together while they run, by a control group of the kernel (either edition): who wants more
// than there is left is ended by the kernel on the spot.
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface MemoryGroup extends Disposable {
  /** Before a command line: runs it in the group. */
  readonly prefix: readonly string[]
  /** Processes of the group that the kernel has ended so far. */
  readonly ended: number
  /** Leaves what is in use now, without what the kernel can drop, and so many bytes more. */
  squeeze(spareBytes: number): void
  release(): void
}

interface Edition {
  readonly root: string
  readonly limit: string
  readonly usage: string
  readonly noLimit: string
  /** Holds a line `oom_kill N`. */
  readonly events: string
  /** Written to, it drops what can be dropped. */
  readonly reclaim?: string
}

const editions: readonly Edition[] = [
  {
    root: '/sys/fs/cgroup',
    limit: 'memory.max',
    usage: 'memory.current',
    noLimit: 'max',
    events: 'memory.events',
  },
  {
    root: '/sys/fs/cgroup/memory',
    limit: 'memory.limit_in_bytes',
    usage: 'memory.usage_in_bytes',
    noLimit: '-1',
    events: 'memory.oom_control',
    reclaim: 'memory.force_empty',
  },
]
/** A limit below what is in use and cannot be dropped may be refused: it is raised step by step until it holds. */
const stepBytes = 262_144
const mostSteps = 400

/** Undefined where no group can be made. */
export function makeMemoryGroup(name: string): MemoryGroup | undefined {
  for (const edition of editions) {
    const folder = join(edition.root, name)
    try {
      mkdirSync(folder)
    } catch {
      continue
    }
    if (existsSync(join(folder, edition.limit))) return openGroup(folder, edition)
    rmdirSync(folder)
  }
  return undefined
}

/** Whether this machine lets us. */
export function canLimitMemory(): boolean {
  using probe = makeMemoryGroup(`huinong-${process.pid}-probe`)
  return probe !== undefined
}

function openGroup(folder: string, edition: Edition): MemoryGroup {
  const file = (name: string) => join(folder, name)
  const read = (name: string) => readFileSync(file(name), 'utf8')
  const tryWrite = (name: string, value: string): boolean => {
    try {
      writeFileSync(file(name), value)
      return true
    } catch {
      return false
    }
  }
  return {
    prefix: ['sh', '-c', 'echo $$ > "$0" && exec "$@"', file('cgroup.procs')],
    get ended() {
      return Number(/^oom_kill (\d+)$/m.exec(read(edition.events))?.[1] ?? 0)
    },
    squeeze(spareBytes) {
      if (edition.reclaim !== undefined) tryWrite(edition.reclaim, '0')
      const used = Number(read(edition.usage))
      for (let step = 0; step < mostSteps; step += 1)
        if (tryWrite(edition.limit, String(used + spareBytes + step * stepBytes))) return
      throw new Error(`no limit holds for ${folder}, which uses ${used} bytes`)
    },
    release() {
      writeFileSync(file(edition.limit), edition.noLimit)
    },
    [Symbol.dispose]() {
      try {
        rmdirSync(folder)
      } catch {
        // Somebody who was ended a moment ago still stands in it: an empty group costs nothing.
      }
    },
  }
}
