import { createHash, type KeyObject } from 'node:crypto'
import { getAgentBundle } from '#shared/contracts/http/rollouts.ts'
import { maxBundleBytes, type AgentRelease, type ReportedTwin } from '#shared/contracts/mqtt/twin.ts'
import type { CancelTimer, Clock } from '#shared/time/clock.ts'
import { judgeRelease, type ReleaseRefusal, type RunningAgent } from './release-rules.ts'
import type { ReleaseStore } from './release-store.ts'

export interface ReleaseKeeperOptions {
  /** Undefined where this process cannot be replaced: every release is refused as not supported. */
  store: ReleaseStore | undefined
  running: RunningAgent
  serverUrl: string
  serverKeys: () => readonly KeyObject[]
  fetch: typeof globalThis.fetch
  clock: Clock
  /** Whether so many bytes more leave the disk room to sell. */
  hasRoomFor: (bytes: number) => boolean
  isIdle: () => boolean
  /** New code is in place: end, so that it starts. */
  onRestart: (reason: string) => void
  onChanged: () => void
  onFailed: (error: unknown) => void
}

const downloadTimeoutMs = 120_000
/**
 * Refusals that are not of the signed bytes: they may come again with a signature by a key that was not known, or that somebody
 * has falsified on the way, or with leave to go back.
 */
const mayBeLifted: ReadonlySet<ReleaseRefusal['code']> = new Set(['bad_signature', 'older_version'])
/** Nor are these: what came were others, none at all, or too many for the disk of that hour. They are fetched again after this, ms. */
const mayBeFetched: ReadonlySet<ReleaseRefusal['code']> = new Set([
  'download_failed',
  'wrong_size',
  'wrong_hash',
  'disk_full',
])
const fetchAgainMs = 600_000

/**
 * Brings the cabinet to the release that its twin names: verified before it is fetched, fetched over HTTP, checked against
 * the signed size and hash, staged, and started between sessions. What is refused is reported; bytes that were refused are not
 * tried again.
 */
export class ReleaseKeeper {
  readonly #options: ReleaseKeeperOptions
  #wanted: AgentRelease | null | undefined
  #isBusy = false
  #isReady = false
  #refused: NonNullable<ReportedTwin['agent']>['refused']
  /** What could not be fetched rests until then. */
  #rest: { sha256: string; untilMs: number } | undefined
  #cancelRest: CancelTimer = () => {}

  constructor(options: ReleaseKeeperOptions) {
    this.#options = options
    this.#refused = options.store?.refused()
  }

