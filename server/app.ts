// The composition root: builds the server from its configuration and ends it in order. Tests and the demo hand in their own
// clock, database or log through `overrides`; nothing below this file makes one.
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { pino, type Logger } from 'pino'
import { type Random, systemRandom } from '#shared/ids/random.ts'
import type { Clock } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { ensureDefaultPlan } from './attribution/revenue-plans.ts'
import { openCommandSigner } from './command-keys/open-signer.ts'
import { readTls, type TlsOptions } from './config/read-tls.ts'
import { redactUrl, type ServerConfig } from './config/server-config.ts'
import { startCore } from './core.ts'
import type { ServerContext } from './context.ts'
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
import { forgetPhoneLogins } from './identity/forget-phone-logins.ts'
import { findCaller } from './identity/routes.ts'
import { sessionCookieOf } from './identity/session-cookie.ts'
import type { FleetLine } from './mqtt/fleet-line.ts'
import { pauseTakenBack } from './payouts/follow-consent.ts'
import { maskNumbersInJson } from './personal-data/mask-numbers.ts'
import { openSealer } from './personal-data/open-sealer.ts'
import { nouns, type Noun } from './nouns.ts'

export interface AppOverrides {
  readonly clock?: Clock
  readonly random?: Random
  readonly logger?: Logger
  /** Used and left open instead of one opened from the configuration. */
  readonly database?: Database
  /** The file this runs from, which works as a thread too (main.ts). */
  readonly program?: URL
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

/** Numbers of people are masked in every line. Writes to process.stdout itself: pino's own stream throws in an exit handler when the pipe is closed, and nothing ends. */
export function makeLogger(level: string, destination: NodeJS.WritableStream = process.stdout): Logger {
  const hooks = { streamWrite: maskNumbersInJson }
  return pino({ level, redact: { paths: redacted, censor: '***' }, base: null, hooks }, destination)
}

const builtPages = () =>
  `${process.env['HUINONG_ROOT'] ?? fileURLToPath(new URL('..', import.meta.url))}/server/web/dist`

async function openHttp(
  ctx: ServerContext,
  line: FleetLine,
  overrides: AppOverrides,
  tls: TlsOptions | undefined,
): Promise<FastifyInstance> {
  const { config, database } = ctx
  const app = await buildHttpApp(ctx, {
    authenticate: (request) => findCaller(ctx, request),
    watchMutation: overrides.watchMutation,
    tls,
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
  await registerPages(app, config.webDirectory ?? builtPages(), sessionCookieOf(config.http))
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
  const tls = config.tls === undefined ? undefined : await readTls(config.tls)
  await mkdir(config.dataDirectory, { recursive: true })
  const onError = (error: Error) => logger.warn({ err: error }, 'database')
  const database = overrides.database ?? (await openDatabase({ url: config.databaseUrl, clock, random, onError }))
  if (overrides.database === undefined) ends.push(() => database.close())
  const signer = await openCommandSigner(database, config.commandKeyFile)
  const sealer = await openSealer(database, config.dataKeys)
  const metrics = new Metrics()
  const hub = new LiveHub(clock, metrics)
  const forgotten = await forgetPhoneLogins(database, sealer)
  if (forgotten > 0)
    logger.info({ forgotten }, 'logins that were phone numbers are neutral now; their owners sign in as before')
  const paused = await pauseTakenBack(database)
  if (paused > 0) logger.warn({ paused }, 'payee accounts of households that took their consent back are paused now')
  const firstAdmin = await ensureFirstAdmin(database, random)
  await database.run(ensureDefaultPlan)
  const taken = overrides.nouns ?? nouns
  const { program } = overrides
  const parts = { config, database, clock, random, logger, metrics, hub, signer, sealer, program }
  const { ctx, line } = await startCore(parts, { nouns: taken, ends, tls })
  const http = await openHttp(ctx, line, overrides, tls)
  ends.push(() => http.close())
  ends.push(() => hub.close())
  const { port } = http.server.address() as AddressInfo
  const host = config.http.host === '0.0.0.0' || config.http.host === '::' ? '127.0.0.1' : config.http.host
  const httpUrl = `${tls === undefined ? 'http' : 'https'}://${host}:${port}`
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
