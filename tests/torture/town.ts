// A town of real processes: a server with its broker and disk, or several of them, agents on boards that outlive them, people in
// front of them.
// The goods and people are the simulation's shop; time, disk, sockets and ttys are the machine's.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { seededRandom, systemRandom, type Random } from '#shared/ids/random.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { exec } from '#server/db/unit.ts'
import { chooseFreePort } from '#server/demo/demo-file.ts'
import { hashOneTimePassword } from '#server/identity/password.ts'
import { makeKey } from '#tests/simulation/fleet/keys.ts'
import { laneIds, makeShop, type Shop } from '#tests/simulation/fleet/shop.ts'
import { signingKey } from '#tests/simulation/fleet/world.ts'
import { bundleEntry } from '../../.tools/bundle.mjs'
import type { PostgresPlace } from './postgres-server.ts'
import { openDoor } from './shared-door.ts'
import { Supervised } from './supervised.ts'
import { TownCabinet } from './town-cabinet.ts'
import { openTownFile, openTownPostgres, type TownDatabase } from './town-database.ts'

export interface TownOptions {
  readonly seed: number
  readonly folder: string
  readonly cabinets: number
  /** Boards on ttys as a serial line has them, instead of tcp. */
  readonly isOnTtys?: boolean
  /** The server keeps its books in a PostgreSQL of the town's own. */
  readonly isOnPostgres?: boolean
  /** Where that is found over the network; default: by its socket in the file system. */
  readonly postgresPlace?: PostgresPlace
  /** Server processes behind one address; more than one want PostgreSQL and an external broker. Default 1. */
  readonly servers?: number
  /** Words to be counted in what the server prints. */
  readonly watched?: readonly string[]
  /** Before the command line of the server, or of the agent of the cabinet with this index. */
  readonly serverPrefix?: readonly string[]
  readonly agentPrefix?: (index: number) => readonly string[]
  readonly serverEnvironment?: Readonly<Record<string, string>>
  readonly agentEnvironment?: Readonly<Record<string, string>>
  /** Of Node.js, for the server. */
  readonly serverFlags?: readonly string[]
  /** Where the server listens, and where people and cabinets find it; default: on this machine, on any free port. */
  readonly hosts?: TownHosts
  /** An external broker, as the server finds it. */
  readonly brokerUrl?: string
  /** Folders of the databases; default in `folder`. */
  readonly serverFolder?: string
  readonly agentFolder?: (code: string) => string
  readonly journal?: { readonly ballastBytes: number; readonly minFreeBytes: number }
}

export interface TownHosts {
  readonly listen: string
  readonly people: string
  readonly cabinets: (index: number) => string
  readonly mqttPort?: number
}

const local = '127.0.0.1'
export const localHosts: TownHosts = { listen: local, people: local, cabinets: () => local }

/** Of the key that signs commands, in a server's folder. */
export const presentKeyName = 'command-key.pem'
export const password = 'torture-password'
const base64Key = (fill: number) => Buffer.alloc(32, fill).toString('base64')

export class Town implements AsyncDisposable {
  readonly random: Random
  readonly shop: Shop
  readonly servers: readonly Supervised[]
  /** Where each server keeps its own files. */
  readonly serverFolders: readonly string[]
  readonly cabinets: readonly TownCabinet[]
  readonly backend: TownDatabase
  /** Nobody buys on a pass here. */
  readonly passes: ReadonlySet<string> = new Set()
  readonly pulsed: ReadonlySet<string> = new Set()
  readonly baseUrl: string
  readonly violations: string[] = []

  readonly #door: AsyncDisposable | undefined

  private constructor(
    random: Random,
    shop: Shop,
    servers: readonly Supervised[],
    cabinets: readonly TownCabinet[],
    where: {
      serverFolders: readonly string[]
      backend: TownDatabase
      baseUrl: string
      door: AsyncDisposable | undefined
    },
  ) {
    this.random = random
    this.shop = shop
    this.servers = servers
    this.serverFolders = where.serverFolders
    this.cabinets = cabinets
    this.backend = where.backend
    this.baseUrl = where.baseUrl
    this.#door = where.door
  }

  /** The only one, or the first of several. */
  get server(): Supervised {
    const [first] = this.servers
    if (first === undefined) throw new Error('a town without a server')
    return first
  }

