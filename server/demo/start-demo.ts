/**
 * Composes the demo: server with embedded broker and SQLite in one folder, invented data, a fleet of virtual cabinets as a
 * child process, goods on the shelves by real restock sessions, and shoppers when they are asked for.
 */
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { listRestockRoutes, planRestockDay } from '#shared/contracts/http/restock-tasks.ts'
import { seededRandom, systemRandom, type Random } from '#shared/ids/random.ts'
import { districtDateOf } from '#shared/time/district-time.ts'
import { formatYuan } from '#shared/units/fen.ts'
import { countOf } from '#shared/words/count-of.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { createApp } from '../app.ts'
import { readServerConfig, type ServerConfig } from '../config/server-config.ts'
import { DatabaseError } from '../db/database-error.ts'
import { openDatabase } from '../db/open-database.ts'
import { openSealer } from '../personal-data/open-sealer.ts'
import { createApiClient, type ApiClient } from './api-client.ts'
import { createClosing, type Closing } from './closing.ts'
import { inventDemoData, type DemoData } from './data/demo-data.ts'
import { chooseFreePort, DemoError, findFreePort, openDemoFile, type DemoFile } from './demo-file.ts'
import { openDepot } from './depot.ts'
import { planFleet, waitForCabinets } from './fleet-plan.ts'
import { startFleetProcess } from './fleet-process.ts'
import { registerHandsProxy } from './hands-proxy.ts'
import type { DemoOptions } from './options.ts'
import { restockCabinet, type RestockCrewOptions } from './restock-crew.ts'
import { seedDemo } from './seed-demo.ts'
import { runShoppers, type TripResult } from './shoppers.ts'
import { describeDemo } from './startup-report.ts'

export interface DemoSurroundings {
  /** Built cabinet-agent/demo-fleet/main.ts. */
  readonly fleetEntry: string
  /** Folder of the built pages. */
  readonly webDirectory: string
  /** Shows a line to the person at the terminal. */
  readonly say: (line: string) => void
  readonly signal: AbortSignal
}

const clock = systemClock
const host = '127.0.0.1'
const onlineTimeoutMs = 60_000
const requestsPerMinute = 100_000

async function checkSurroundings(options: DemoOptions, file: DemoFile, around: DemoSurroundings): Promise<void> {
  if (!existsSync(join(around.webDirectory, 'buyer', 'index.html')))
    throw new DemoError('The pages are not built. `npm start` builds them; start the demo with it.')
  if (!existsSync(around.fleetEntry))
    throw new DemoError('The virtual cabinets are not built. `npm start` builds them; start the demo with it.')
  if ((await findFreePort(options.port)) === undefined)
    throw new DemoError(
      `Port ${options.port} is in use. Is the demo running already? Otherwise choose one with --port.`,
    )
  if ((await findFreePort(file.mqttPort)) === undefined)
    throw new DemoError(
      `Port ${file.mqttPort}, where the cabinets of ${options.dataDirectory} look for their broker, is in use. ` +
        'Is the demo running already? Otherwise use another folder with --data.',
    )
}

/** Starts everything; what it gives back ends everything. Throws DemoError when this machine or folder prevents it. */
export async function startDemo(options: DemoOptions, around: DemoSurroundings): Promise<AsyncDisposable> {
  const closing = createClosing()
  try {
    await assemble(options, around, closing)
    return closing
  } catch (error) {
    await closing[Symbol.asyncDispose]()
    throw error
  }
}

async function assemble(options: DemoOptions, around: DemoSurroundings, closing: Closing): Promise<void> {
  const { dataDirectory } = options
  await mkdir(dataDirectory, { recursive: true })
  const file = await openDemoFile(dataDirectory, options.seed)
  await checkSurroundings(options, file, around)
  const data = inventDemoData(seededRandom(file.seed))
  const config = configOf(options, file, around)
  await seed(config, data, around)

  const handsPort = await chooseFreePort()
  const handsUrl = `ws://${host}:${handsPort}/hands`
  const baseUrl = `http://${host}:${options.port}`
  closing.use(await createApp(config, { extendHttp: (app) => registerHandsProxy(app, handsUrl) }))
  const [operator, restocker] = await Promise.all(
    ['operator', 'restocker'].map((login) => signIn(baseUrl, data, login)),
  )
  if (operator === undefined || restocker === undefined) throw new Error('two accounts were asked for')

  const live = data.cabinets.filter(({ scaleProfile }) => scaleProfile !== undefined)
  const codes = live.map(({ code }) => code)
  closing.use(
    await startFleetProcess({
      entry: around.fleetEntry,
      config: await planFleet({
        api: operator,
        cabinets: live,
        seed: file.seed,
        serverUrl: baseUrl,
        handsPort,
        dataDirectory: join(dataDirectory, 'fleet'),
      }),
      configFile: join(dataDirectory, 'fleet.json'),
      logFile: join(dataDirectory, 'fleet.log'),
      clock,
      onDeath: (how, delayMs) =>
        around.say(`The virtual cabinets ended (${how}); they start again in ${delayMs / 1_000} s. See fleet.log.`),
    }),
  )
  around.say(`Waiting for ${codes.length} virtual cabinets…`)
  await waitForCabinets({ clock, signal: around.signal, timeoutMs: onlineTimeoutMs }, operator, codes)

  const random = systemRandom
  const depot = await openDepot(restocker, data, file.seed, clock)
  const crew = { api: restocker, depot, clock, random, handsUrl, signal: around.signal }
  await fillShelves(crew, data, codes, around)
  if (options.hasPlan) await planToday(operator, around)
  around.say(describeDemo(baseUrl, codes, data.accounts))
  if (options.hasShoppers)
    await letShoppersIn(options, around, closing, { crew, data, codes, baseUrl, seed: file.seed })
}

