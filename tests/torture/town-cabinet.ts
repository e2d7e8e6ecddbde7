// One cabinet of the town: boards held by this process, on tcp or on ttys, and the agent as a process of its own on a folder of
// its own. The boards, what lies on them and the door outlive the agent, as the real ones do.
import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { restartExitCode } from '#cabinet-agent/releases/run-trial.ts'
import { loadIdentity, saveIdentity } from '#cabinet-agent/enrolment/identity.ts'
import { serveLineOnSerial, serveLineOnTcp } from '#firmware-bridge/virtual/serve-line.ts'
import { VirtualCabinet } from '#firmware-bridge/virtual/virtual-cabinet.ts'
import { makeVirtualInstallation } from '#firmware-bridge/virtual/virtual-installation.ts'
import { seededRandom } from '#shared/ids/random.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { openTtyPair } from '#tests/support/tty-pair.ts'
import { Supervised } from './supervised.ts'

export interface TownCabinetOptions {
  readonly cabinetId: string
  readonly code: string
  readonly folder: string
  readonly keyPem: string
  readonly serverPublicKey: string
  readonly serverUrl: string
  readonly mqttUrl: string
  readonly laneCount: number
  readonly isOnTtys: boolean
  readonly command: readonly [string, ...string[]]
  readonly environment: Readonly<Record<string, string>>
  readonly journal: { readonly ballastBytes: number; readonly minFreeBytes: number }
  readonly seed: number
}

/** Enough for full lanes of the shop's heavier goods, g. */
const capacityG = 60_000
const sheet = { divisionMg: 100, samplePeriodMs: 100, scaleSdMg: 200 }

export class TownCabinet implements AsyncDisposable {
  readonly cabinetId: string
  readonly code: string
  readonly folder: string
  readonly boards: VirtualCabinet
  readonly agent: Supervised
  /** A copy of the agent's journal, while the town is looked at. */
  journal: BetterSqlite3.Database | undefined
  readonly #lines: readonly AsyncDisposable[]

  private constructor(
    options: Pick<TownCabinetOptions, 'cabinetId' | 'code' | 'folder'>,
    boards: VirtualCabinet,
    agent: Supervised,
    lines: readonly AsyncDisposable[],
  ) {
    this.cabinetId = options.cabinetId
    this.code = options.code
    this.folder = options.folder
    this.boards = boards
    this.agent = agent
    this.#lines = lines
  }

  static async open(options: TownCabinetOptions): Promise<TownCabinet> {
    const { code, folder, laneCount, serverUrl, mqttUrl } = options
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const boards = new VirtualCabinet({
      installation: makeVirtualInstallation({ laneCount }),
      cells: 'good',
      clock: systemClock,
      random: seededRandom(options.seed),
      capacityG,
    })
    const { urls, lines } = await (options.isOnTtys ? serveOnTtys(boards) : serveOnTcp(boards))
    saveIdentity(folder, {
      cabinetId: options.cabinetId,
      code,
      mqttUrl,
      serverPublicKeys: [options.serverPublicKey],
      privateKeyPem: options.keyPem,
      keySinceMs: systemClock.now(),
    })
    const configFile = join(folder, 'cabinet.json')
    const hardware = makeVirtualInstallation({ laneCount, urlOf: (port) => urls.get(port) ?? '' })
    const { journal } = options
    writeFileSync(configFile, JSON.stringify({ dataDirectory: folder, serverUrl, scales: sheet, journal, hardware }))
    const agent = new Supervised({
      command: [...options.command, '--config', configFile],
      environment: options.environment,
      restartCodes: [restartExitCode],
    })
    return new TownCabinet(options, boards, agent, lines)
  }

  /** Keys of the server that it obeys, as its disk has them. */
  get obeyedKeys(): readonly string[] {
    return loadIdentity(this.folder)?.serverPublicKeys ?? []
  }

  /** Copies the journal as it stands, for looking at; the agent keeps its own locked. Close it with `closeJournal`. */
  copyJournal(folder: string): BetterSqlite3.Database | undefined {
    this.closeJournal()
    const source = join(this.folder, 'journal.sqlite')
    const copy = join(folder, `${this.code}-copy.sqlite`)
    if (!existsSync(source)) return undefined
    for (const end of ['', '-wal', '-shm']) rmSync(copy + end, { force: true })
    copyFileSync(source, copy)
    if (existsSync(`${source}-wal`)) copyFileSync(`${source}-wal`, `${copy}-wal`)
    this.journal = new BetterSqlite3(copy)
    return this.journal
  }

  closeJournal(): void {
    this.journal?.close()
    this.journal = undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closeJournal()
    await this.agent[Symbol.asyncDispose]()
    for (const line of this.#lines) await line[Symbol.asyncDispose]()
    this.boards.stop()
  }
}

interface Served {
  /** By port of the installation. */
  readonly urls: ReadonlyMap<string, string>
  readonly lines: readonly AsyncDisposable[]
}

const portsOf = (boards: VirtualCabinet) => Object.entries(boards.installation.ports)

async function serveOnTcp(boards: VirtualCabinet): Promise<Served> {
  const served = await Promise.all(
    portsOf(boards).map(async ([port]) => ({
      port,
      line: await serveLineOnTcp(boards.line(port), { host: '127.0.0.1', port: 0 }),
    })),
  )
  return { urls: new Map(served.map(({ port, line }) => [port, line.url])), lines: served.map(({ line }) => line) }
}

async function serveOnTtys(boards: VirtualCabinet): Promise<Served> {
  const urls = new Map<string, string>()
  const lines: AsyncDisposable[] = []
  for (const [port, { baudRate }] of portsOf(boards)) {
    const pair = await openTtyPair()
    lines.unshift(await serveLineOnSerial(boards.line(port), { path: pair.far, baudRate }, systemClock))
    lines.push(pair)
    urls.set(port, `serial:${pair.near}`)
  }
  return { urls, lines }
}
