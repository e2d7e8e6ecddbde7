// The town's PostgreSQL: a server of its own with a supervisor, and the ways in which it ends.
import { appendFileSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { Random } from '#shared/ids/random.ts'
import { delay } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { chance, pick } from '#tests/simulation/fleet/world.ts'
import { ClusterFiles } from '#tests/support/cluster-files.ts'
import { Supervised } from './supervised.ts'

/**
 * All of it by SIGKILL; by an immediate and by a fast shutdown; one of its processes by SIGKILL, after which it ends all connections
 * and recovers by itself; one connection by its administrator.
 */
export const postgresEnds = ['pgKilled', 'pgImmediate', 'pgFast', 'pgProcessKilled', 'pgConnectionEnded'] as const
export type PostgresEnd = (typeof postgresEnds)[number]

/** Where it is found over the network. */
export interface PostgresPlace {
  readonly host: string
  /** Before its command line. */
  readonly prefix: readonly string[]
}

const database = 'town'
const port = 5432
/** One in so many ends waits for a commit to be under way, the instant at which its client cannot know. */
const aimedShare = 0.6
const aimMs = 4_000

/** The disk is synced as in production: what was answered outlives it. */
export class PostgresServer implements AsyncDisposable {
  /** By its socket in the file system, which no network is needed for. */
  readonly url: string
  /** The same over the network, where it has a place there. */
  readonly networkUrl: string
  readonly #files: ClusterFiles
  readonly #process: Supervised

  private constructor(files: ClusterFiles, place: PostgresPlace | undefined) {
    this.#files = files
    this.url = files.urlOf(database)
    this.networkUrl = place === undefined ? this.url : `postgres://postgres@${place.host}:${port}/${database}`
    this.#process = new Supervised({
      ...runAs(files, place),
      environment: files.environment,
      directory: files.folder,
    })
  }

  static async start(place?: PostgresPlace): Promise<PostgresServer> {
    const settings = place === undefined ? [] : [`listen_addresses=${place.host}`, `port=${port}`]
    const files = await ClusterFiles.make(mkdtempSync(join(tmpdir(), 'huinong-pg-')), settings)
    if (place !== undefined) appendFileSync(join(files.folder, 'data', 'pg_hba.conf'), 'host all all all trust\n')
    const server = new PostgresServer(files, place)
    server.#process.start()
    while (!server.isReady) await delay(systemClock, 50)
    const client = new pg.Client(files.urlOf('postgres'))
    await client.connect()
    await client.query(`CREATE DATABASE ${database}`)
    await client.end()
    return server
  }

  get isReady(): boolean {
    return this.#process.hasSaid('ready to accept connections')
  }

  /** Ends it or a part of it in one of the ways; undefined when there is nothing to end just now. */
  async strike(random: Random, end = pick(random, postgresEnds)): Promise<PostgresEnd | undefined> {
    const committing = chance(random, aimedShare) ? await this.#awaitCommit() : undefined
    if (end === 'pgProcessKilled' || end === 'pgConnectionEnded') {
      const pids = committing === undefined ? this.#connections().map(({ pid }) => pid) : [committing]
      if (pids.length === 0) return undefined
      return send(pick(random, pids), end === 'pgProcessKilled' ? 'SIGKILL' : 'SIGTERM') ? end : undefined
    }
    const signal = { pgKilled: 'SIGKILL', pgImmediate: 'SIGQUIT', pgFast: 'SIGINT' } as const
    return (await this.#process.kill(signal[end])) ? end : undefined
  }

  /** Ends that nobody asked for since the last time. That what a killed one left must go before the next can start is none. */
  takeOwnEnds(): readonly string[] {
    return this.#process.ownEnds.splice(0).filter((end) => !/pre-existing shared memory|postmaster\.pid/.test(end))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]()
    this.#files.remove()
  }

  /** The process that commits, once there is one; undefined when nobody does for a while. */
  async #awaitCommit(): Promise<number | undefined> {
    const untilMs = systemClock.monotonicMs() + aimMs
    while (systemClock.monotonicMs() < untilMs) {
      const found = this.#connections().find(({ title }) => title.includes('COMMIT'))
      if (found !== undefined) return found.pid
      await delay(systemClock, 1)
    }
    return undefined
  }

  /** Processes that serve a connection; the title says what each is doing. */
  #connections(): Array<{ pid: number; title: string }> {
    const { pid } = this.#process
    if (pid === undefined) return []
    const children = read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number)
    return children
      .map((child) => ({ pid: child, title: read(`/proc/${child}/cmdline`) }))
      .filter(({ title }) => title.includes(` ${database} `))
  }
}

/** Only root enters a place; the account is taken on there. */
function runAs({ command, account }: ClusterFiles, place: PostgresPlace | undefined) {
  if (place === undefined) return { command, ...(account === undefined ? {} : { account }) }
  const [first = '', ...rest] = place.prefix
  const { uid = 0, gid = 0 } = account ?? {}
  const become = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups']
  return { command: [first, ...rest, ...become, ...command] as [string, ...string[]] }
}

/** Nothing of a process that has ended meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}
