// A whole installation in real processes: server, database, embedded broker, and a fleet process with virtual cabinets that
// speak the real byte protocols. Seeded and stocked the way the demo is; tests act as people through HTTP and hands.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '#shared/ids/random.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import type { Dialect } from '#server/db/kit.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { createApiClient, type ApiClient } from '#server/demo/api-client.ts'
import { createClosing, type Closing } from '#server/demo/closing.ts'
import { inventDemoData, type DemoData } from '#server/demo/data/demo-data.ts'
import { chooseFreePort } from '#server/demo/demo-file.ts'
import { openDepot, type Depot } from '#server/demo/depot.ts'
import { planFleet, waitForCabinets } from '#server/demo/fleet-plan.ts'
import { startFleetProcess } from '#server/demo/fleet-process.ts'
import { openHands, type Hands } from '#server/demo/hands-client.ts'
import { restockCabinet } from '#server/demo/restock-crew.ts'
import { seedDemo } from '#server/demo/seed-demo.ts'
import { openSealer } from '#server/personal-data/open-sealer.ts'
import { bundleEntry } from '../../.tools/bundle.mjs'
import { createServerProcess, type ServerProcess } from './server-process.ts'
import { makeDatabasePlace } from './test-database.ts'

export interface CabinetWorldOptions {
  readonly dialect: Dialect
  /** Virtual cabinets, YB-0001 and on. */
  readonly cabinetCount: number
}

export interface CabinetWorld extends AsyncDisposable {
  readonly data: DemoData
  readonly server: ServerProcess
  readonly databaseUrl: string
  readonly handsUrl: string
  readonly depot: Depot
  readonly signal: AbortSignal
  /** What server and cabinets have logged, each at its most talkative. */
  logs(): Promise<string>
  signIn(login: string): Promise<ApiClient>
  hands(cabinetCode: string): Promise<Hands>
}

const seed = 2020
/** Buyers beyond the first few are not needed; each costs a password hash. */
const buyersKept = 3

/**
 * The demo's data with fewer sites, cabinets and buyers, on good scales: on the others one in many a bill goes to a person, as
 * it should, and how many is measured where weighing is.
 */
function shrink(data: DemoData, cabinetCount: number): DemoData {
  const cabinets = data.cabinets
    .slice(0, cabinetCount)
    .map((cabinet) => ({ ...cabinet, scaleProfile: 'good' as const }))
  const keys = new Set(cabinets.map(({ siteKey }) => siteKey))
  const buyers = data.accounts.filter(({ roles }) => roles.includes('buyer')).slice(0, buyersKept)
  return {
    ...data,
    cabinets,
    sites: data.sites.filter(({ key }) => keys.has(key)),
    accounts: [...data.accounts.filter(({ roles }) => !roles.includes('buyer')), ...buyers],
  }
}

export async function startCabinetWorld(options: CabinetWorldOptions): Promise<CabinetWorld> {
  const parts = createClosing()
  try {
    return await assemble(options, parts)
  } catch (error) {
    await parts[Symbol.asyncDispose]()
    throw error
  }
}

async function assemble(options: CabinetWorldOptions, parts: Closing): Promise<CabinetWorld> {
  const clock = systemClock
  const data = shrink(inventDemoData(seededRandom(seed)), options.cabinetCount)
  const codes = data.cabinets.map(({ code }) => code)
  const folder = await mkdtemp(join(tmpdir(), 'huinong-world-'))
  parts.defer(() => rm(folder, { recursive: true, force: true }))
  const place = parts.use(await makeDatabasePlace(options.dialect))
  await using database = await openDatabase({ url: place.url, clock, random: seededRandom(1) })
  const sealer = await openSealer(database, { file: join(folder, 'data-keys.txt') })
  await seedDemo(database, data, { random: seededRandom(1), sealer })
  await database.close()

  const [serverEntry, fleetEntry] = await Promise.all([
    bundleEntry('server/main.ts'),
    bundleEntry('cabinet-agent/demo-fleet/main.ts'),
  ])
  const [httpPort, mqttPort, handsPort] = await Promise.all([chooseFreePort(), chooseFreePort(), chooseFreePort()])
  const server = parts.use(
    createServerProcess({
      entry: serverEntry,
      databaseUrl: place.url,
      dataDirectory: folder,
      httpPort,
      mqttPort,
      environment: { HUINONG_LOG_LEVEL: 'debug' },
    }),
  )
  await server.start()

  async function signIn(login: string): Promise<ApiClient> {
    const account = data.accounts.find((candidate) => candidate.login === login)
    if (account === undefined) throw new Error(`there is no account ${login}`)
    const api = createApiClient(server.baseUrl)
    await api.signIn(login, account.password)
    return api
  }

  const [operator, restocker] = await Promise.all([signIn('operator'), signIn('restocker')])
  const fleetDirectory = join(folder, 'fleet')
  parts.use(
    await startFleetProcess({
      entry: fleetEntry,
      config: await planFleet({
        api: operator,
        cabinets: data.cabinets,
        seed,
        serverUrl: server.baseUrl,
        handsPort,
        dataDirectory: fleetDirectory,
      }),
      configFile: join(folder, 'fleet.json'),
      logFile: join(folder, 'fleet.log'),
      clock,
      onDeath: () => {},
    }),
  )
  const { signal } = new AbortController()
  await waitForCabinets({ clock, signal, timeoutMs: 30_000 }, operator, codes)
  const handsUrl = `ws://127.0.0.1:${handsPort}/hands`
  const depot = await openDepot(restocker, data, seed, clock)
  const crew = { api: restocker, depot, clock, random: seededRandom(seed), handsUrl, signal }
  await Promise.all(codes.map((code) => restockCabinet(crew, code, data.shelves.get(code) ?? [])))
  return {
    data,
    server,
    databaseUrl: place.url,
    handsUrl,
    depot,
    signal,
    logs: async () => `${server.output()}\n${await readFile(join(folder, 'fleet.log'), 'utf8')}`,
    signIn,
    hands: (cabinetCode) => openHands(`${handsUrl}/${cabinetCode}`, clock),
    [Symbol.asyncDispose]: () => parts[Symbol.asyncDispose](),
  }
}
