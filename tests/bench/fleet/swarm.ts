// The server as a process of its own with SQLite on disk, and simulated cabinets connected to it from another process.
import { fork, type ChildProcess } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eq, inArray } from 'drizzle-orm'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { systemRandom } from '#shared/ids/random.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { addCabinets, addHostSites } from '#server/cabinets/register-cabinets.ts'
import type { Database } from '#server/db/database.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { exec, rows, type Unit, type UnitContext } from '#server/db/unit.ts'
import { createApiClient, type ApiClient } from '#server/demo/api-client.ts'
import { createClosing, type Closing } from '#server/demo/closing.ts'
import { chooseFreePort } from '#server/demo/demo-file.ts'
import { createWaiters } from '#server/demo/waiters.ts'
import { addAccounts } from '#server/identity/add-accounts.ts'
import { hashOneTimePassword } from '#server/identity/password.ts'
import { createServerProcess, type ServerProcess } from '#tests/support/server-process.ts'
import { bundleEntry } from '../../../.tools/bundle.mjs'
import type { SwarmHabit, SwarmOrder, SwarmReport } from './swarm-messages.ts'

export interface SwarmOptions {
  readonly cabinetCount: number
  /** Of the cabinet at this place; without it all obey. */
  readonly habitOf?: (index: number) => SwarmHabit
  /** Puts goods and the like into the database before the server starts. */
  readonly prepare?: (ctx: UnitContext, cabinetIds: readonly Id[]) => Unit<void>
}

export interface Swarm extends AsyncDisposable {
  readonly server: ServerProcess
  readonly operator: ApiClient
  readonly cabinetIds: readonly Id[]
  /** How long all of them took to connect, ms. */
  readonly connectedInMs: number
  order(order: SwarmOrder): void
  next<K extends SwarmReport['kind']>(kind: K): Promise<Extract<SwarmReport, { kind: K }>>
  /** What the server keeps of each cabinet, read beside it. */
  read<T>(unit: (ctx: UnitContext) => Unit<T>): Promise<T>
  /** Sum of a counter of the server over its labels that hold these words. */
  metric(name: string, labels?: string): Promise<number>
}

const password = 'swarm-huinong'
const answerTimeoutMs = 900_000
const cabinetsPerSite = 100

function* seedCabinets(ctx: UnitContext, publicKeys: readonly string[]): Unit<Id[]> {
  const { cabinets: t } = ctx.tables
  const sites = yield* addHostSites(
    ctx,
    Array.from({ length: Math.ceil(publicKeys.length / cabinetsPerSite) }, (_, index) => ({
      name: `点位 ${index}`,
      kind: 'hospital' as const,
      address: '渝北区',
      joinCode: `SWARM-${index}`,
    })),
  )
  const cabinetIds = yield* addCabinets(
    ctx,
    publicKeys.map((_, index) => ({
      code: `YB-${String(index + 1).padStart(5, '0')}`,
      hostSiteId: sites[Math.floor(index / cabinetsPerSite)]?.hostSiteId ?? '',
      rolloutState: 'live' as const,
    })),
  )
  const enrolledAtMs = ctx.now()
  for (const [index, cabinetId] of cabinetIds.entries()) {
    const publicKey = publicKeys[index] ?? ''
    yield* exec(ctx.db.update(t).set({ publicKey, enrolledAtMs }).where(eq(t.cabinetId, cabinetId)))
  }
  return cabinetIds
}

async function seed(database: Database, options: SwarmOptions, publicKeys: readonly string[]): Promise<Id[]> {
  const passwordHash = await hashOneTimePassword(password)
  return await database.run(function* (ctx) {
    const operator = { login: 'operator', displayName: '运营', roles: ['operator', 'admin'] as const }
    yield* addAccounts(ctx, [{ ...operator, passwordHash, mustChangePassword: false }])
    const cabinetIds = yield* seedCabinets(ctx, publicKeys)
    yield* options.prepare?.(ctx, cabinetIds) ?? nothing()
    return cabinetIds
  })
}

// eslint-disable-next-line require-yield
function* nothing(): Unit<void> {}

