// The administrator who changes the key that signs commands while everything dies around it: the product's own batch jobs, as
// processes that are killed as well, and run again as an operator would.
import { copyFileSync, existsSync, renameSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { nextKeyFileOf } from '#server/command-keys/key-files.ts'
import { nextUnit, seededRandom, type Random } from '#shared/ids/random.ts'
import { delay } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { chance } from '#tests/simulation/fleet/world.ts'
import { bundleEntry } from '../../.tools/bundle.mjs'
import { presentKeyName, type Town } from './town.ts'

/** Each makes up to three lists, and a cabinet that misses more than sixteen in a row is lost. */
const mostStolen = 2
const pauseMs = 1_500
/** A job is killed within so many ms; it takes about half of that by itself. */
const killWithinMs = 2_000

/** What a job says while cabinets do not follow. */
const isBehind = /do not obey the new key yet/
/** PostgreSQL dies as well, and a SQLite file has one writer. */
const noDatabase = /database|connection/i
/** A refusal is a sentence; a stack is nothing for an operator. */
const stack = /\n {4}at /

type Outcome = 'done' | 'wrongStep' | 'behind' | 'killed' | 'noDatabase'

export class KeyHolder {
  readonly counts = { keysPrepared: 0, keysRotated: 0, keysEnded: 0, keysStolen: 0, keyJobsKilled: 0 }
  readonly #town: Town
  readonly #random: Random
  readonly #batchFile: string

  private constructor(town: Town, seed: number, batchFile: string) {
    this.#town = town
    this.#random = seededRandom(seed)
    this.#batchFile = batchFile
  }

  static async open(town: Town, seed: number): Promise<KeyHolder> {
    return new KeyHolder(town, seed, await bundleEntry('server/batch/main.ts', { isWhole: true }))
  }

  /** Changes keys until it is over; ends between two steps. */
  async work(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      await delay(systemClock, pauseMs * (0.5 + nextUnit(this.#random)))
      if (this.counts.keysStolen < mostStolen && chance(this.#random, 0.05)) {
        await this.#finish(['command-key-rotate', '--stolen', '--why', 'stolen'], 'keysStolen')
        this.#promoteElsewhere()
      } else await this.#round(isOver)
    }
  }

  /** Prepares, rotates and ends, as far as the cabinets follow. */
  async #round(isOver: () => boolean): Promise<void> {
    await this.#finish(['command-key-prepare'], 'keysPrepared')
    const [own = '', ...others] = this.#keyFiles()
    for (const file of others) copyFileSync(nextKeyFileOf(own), nextKeyFileOf(file))
    if (!(await this.#finishOnceFollowed(['command-key-rotate'], 'keysRotated', isOver))) return
    this.#promoteElsewhere()
    await this.#finishOnceFollowed(['command-key-end'], 'keysEnded', isOver)
  }

  async #finishOnceFollowed(
    job: readonly string[],
    counted: keyof KeyHolder['counts'],
    isOver: () => boolean,
  ): Promise<boolean> {
    while (!isOver()) {
      const outcome = await this.#finish(job, counted)
      if (outcome !== 'behind') return true
      await delay(systemClock, pauseMs)
    }
    return false
  }

  /** Runs a job until it comes to an end of its own. */
  async #finish(job: readonly string[], counted: keyof KeyHolder['counts']): Promise<Outcome> {
    for (;;) {
      const outcome = await this.#run(job)
      if (outcome === 'done') this.counts[counted] += 1
      if (outcome === 'killed') this.counts.keyJobsKilled += 1
      if (outcome !== 'killed' && outcome !== 'noDatabase') return outcome
      await delay(systemClock, 100)
    }
  }

  async #run(job: readonly string[]): Promise<Outcome> {
    const child = spawn(process.execPath, [this.#batchFile, ...job, '--as', 'admin'], {
      env: { ...process.env, ...this.#town.server.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let printed = ''
    const keep = (chunk: Buffer) => void (printed += chunk.toString())
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    const closed = once(child, 'close')
    const isStruck = chance(this.#random, 0.4)
    const callOff = isStruck
      ? systemClock.setTimer(killWithinMs * nextUnit(this.#random), () => child.kill('SIGKILL'))
      : () => {}
    await closed
    callOff()
    if (child.signalCode === 'SIGKILL') return 'killed'
    if (child.exitCode === 0) return 'done'
    if (stack.test(printed)) this.#town.fail(`batch ${job.join(' ')} ended with ${child.exitCode}: ${printed}`)
    if (isBehind.test(printed)) return 'behind'
    return noDatabase.test(printed) ? 'noDatabase' : 'wrongStep'
  }

  /** Of each server, the first one's first. */
  #keyFiles(): readonly string[] {
    return this.#town.serverFolders.map((folder) => join(folder, presentKeyName))
  }

  /** The job has done the same for the first. */
  #promoteElsewhere(): void {
    for (const file of this.#keyFiles().slice(1))
      if (existsSync(nextKeyFileOf(file))) renameSync(nextKeyFileOf(file), file)
  }
}