async function seed(config: ServerConfig, data: DemoData, around: DemoSurroundings): Promise<void> {
  const random: Random = systemRandom
  const { databaseUrl: url } = config
  await using database = await openDatabase({ url, clock, random }).catch((error: unknown) => {
    throw error instanceof DatabaseError ? new DemoError(`${url}: ${error.message}`, { cause: error }) : error
  })
  await seedDemo(database, data, { random, sealer: await openSealer(database, config.dataKeys) }, around.say)
}

function configOf(options: DemoOptions, file: DemoFile, around: DemoSurroundings): ServerConfig {
  return readServerConfig({
    HUINONG_DATABASE_URL: `sqlite:${join(options.dataDirectory, 'huinong.db')}`,
    HUINONG_DATA_DIR: options.dataDirectory,
    HUINONG_HTTP_HOST: host,
    HUINONG_HTTP_PORT: String(options.port),
    HUINONG_MQTT_HOST: host,
    HUINONG_MQTT_PORT: String(file.mqttPort),
    HUINONG_REQUESTS_PER_MINUTE: String(requestsPerMinute),
    HUINONG_WEB_DIR: around.webDirectory,
    // Everybody who tries the demo signs in as everybody, with the password alone.
    HUINONG_SECOND_FACTOR_ROLES: '',
    HUINONG_LOG_LEVEL: 'error',
    HUINONG_OPERATOR_NAME: '惠农柜运营单位（演示）',
  })
}

async function signIn(baseUrl: string, data: DemoData, login: string): Promise<ApiClient> {
  const account = data.accounts.find((candidate) => candidate.login === login)
  if (account === undefined) throw new Error(`the demo has no account ${login}`)
  const api = createApiClient(baseUrl)
  await api.signIn(login, account.password)
  return api
}

async function fillShelves(
  crew: RestockCrewOptions,
  data: DemoData,
  codes: readonly string[],
  around: DemoSurroundings,
): Promise<void> {
  const restocked = await Promise.all(
    codes.map(async (code) => {
      try {
        const session = await restockCabinet(crew, code, data.shelves.get(code) ?? [])
        if (session === undefined) return false
        if (session.state !== 'settled') around.say(`The restock of ${code} ended ${session.state}.`)
        return session.state === 'settled'
      } catch (error) {
        around.say(`${code} could not be restocked: ${(error as Error).message}`)
        return false
      }
    }),
  )
  const count = restocked.filter(Boolean).length
  if (count > 0) around.say(`Restocked ${countOf(count, 'cabinet')} in real restock sessions.`)
}

/** Each start plans its day once: tasks and routes for the restocker, out of what has been sold since. */
async function planToday(operator: ApiClient, around: DemoSurroundings): Promise<void> {
  const day = districtDateOf(clock.now())
  try {
    const { rows } = await operator.call(listRestockRoutes, { params: { day } })
    if (rows.length > 0) return
    const { tasks, routes } = await operator.call(planRestockDay, { params: { day }, body: {} })
    around.say(`Planned today’s restocking: ${countOf(tasks, 'task')} on ${countOf(routes, 'route')}.`)
  } catch (error) {
    around.say(`Today’s restocking could not be planned: ${(error as Error).message}`)
  }
}

interface ShoppingFloor {
  readonly crew: RestockCrewOptions
  readonly data: DemoData
  readonly codes: readonly string[]
  readonly baseUrl: string
  readonly seed: number
}

async function letShoppersIn(
  options: DemoOptions,
  around: DemoSurroundings,
  closing: Closing,
  floor: ShoppingFloor,
): Promise<void> {
  const { crew, data, codes, baseUrl } = floor
  // buyer1 stays free for the person at the browser.
  const buyers = data.accounts.filter(({ roles }) => roles.includes('buyer')).slice(1)
  const finance = await signIn(baseUrl, data, 'finance')
  const shoppers = await Promise.all(
    buyers.map(async ({ login }) => ({ login, api: await signIn(baseUrl, data, login) })),
  )
  const leaving = new AbortController()
  const shopping = runShoppers({
    clock,
    random: seededRandom(floor.seed),
    handsUrl: crew.handsUrl,
    finance,
    signal: leaving.signal,
    shoppers,
    cabinetCodes: codes,
    perMinute: options.shoppersPerMinute,
    restock: async (code) => void (await restockCabinet(crew, code, data.shelves.get(code) ?? [])),
    onResult: (result) => around.say(describeTrip(result)),
    onTrouble: (code, error) => around.say(`A shopper at ${code} had trouble: ${error.message}`),
  })
  closing.defer(async () => {
    leaving.abort(new Error('the demo ends'))
    await shopping
  })
  around.say(`Shoppers come about ${options.shoppersPerMinute} times a minute.`)
}

function describeTrip({ session, piecesTaken, piecesPutBack }: TripResult): string {
  const { cabinetCode, buyerName, state, totalFen } = session
  const putBack = piecesPutBack === 0 ? '' : `, ${piecesPutBack} put back`
  const paid = totalFen === undefined ? state : `${state}, ${formatYuan(totalFen)} yuan`
  return `${cabinetCode}: ${buyerName ?? 'a buyer'} took ${piecesTaken}${putBack}: ${paid}`
}