  report(): NonNullable<ReportedTwin['agent']> {
    const { version, isInstalled } = this.#options.running
    return { version, isInstalled, ...(this.#refused === undefined ? {} : { refused: this.#refused }) }
  }

  stop(): void {
    this.#cancelRest()
  }

  /** Takes the release of a desired twin; null: the agent that was installed. */
  async offer(release: AgentRelease | null): Promise<void> {
    this.#wanted = release
    if (this.#isBusy || this.#isReady) return
    this.#isBusy = true
    try {
      // Another one may come while this one is fetched.
      for (let taken: AgentRelease | null | undefined; taken !== this.#wanted;) {
        taken = this.#wanted
        await this.#take(taken)
      }
    } catch (error) {
      this.#options.onFailed(error)
    } finally {
      this.#isBusy = false
    }
  }

  /** Starts the new code when nobody is at the cabinet; called whenever a session has ended. */
  restartWhenIdle(): void {
    if (!this.#isReady || !this.#options.isIdle()) return
    this.#isReady = false
    this.#options.onRestart('another release of the agent')
  }

  /** The server was heard: the code that runs has proven itself, and another may be taken. */
  async onHealthy(): Promise<void> {
    const { store, running } = this.#options
    if (store?.trial()?.version !== running.version) return
    try {
      store.confirm()
    } catch (error) {
      this.#options.onFailed(error)
      return
    }
    if (this.#wanted !== undefined) await this.offer(this.#wanted)
  }

  async #take(release: AgentRelease | null | undefined): Promise<void> {
    const { store, running, serverKeys } = this.#options
    if (release === undefined) return
    if (release === null) {
      if (running.isInstalled || store === undefined) return
      store.useInstalled()
      this.#start()
      return
    }
    if (!running.isInstalled && release.version === running.version) return
    // Code that is not proven would be what a failing successor goes back to.
    if (store?.trial()?.version === running.version) return
    if (this.#isSettled(release)) return
    const refusal: ReleaseRefusal | undefined =
      store === undefined
        ? { code: 'not_supported', reason: 'this agent cannot replace itself' }
        : (judgeRelease(release, running, serverKeys()) ?? (await this.#fetch(store, release)))
    if (refusal === undefined) this.#start()
    else this.#refuse(release, refusal)
  }

  /** It was refused, and what was refused has not changed. */
  #isSettled({ sha256 }: AgentRelease): boolean {
    if (this.#refused?.sha256 !== sha256 || mayBeLifted.has(this.#refused.code)) return false
    if (!mayBeFetched.has(this.#refused.code)) return true
    return this.#rest?.sha256 === sha256 && this.#options.clock.monotonicMs() < this.#rest.untilMs
  }

  #start(): void {
    this.#isReady = true
    this.restartWhenIdle()
  }

  #refuse({ version, sha256 }: AgentRelease, { code, reason }: ReleaseRefusal): void {
    if (mayBeFetched.has(code)) this.#fetchLater(sha256)
    // Judged again at each contact: the disk and the server are told once.
    if (this.#refused?.sha256 === sha256 && this.#refused.code === code) return
    this.#refused = { version, sha256, code, reason: reason.slice(0, 300) }
    this.#options.store?.refuse(this.#refused)
    this.#options.onChanged()
  }

  #fetchLater(sha256: string): void {
    const { clock } = this.#options
    this.#cancelRest()
    this.#rest = { sha256, untilMs: clock.monotonicMs() + fetchAgainMs }
    this.#cancelRest = clock.setTimer(fetchAgainMs, () => {
      if (this.#wanted !== undefined) void this.offer(this.#wanted)
    })
  }

  async #fetch(store: ReleaseStore, release: AgentRelease): Promise<ReleaseRefusal | undefined> {
    const { version, sha256, sizeBytes } = release
    if (!this.#options.hasRoomFor(sizeBytes)) return { code: 'disk_full', reason: `no room for ${sizeBytes} bytes` }
    let bytes: Uint8Array
    try {
      bytes = await this.#download(version, sizeBytes)
    } catch (error) {
      return { code: 'download_failed', reason: String(error) }
    }
    if (bytes.length !== sizeBytes) return { code: 'wrong_size', reason: `${bytes.length} bytes, ${sizeBytes} signed` }
    const found = createHash('sha256').update(bytes).digest('hex')
    if (found !== sha256) return { code: 'wrong_hash', reason: `the bytes hash to ${found}` }
    try {
      store.refuse(undefined)
      store.stage(version, sha256, bytes)
      return undefined
    } catch (error) {
      return { code: 'disk_full', reason: String(error) }
    }
  }

  /** At most one byte more than was signed: a server gone wrong must not fill the memory. */
  async #download(version: string, sizeBytes: number): Promise<Uint8Array> {
    const { serverUrl, fetch } = this.#options
    const url = new URL(getAgentBundle.path.replace(':version', version), serverUrl)
    const response = await fetch(url, { signal: AbortSignal.timeout(downloadTimeoutMs) })
    if (!response.ok || response.body === null) throw new Error(`HTTP ${response.status}`)
    const chunks: Uint8Array[] = []
    let length = 0
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      chunks.push(chunk)
      length += chunk.length
      if (length > Math.min(sizeBytes, maxBundleBytes)) break
    }
    return Buffer.concat(chunks)
  }
}