/** The swarm's process; ends with the bench. */
function startSwarm(entry: string, parts: Closing) {
  const child: ChildProcess = fork(entry, { execArgv: ['--enable-source-maps'] })
  const waiters = createWaiters<SwarmReport>(systemClock)
  child.on('message', (report: SwarmReport) => {
    if (report.kind === 'failed') waiters.end(new Error(`the cabinets failed: ${report.why}`))
    else waiters.offer(report)
  })
  child.on('exit', (code) => waiters.end(new Error(`the cabinets' process ended with ${code}`)))
  parts.defer(async () => {
    child.removeAllListeners('exit')
    child.disconnect()
    await Promise.resolve()
  })
  return {
    order: (order: SwarmOrder) => void child.send(order),
    next: <K extends SwarmReport['kind']>(kind: K) =>
      waiters.wait((report) => report.kind === kind, answerTimeoutMs, kind) as Promise<
        Extract<SwarmReport, { kind: K }>
      >,
  }
}

export async function gatherSwarm(options: SwarmOptions): Promise<Swarm> {
  const parts = createClosing()
  try {
    return await assemble(options, parts)
  } catch (error) {
    await parts[Symbol.asyncDispose]()
    throw error
  }
}

async function assemble(options: SwarmOptions, parts: Closing): Promise<Swarm> {
  const folder = await mkdtemp(join(tmpdir(), 'huinong-swarm-'))
  parts.defer(() => rm(folder, { recursive: true, force: true }))
  const databaseUrl = `sqlite:${join(folder, 'huinong.db')}`
  const database = await openDatabase({ url: databaseUrl, clock: systemClock, random: systemRandom })
  parts.defer(() => database.close())
  const keys = Array.from({ length: options.cabinetCount }, () => generateKeyPairSync('ed25519'))
  const publicKeys = keys.map(({ publicKey }) => publicKey.export({ type: 'spki', format: 'der' }).toString('base64'))
  const cabinetIds = await seed(database, options, publicKeys)
  const [entry, swarmEntry] = await Promise.all([
    bundleEntry('server/main.ts', { isWhole: true }),
    bundleEntry('tests/bench/fleet/swarm-main.ts'),
  ])
  const [httpPort, mqttPort] = await Promise.all([chooseFreePort(), chooseFreePort()])
  const environment = { HUINONG_SECOND_FACTOR_ROLES: '' }
  const server = parts.use(
    createServerProcess({ entry, databaseUrl, dataDirectory: folder, httpPort, mqttPort, environment }),
  )
  await server.start()
  const operator = createApiClient(server.baseUrl)
  await operator.signIn('operator', password)
  const swarm = startSwarm(swarmEntry, parts)
  const connected = swarm.next('connected')
  swarm.order({
    do: 'start',
    host: '127.0.0.1',
    port: mqttPort,
    cabinets: cabinetIds.map((cabinetId, index) => ({
      cabinetId,
      key: keys[index]?.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() ?? '',
      habit: options.habitOf?.(index) ?? 'obeys',
    })),
  })
  const { tookMs } = await connected
  return {
    server,
    operator,
    cabinetIds,
    connectedInMs: tookMs,
    ...swarm,
    read: (unit) => database.read(unit),
    metric: (name, labels = '') => readMetric(server.baseUrl, name, labels),
    [Symbol.asyncDispose]: () => parts[Symbol.asyncDispose](),
  }
}

async function readMetric(baseUrl: string, name: string, labels: string): Promise<number> {
  const text = await (await fetch(`${baseUrl}/metrics`)).text()
  return text
    .split('\n')
    .filter((line) => (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) && line.includes(labels))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

/** What was last kept of these cabinets. */
export function* statusesOf({ db, tables: { cabinetStatuses: t } }: UnitContext, cabinetIds: readonly Id[]) {
  const found = []
  for (let from = 0; from < cabinetIds.length; from += 500) {
    const part = cabinetIds.slice(from, from + 500)
    found.push(
      ...(yield* rows(
        db
          .select({ cabinetId: t.cabinetId, reported: t.reported, telemetry: t.telemetry, isOnline: t.isOnline })
          .from(t)
          .where(inArray(t.cabinetId, part)),
      )),
    )
  }
  return found
}
