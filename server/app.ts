// The composition root: builds the server from its configuration and ends it in order. Tests and the demo hand in their own
// clock, database or log through `overrides`; nothing below this file makes one.
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { pino, type Logger } from 'pino'
import { type Random, systemRandom } from '#shared/ids/random.ts'
import type { CancelTimer, Clock } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { ensureDefaultPlan } from './attribution/revenue-plans.ts'
import { redactUrl, type ServerConfig } from './config/server-config.ts'
import type { Effect, ServerContext } from './context.ts'
import type { Database } from './db/database.ts'
import { openDatabase } from './db/open-database.ts'
import { rows } from './db/unit.ts'
import { registerDocuments } from './documents/routes.ts'
import { buildHttpApp } from './http/http-app.ts'
import { LiveHub } from './http/live-hub.ts'
import { Metrics } from './http/metrics.ts'
import { registerPages } from './http/pages.ts'
import type { MutationWatch } from './http/register-route.ts'
import { ensureFirstAdmin, type FirstAdmin } from './identity/ensure-first-admin.ts'
import { findAccountOfCookie } from './identity/routes.ts'
import { sessionCookie } from './identity/session-cookie.ts'
import { removeExpiredSignIns } from './identity/sign-in.ts'
import { openCommandSigner } from './mqtt/command-key.ts'
import { FleetLine } from './mqtt/fleet-line.ts'
import { openSealer } from './personal-data/open-sealer.ts'
import { publishReceipt } from './sessions/publish-receipt.ts'
import { nouns, type Job, type Noun } from './nouns.ts'

export interface AppOverrides {
  readonly clock?: Clock
  readonly random?: Random
  readonly logger?: Logger
  /** Used and left open instead of one opened from the configuration. */
  readonly database?: Database
  /** Default: the product's nouns. */
  readonly nouns?: readonly Noun[]
  /** Registers more on the HTTP app, before the pages. */
  readonly extendHttp?: (app: FastifyInstance) => void | Promise<void>
  /** Stands around every mutation that must leave an audit row. */
  readonly watchMutation?: MutationWatch
}

export interface App extends AsyncDisposable {
  readonly ctx: ServerContext
  /** Where HTTP listens, e.g. http://127.0.0.1:8080. */
  readonly httpUrl: string
  /** Where cabinets find the broker. */
  readonly mqttUrl: string
  /** The administrator made at the first start; its password is shown nowhere else. */
  readonly firstAdmin: FirstAdmin | undefined
}

/** Secrets that a log line could carry by accident. */
const redacted = ['req.headers.cookie', 'req.headers.authorization', '*.password', '*.passwordHash', '*.enrolmentCode']

/** Writes to process.stdout itself: pino's own stream throws in an exit handler when the pipe is closed, and nothing ends. */
export function makeLogger(level: string): Logger {
  return pino({ level, redact: { paths: redacted, censor: '***' }, base: null }, process.stdout)
}

const platformJobs = (line: FleetLine): readonly Job[] => [
  { name: 'end unanswered commands', intervalMs: 1_000, run: () => line.sweepCommands() },
  {
    name: 'remove expired sign-ins',
    intervalMs: 600_000,
    run: async ({ database }) => void (await database.run(removeExpiredSignIns)),
  },
]

/** Runs jobs one after another with a pause between turns; returns what stops them and waits for the one under way. */
function startJobs(ctx: ServerContext, jobs: readonly Job[]): () => Promise<void> {
  const stopping = new AbortController()
  const cancels = new Map<Job, CancelTimer>()
  const running = new Map<Job, Promise<void>>()
  const turn = (job: Job) => {
    const work = job
      .run(ctx, stopping.signal)
      .catch((error: unknown) => {
        if (!stopping.signal.aborted) ctx.logger.error({ err: error, job: job.name }, 'a job failed')
      })
      .finally(() => {
        running.delete(job)
        if (!stopping.signal.aborted)
          cancels.set(
            job,
            ctx.clock.setTimer(job.intervalMs, () => turn(job)),
          )
      })
    running.set(job, work)
  }
  for (const job of jobs)
    cancels.set(
      job,
      ctx.clock.setTimer(job.intervalMs, () => turn(job)),
    )
  return async () => {
    stopping.abort()
    for (const cancel of cancels.values()) cancel()
    await Promise.all(running.values())
  }
}

