// The server as a process of its own with SQLite on disk, a thousand agents connected to it, and buyers who can sign in. What
// is seeded is seeded as the demo does it; every cabinet enrols over HTTP.
import { fork, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { seededRandom, systemRandom } from '#shared/ids/random.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { storeEnrolmentCode, enrolmentCodeLength } from '#server/cabinets/enrol-cabinet.ts'
import type { Database } from '#server/db/database.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { rows } from '#server/db/unit.ts'
import { createApiClient, type ApiClient } from '#server/demo/api-client.ts'
import { createClosing, type Closing } from '#server/demo/closing.ts'
import { inventDemoData, type DemoData } from '#server/demo/data/demo-data.ts'
import { inventShelf, type DemoLane } from '#server/demo/data/shelves.ts'
import { chooseFreePort } from '#server/demo/demo-file.ts'
import { seedDemo } from '#server/demo/seed-demo.ts'
import { openSealer } from '#server/personal-data/open-sealer.ts'
import { createWaiters } from '#server/demo/waiters.ts'
import { makeReadableCode } from '#server/identity/password.ts'
import { createServerProcess, type ServerProcess } from '#tests/support/server-process.ts'
import { bundleEntry } from '../../.tools/bundle.mjs'
import type { FleetOrder, FleetReport } from './fleet/fleet-messages.ts'

export interface CrowdOptions {
  readonly cabinetCount: number
  /** The first so many cabinets are sampled at 10 Hz and can sell. */
  readonly sellingCount: number
  readonly buyerCount: number
}

export interface Crowd extends AsyncDisposable {
  readonly data: DemoData
  readonly server: ServerProcess
  readonly folder: string
  readonly databaseUrl: string
  readonly sellingCodes: readonly string[]
  shelf(code: string): readonly DemoLane[]
  order(order: FleetOrder): void
  signIn(login: string): Promise<ApiClient>
}

const seed = 2020
const connectTimeoutMs = 240_000
const password = 'bench-huinong'

function inventCrowd(options: CrowdOptions): DemoData {
  const random = seededRandom(seed)
  const data = inventDemoData(random)
  const siteKinds = new Map(data.sites.map(({ key, kind }) => [key, kind]))
  const cabinets = data.cabinets
    .slice(0, options.cabinetCount)
    .map((cabinet) => ({ ...cabinet, rolloutState: 'live' as const, scaleProfile: 'good' as const }))
  const buyers = Array.from({ length: options.buyerCount }, (_, index) => ({
    login: `bench${index + 1}`,
    password,
    displayName: `职工 ${index + 1}`,
    roles: ['buyer' as const],
    walletFen: 1_000_000,
    about: '',
  }))
  return {
    ...data,
    cabinets,
    shelves: new Map(
      cabinets.map(({ code, siteKey }) => [code, inventShelf(random, siteKinds.get(siteKey) ?? 'government')]),
    ),
    accounts: [...data.accounts.filter(({ roles }) => !roles.includes('buyer')), ...buyers],
  }
}

/** One-time codes of all cabinets, as an operator would make them one by one. */
async function makeCodes(database: Database, codes: readonly string[]): Promise<Map<string, string>> {
  const made = new Map(codes.map((code) => [code, makeReadableCode(systemRandom, enrolmentCodeLength)]))
  await database.run(function* (ctx) {
    const { cabinets, accounts } = ctx.tables
    const [operator] = yield* rows(
      ctx.db.select({ id: accounts.accountId }).from(accounts).where(eq(accounts.login, 'operator')),
    )
    for (const { id, code } of yield* rows(
      ctx.db.select({ id: cabinets.cabinetId, code: cabinets.code }).from(cabinets),
    )) {
      const byAccountId: Id = operator?.id ?? ''
      yield* storeEnrolmentCode(ctx, { cabinetId: id, code: made.get(code) ?? '', byAccountId })
    }
  })
  return made
}

interface FleetProcess extends AsyncDisposable {
  order(order: FleetOrder): void
  next<K extends FleetReport['kind']>(kind: K, timeoutMs: number): Promise<Extract<FleetReport, { kind: K }>>
}

function startFleet(entry: string): FleetProcess {
  const child: ChildProcess = fork(entry, { execArgv: ['--enable-source-maps'] })
  const waiters = createWaiters<FleetReport>(systemClock)
  child.on('message', (report: FleetReport) => {
    if (report.kind === 'failed') waiters.end(new Error(`the agents failed: ${report.why}`))
    else waiters.offer(report)
  })
  child.on('exit', (code) => waiters.end(new Error(`the agents' process ended with ${code}`)))
  return {
    order: (order) => void child.send(order),
    next: (kind, timeoutMs) => waiters.wait((report) => report.kind === kind, timeoutMs, kind) as never,
    async [Symbol.asyncDispose]() {
      child.removeAllListeners('exit')
      child.disconnect()
      await Promise.resolve()
    },
  }
}

export async function gatherCrowd(options: CrowdOptions): Promise<Crowd> {
  const parts = createClosing()
  try {
    return await assemble(options, parts)
  } catch (error) {
    await parts[Symbol.asyncDispose]()
    throw error
  }
}

async function assemble(options: CrowdOptions, parts: Closing): Promise<Crowd> {
  const data = inventCrowd(options)
  const folder = await mkdtemp(join(tmpdir(), 'huinong-crowd-'))
  parts.defer(() => rm(folder, { recursive: true, force: true }))
  const databaseUrl = `sqlite:${join(folder, 'huinong.db')}`
  const database = await openDatabase({ url: databaseUrl, clock: systemClock, random: systemRandom })
  const sealer = await openSealer(database, { file: join(folder, 'data-keys.txt') })
  await seedDemo(database, data, { random: systemRandom, sealer })
  const codes = await makeCodes(
    database,
    data.cabinets.map(({ code }) => code),
  )
  await database.close()
  const [serverEntry, fleetEntry] = await Promise.all([
    bundleEntry('server/main.ts', { isWhole: true }),
    bundleEntry('tests/bench/fleet/main.ts'),
  ])
  const [httpPort, mqttPort] = await Promise.all([chooseFreePort(), chooseFreePort()])
  const server = parts.use(
    createServerProcess({ entry: serverEntry, databaseUrl, dataDirectory: folder, httpPort, mqttPort }),
  )
  await server.start()
  const fleet = parts.use(startFleet(fleetEntry))
  const connected = fleet.next('connected', connectTimeoutMs)
  const sellingCodes = data.cabinets.slice(0, options.sellingCount).map(({ code }) => code)
  fleet.order({
    do: 'start',
    serverUrl: server.baseUrl,
    dataDirectory: join(folder, 'fleet'),
    cabinets: data.cabinets.map(({ code }) => ({
      code,
      enrolmentCode: codes.get(code) ?? '',
      isSelling: sellingCodes.includes(code),
    })),
  })
  await connected
  return {
    data,
    server,
    folder,
    databaseUrl,
    sellingCodes,
    shelf: (code) => data.shelves.get(code) ?? [],
    order: (order) => fleet.order(order),
    async signIn(login) {
      const api = createApiClient(server.baseUrl)
      await api.signIn(login, data.accounts.find((account) => account.login === login)?.password ?? '')
      return api
    },
    [Symbol.asyncDispose]: () => parts[Symbol.asyncDispose](),
  }
}
