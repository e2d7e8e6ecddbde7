// The hand on fault-shim.c: builds it, switches its faults on and off while processes run, and reads what it did.
import { spawnSync } from 'node:child_process'
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A bundled caller is told where the checkout is. */
const root = process.env['HUINONG_ROOT'] ?? fileURLToPath(new URL('../..', import.meta.url))

/** In the order of the shim. */
const kinds = ['writeIo', 'writeTorn', 'writeShort', 'writeFull', 'syncBefore', 'syncAfter', 'truncateIo'] as const
type Kind = (typeof kinds)[number]

const nextSyncWord = 4
const headWords = 5

/** For a process that torments itself: the next sync of its files fails. `control` is FAULTS_CONTROL. */
export function failNextSync(control: string): void {
  const file = openSync(control, 'r+')
  writeSync(file, Uint8Array.of(1, 0, 0, 0), 0, 4, 4 * nextSyncWord)
  closeSync(file)
}

export class FaultShim implements Disposable {
  /** For whoever is to suffer. */
  readonly environment: Readonly<Record<string, string>>
  readonly #file: number

  private constructor(library: string, control: string, under: string, seed: number) {
    this.#file = openSync(control, 'w+')
    writeSync(this.#file, Buffer.alloc(4 * (headWords + kinds.length)), 0, undefined, 0)
    this.#write(1, seed >>> 0)
    this.environment = { LD_PRELOAD: library, FAULTS_CONTROL: control, FAULTS_UNDER: under }
  }

  /** Undefined where there is no C compiler. The faults are off at first, and touch regular files below `under` only. */
  static build({ folder, under, seed }: { folder: string; under: string; seed: number }): FaultShim | undefined {
    const library = join(folder, 'fault-shim.so')
    const source = join(root, 'tests/torture/fault-shim.c')
    const built = spawnSync('cc', ['-shared', '-fPIC', '-O2', '-Wall', '-o', library, source, '-ldl'])
    if (built.error !== undefined) return undefined
    if (built.status !== 0) throw new Error(built.stderr.toString())
    return new FaultShim(library, join(folder, 'fault-control'), under, seed)
  }

  /** So many calls in a million fail from now on, in every process. */
  set perMillion(rate: number) {
    this.#write(0, rate)
  }

  /** Writes and syncs that might have failed. */
  get calls(): number {
    return this.#read(3)
  }

  get counts(): Readonly<Record<Kind, number>> {
    const entries = kinds.map((kind, index) => [kind, this.#read(headWords + index)] as const)
    return Object.fromEntries(entries) as Record<Kind, number>
  }

  get injected(): number {
    return Object.values(this.counts).reduce((sum, count) => sum + count, 0)
  }

  [Symbol.dispose](): void {
    closeSync(this.#file)
  }

  #write(word: number, value: number): void {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32LE(value)
    writeSync(this.#file, bytes, 0, 4, 4 * word)
  }

  #read(word: number): number {
    const bytes = Buffer.alloc(4)
    readSync(this.#file, bytes, 0, 4, 4 * word)
    return bytes.readUInt32LE()
  }
}