/** Does effects: pages of this process at once, cabinets and other processes through the line. */
function makePerform(
  parts: Pick<ServerContext, 'hub' | 'database' | 'logger' | 'metrics'>,
  late: { line?: FleetLine },
) {
  const { hub, logger, metrics } = parts
  return (effects: readonly Effect[]) => {
    for (const effect of effects) {
      if (effect.kind === 'live') hub.publish(effect.accountId, effect.update)
      if (effect.kind === 'sign-out') hub.signOut(effect.accountId, { except: effect.exceptSessionId })
      if (effect.kind === 'receipt')
        publishReceipt(parts, effect).catch((error: unknown) => {
          metrics.effectFailures.inc({ kind: effect.kind })
          logger.warn({ err: error }, 'a receipt could not be shown')
        })
      late.line?.perform(effect)
    }
  }
}

const builtPages = () =>
  `${process.env['HUINONG_ROOT'] ?? fileURLToPath(new URL('..', import.meta.url))}/server/web/dist`

async function openHttp(ctx: ServerContext, line: FleetLine, overrides: AppOverrides): Promise<FastifyInstance> {
  const { config, database } = ctx
  const app = await buildHttpApp(ctx, {
    authenticate: (request) => findAccountOfCookie(ctx, request.cookies[sessionCookie]),
    watchMutation: overrides.watchMutation,
    findUnready: async () => {
      const isDatabaseUp = await database
        .read(({ db, tables }) => rows(db.select().from(tables.serverKeys).limit(1)))
        .then(
          () => true,
          () => false,
        )
      return [...(isDatabaseUp ? [] : ['database']), ...(line.isConnected ? [] : ['broker'])]
    },
  })
  for (const { routes } of overrides.nouns ?? nouns) routes?.(app, ctx)
  registerDocuments(app, ctx)
  await overrides.extendHttp?.(app)
  await registerPages(app, config.webDirectory ?? builtPages())
  await app.listen({ host: config.http.host, port: config.http.port })
  return app
}

/** Ends parts in reverse order; one that fails to end does not keep the others from it. */
async function endAll(ends: ReadonlyArray<() => unknown>, logger: Logger): Promise<void> {
  for (const end of ends.toReversed()) {
    try {
      await end()
    } catch (error) {
      logger.error({ err: error }, 'a part did not end well')
    }
  }
}

/** Builds and starts everything; when a part fails, those before it are ended again. */
export async function createApp(config: ServerConfig, overrides: AppOverrides = {}): Promise<App> {
  const { logger = makeLogger(config.logLevel) } = overrides
  const ends: Array<() => unknown> = []
  try {
    return await assemble(config, overrides, logger, ends)
  } catch (error) {
    await endAll(ends, logger)
    throw error
  }
}

async function assemble(
  config: ServerConfig,
  overrides: AppOverrides,
  logger: Logger,
  ends: Array<() => unknown>,
): Promise<App> {
  const { clock = systemClock, random = systemRandom } = overrides
  await mkdir(config.dataDirectory, { recursive: true })
  const onError = (error: Error) => logger.warn({ err: error }, 'database')
  const database = overrides.database ?? (await openDatabase({ url: config.databaseUrl, clock, random, onError }))
  if (overrides.database === undefined) ends.push(() => database.close())
  const signer = await openCommandSigner(database, config.commandKeyFile)
  const sealer = await openSealer(database, config.dataKeys)
  const metrics = new Metrics()
  const hub = new LiveHub(clock, metrics)
  const late: { line?: FleetLine } = {}
  const perform = makePerform({ hub, database, logger, metrics }, late)
  const mqttUrl = () => late.line?.url ?? ''
  const ctx: ServerContext = { config, database, clock, random, logger, metrics, hub, signer, sealer, perform, mqttUrl }
  const firstAdmin = await ensureFirstAdmin(database, random)
  await database.run(ensureDefaultPlan)
  const taken = overrides.nouns ?? nouns
  const line = new FleetLine(ctx, taken)
  late.line = line
  ends.push(() => line[Symbol.asyncDispose]())
  await line.open()
  ends.push(startJobs(ctx, [...platformJobs(line), ...taken.flatMap(({ jobs }) => jobs ?? [])]))
  const http = await openHttp(ctx, line, overrides)
  ends.push(() => http.close())
  ends.push(() => hub.close())
  const { port } = http.server.address() as AddressInfo
  const host = config.http.host === '0.0.0.0' || config.http.host === '::' ? '127.0.0.1' : config.http.host
  const httpUrl = `http://${host}:${port}`
  logger.info({ httpUrl, mqttUrl: line.url, database: redactUrl(config.databaseUrl) }, 'the server listens')
  let ending: Promise<void> | undefined
  return {
    ctx,
    httpUrl,
    mqttUrl: line.url,
    firstAdmin,
    [Symbol.asyncDispose]: () => (ending ??= endAll(ends, logger)),
  }
}