  /** Seeds the database and starts everything; does not wait until anything is ready. */
  static async start(options: TownOptions): Promise<Town> {
    const { folder, serverFolder = join(folder, 'server'), agentFolder = (code) => join(folder, code) } = options
    const { hosts = localHosts, agentPrefix = () => [] } = options
    const random = seededRandom(options.seed)
    mkdirSync(serverFolder, { recursive: true })
    const [serverEntry, agentEntry, mqttPort] = await Promise.all([
      bundleEntry('server/main.ts', { isWhole: true }),
      bundleEntry('cabinet-agent/main.ts', { isWhole: true }),
      hosts.mqttPort ?? chooseFreePort(),
    ])
    const httpPorts: number[] = []
    for (let made = 0; made < (options.servers ?? 1); made += 1) httpPorts.push(await chooseFreePort())
    const backend =
      options.isOnPostgres === true ? await openTownPostgres(folder, options.postgresPlace) : openTownFile(serverFolder)
    const shop = await makeShop(serverFolder, options.cabinets, signingKey.publicKey, {
      startMs: systemClock.now(),
      heartbeatIntervalMs: 5_000,
      databaseUrl: backend.url,
    })
    await setPasswords(backend.url)
    const serverFolders = httpPorts.map((_, index) => (index === 0 ? serverFolder : `${serverFolder}-${index + 1}`))
    const servers = httpPorts.map((httpPort, index) => {
      const ownFolder = serverFolders[index] ?? serverFolder
      mkdirSync(ownFolder, { recursive: true })
      writeFileSync(join(ownFolder, presentKeyName), signingKey.pem)
      return new Supervised({
        ...(options.watched === undefined ? {} : { watched: options.watched }),
        command: commandOf(options.serverPrefix, [process.execPath, ...(options.serverFlags ?? []), serverEntry]),
        environment: {
          HUINONG_DATABASE_URL: backend.serverUrl,
          HUINONG_DATA_DIR: ownFolder,
          HUINONG_DATA_KEYS: `test:${base64Key(1)}`,
          HUINONG_FINGERPRINT_KEY: base64Key(9),
          HUINONG_HTTP_HOST: hosts.listen,
          HUINONG_HTTP_PORT: String(httpPort),
          HUINONG_MQTT_HOST: hosts.listen,
          HUINONG_MQTT_PORT: String(mqttPort),
          ...(options.brokerUrl === undefined ? {} : { HUINONG_MQTT_URL: options.brokerUrl }),
          HUINONG_REQUESTS_PER_MINUTE: '1000000',
          HUINONG_SECOND_FACTOR_ROLES: '',
          // None are built for it: pages are not what is tried here.
          HUINONG_WEB_DIR: join(folder, 'no-pages'),
          HUINONG_LOG_LEVEL: 'warn',
          ...options.serverEnvironment,
        },
      })
    })
    const door = httpPorts.length > 1 ? await openDoor(httpPorts) : undefined
    const baseUrl = `http://${hosts.people}:${door?.port ?? httpPorts[0]}`
    const cabinets = await Promise.all(
      shop.cabinets.map((cabinet, index) =>
        TownCabinet.open({
          ...cabinet,
          folder: agentFolder(cabinet.code),
          keyPem: makeKey(100 + index).pem,
          serverPublicKey: signingKey.publicKey,
          serverUrl: baseUrl,
          mqttUrl: `mqtt://${hosts.cabinets(index)}:${mqttPort}`,
          laneCount: laneIds.length,
          isOnTtys: options.isOnTtys === true,
          command: commandOf(agentPrefix(index), [process.execPath, agentEntry]),
          environment: options.agentEnvironment ?? {},
          journal: options.journal ?? { ballastBytes: 1_048_576, minFreeBytes: 0 },
          seed: random.nextUint32(),
        }),
      ),
    )
    const town = new Town(random, shop, servers, cabinets, { serverFolders, backend, baseUrl, door })
    for (const server of servers) server.start()
    for (const cabinet of cabinets) cabinet.agent.start()
    return town
  }

  fail(what: string): void {
    this.violations.push(what)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.cabinets.map((cabinet) => cabinet[Symbol.asyncDispose]()))
    await Promise.all(this.servers.map((server) => server[Symbol.asyncDispose]()))
    await this.#door?.[Symbol.asyncDispose]()
    await this.backend[Symbol.asyncDispose]()
  }
}

export function commandOf(prefix: readonly string[] = [], command: readonly string[]): [string, ...string[]] {
  const [first = '', ...rest] = [...prefix, ...command]
  return [first, ...rest]
}

/** The shop's people have none: nobody signs in there. */
async function setPasswords(url: string): Promise<void> {
  const hash = await hashOneTimePassword(password)
  await using database = await openDatabase({ url, clock: systemClock, random: systemRandom })
  await database.run(({ db, tables }) => exec(db.update(tables.accounts).set({ passwordHash: hash })))
}
