// A process with somebody who starts it again: killed at any instant, or ended by itself, it is back a moment later on the same
// data, as systemd would have it.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { delay } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'

export interface SupervisedOptions {
  readonly command: readonly [string, ...string[]]
  readonly environment?: Readonly<Record<string, string>>
  readonly directory?: string
  /** Whom it runs as; default: ourselves. */
  readonly account?: { readonly uid: number; readonly gid: number }
  /** Exit codes that ask for a new start and say nothing of trouble. */
  readonly restartCodes?: readonly number[]
  /** Words that are counted in what it prints. */
  readonly watched?: readonly string[]
}

/** Between an end and the next start, ms. */
const restartMs = 100
/** A process that ends by itself is started at most so often. */
const troubledRestartMs = 1_000
/** Longest time for a clean end, ms. */
const goodbyeMs = 30_000
const keptOutput = 60_000

/** Whoever is left when this process ends goes with it. */
const living = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL')
})

export class Supervised implements AsyncDisposable {
  readonly #options: SupervisedOptions
  #child: ChildProcess | undefined
  #isWanted = false
  #isKilled = false
  #starting: Promise<void> = Promise.resolve()
  #printedNow = ''
  printed = ''
  /** Ends that nobody asked for. */
  readonly ownEnds: string[] = []
  /** How often it has printed each watched word, over all its lives. */
  readonly heard = new Map<string, number>()

  constructor(options: SupervisedOptions) {
    this.#options = options
  }

  get isRunning(): boolean {
    return this.#child !== undefined
  }

  /** What it has of its own in its environment. */
  get environment(): Readonly<Record<string, string>> {
    return this.#options.environment ?? {}
  }

  /** Undefined while it does not run. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Whether the process that runs now has printed this. */
  hasSaid(words: string): boolean {
    return this.#child !== undefined && this.#printedNow.includes(words)
  }

  start(): void {
    this.#isWanted = true
    if (this.#child === undefined) this.#spawn()
  }

  /** Ends it where it stands, or by a gentler signal; it comes back by itself. False when it does not run just now. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<boolean> {
    const child = this.#child
    if (child === undefined) return false
    await this.#end(child, signal)
    return true
  }

  /** Asks it to end and waits; gives the exit code, null when it had to be killed. It stays away until `start`. */
  async stop(): Promise<number | null> {
    this.#isWanted = false
    await this.#starting
    const child = this.#child
    if (child === undefined) return 0
    await this.#end(child, 'SIGTERM')
    return child.exitCode
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isWanted = false
    await this.#starting
    await this.kill()
  }

  /** Whoever does not go when told to is killed, as systemd has it. */
  async #end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
    this.#isKilled = true
    const ended = once(child, 'exit')
    child.kill(signal)
    const lastResort = systemClock.setTimer(goodbyeMs, () => child.kill('SIGKILL'))
    await ended
    lastResort()
  }

  #spawn(): void {
    const { account, directory, watched = [] } = this.#options
    const [file, ...args] = this.#options.command
    this.#printedNow = ''
    this.#isKilled = false
    const child = spawn(file, args, {
      env: { ...process.env, ...this.#options.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...account,
      cwd: directory,
    })
    this.#child = child
    living.add(child)
    const keep = (text: Buffer) => {
      for (const word of watched)
        this.heard.set(word, (this.heard.get(word) ?? 0) + text.toString().split(word).length - 1)
      this.printed = (this.printed + text.toString()).slice(-keptOutput)
      this.#printedNow = (this.#printedNow + text.toString()).slice(-keptOutput)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.once('error', (error) => keep(Buffer.from(`${String(error)}\n`)))
    child.once('exit', (code, signal) => {
      this.#child = undefined
      living.delete(child)
      const isExpected = this.#isKilled || (code !== null && this.#options.restartCodes?.includes(code) === true)
      if (!isExpected) this.ownEnds.push(`${code ?? signal}: ${this.#printedNow.slice(-1_000)}`)
      if (this.#isWanted) this.#starting = this.#startAgain(isExpected ? restartMs : troubledRestartMs)
    })
  }

  async #startAgain(pauseMs: number): Promise<void> {
    await delay(systemClock, pauseMs)
    if (this.#isWanted && this.#child === undefined) this.#spawn()
  }
}
