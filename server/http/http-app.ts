// Builds the Fastify app that the nouns register on: errors as problem details, request ids, security headers without
// unsafe-inline, rate limit, cookies, the WebSocket at /api/live, health, readiness, metrics and the pages.
import { timingSafeEqual } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import cookie from '@fastify/cookie'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import websocket from '@fastify/websocket'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import { makeId } from '#shared/ids/uuid-v7.ts'
import type { TlsOptions } from '../config/read-tls.ts'
import type { ServerContext } from '../context.ts'
import { RefusalError } from '../errors/refusal.ts'
import { checkOrigin } from './origin.ts'
import { asRefusal, problemMediaType, problemOf } from './problem.ts'
import { checkAccess, type MutationWatch, type SignedIn } from './register-route.ts'

/** Most bytes of a request body, unless a route says otherwise. */
const bodyLimitBytes = 262_144
/** A page says nothing on its WebSocket, so what it may say is small. */
const maxPageMessageBytes = 1_024
const requestTimeoutMs = 30_000
/** A connection on which nothing moves for so long ends: what a client asked for and does not read is memory of ours. */
const stalledAfterMs = 60_000
/** Supervisors ask often and from one address. */
const unlimitedUrls: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics'])

export interface HttpAppOptions {
  readonly authenticate: (request: FastifyRequest) => Promise<SignedIn | undefined>
  /** Names what is not ready yet; empty when everything is. */
  readonly findUnready: () => Promise<readonly string[]>
  readonly watchMutation: MutationWatch | undefined
  /** Undefined: plain HTTP. */
  readonly tls: TlsOptions | undefined
}

/** Content of the pages comes from us alone; `data:` is for fonts and pictures that bundlers inline. */
const contentSecurityPolicy = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'self'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'", 'data:', 'blob:'],
    fontSrc: ["'self'", 'data:'],
    connectSrc: ["'self'"],
    objectSrc: ["'none'"],
    baseUri: ["'none'"],
    formAction: ["'self'"],
    // The virtual cabinet shows the buyer's page beside it.
    frameAncestors: ["'self'"],
  },
}

async function registerPlugins(app: FastifyInstance, ctx: ServerContext): Promise<void> {
  await app.register(helmet, { contentSecurityPolicy, hsts: ctx.config.http.isHttps, crossOriginEmbedderPolicy: false })
  await app.register(rateLimit, {
    global: false,
    max: ctx.config.http.requestsPerMinute,
    timeWindow: 60_000,
    errorResponseBuilder: (_request, context) =>
      new RefusalError('request.too_many', undefined, { facts: { retryAfterMs: context.ttl } }),
  })
  // For all requests, unknown addresses included, and before anything looks at who is calling.
  const limit = app.rateLimit()
  app.addHook('onRequest', async function (request, reply) {
    if (!unlimitedUrls.has(request.url)) await limit.call(app, request, reply)
  })
  await app.register(cookie)
  await app.register(websocket, {
    options: { maxPayload: maxPageMessageBytes, perMessageDeflate: false },
  })
}

/** Whatever went wrong, as problem details. */
function answerError(ctx: ServerContext, error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const refusal = asRefusal(error)
  const problem = problemOf(refusal, request.id)
  ctx.metrics.refusals.inc({ code: problem.code })
  if (refusal === undefined) request.log.error({ err: error }, 'request failed')
  else request.log[refusal.row.log]({ code: refusal.code, detail: refusal.message }, 'request refused')
  if (refusal?.row.status === 429) {
    const retryAfterMs = Number(refusal.facts['retryAfterMs'] ?? 60_000)
    void reply.header('retry-after', Math.ceil(retryAfterMs / 1_000))
  }
  return reply.code(problem.status).header('cache-control', 'no-store').type(problemMediaType).send(problem)
}

/** Answers what could not even be read as HTTP, where there is no request yet and no reply, and ends the connection. */
function answerUnreadable(ctx: ServerContext, error: Error & { code?: string }, socket: Socket): void {
  // The other end is gone, or the answer has begun: nothing can be said any more.
  if (error.code === 'ECONNRESET' || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy()
    return
  }
  const refusal = new RefusalError(error.code === 'HPE_HEADER_OVERFLOW' ? 'request.too_large' : 'request.malformed')
  const problem = problemOf(refusal, makeId(ctx.clock, ctx.random))
  ctx.metrics.refusals.inc({ code: problem.code })
  ctx.logger.debug({ err: error }, 'a connection that speaks no HTTP')
  const body = JSON.stringify(problem)
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
    `content-type: ${problemMediaType}; charset=utf-8`,
    `content-length: ${Buffer.byteLength(body)}`,
    'cache-control: no-store',
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

function registerHealth(app: FastifyInstance, ctx: ServerContext, options: HttpAppOptions): void {
  app.get('/healthz', () => ({ status: 'ok' }))
  app.get('/readyz', async (_request, reply) => {
    const missing = await options.findUnready()
    return reply.code(missing.length === 0 ? 200 : 503).send({ isReady: missing.length === 0, missing })
  })
  const { metricsToken } = ctx.config.http
  app.get('/metrics', async (request, reply) => {
    if (metricsToken !== undefined) {
      const given = Buffer.from(request.headers.authorization ?? '')
      const wanted = Buffer.from(`Bearer ${metricsToken}`)
      if (given.length !== wanted.length || !timingSafeEqual(given, wanted))
        throw new RefusalError('identity.not_signed_in')
    }
    return reply.type(ctx.metrics.registry.contentType).send(await ctx.metrics.registry.metrics())
  })
}

/** The WebSocket that carries a signed-in person's own updates; a LiveUpdate per message, `hello` first. */
function registerLive(app: FastifyInstance, ctx: ServerContext): void {
  app.route({
    method: 'GET',
    url: '/api/live',
    onRequest: async (request) => {
      checkOrigin(request, app.publicUrl)
      request.account = await app.authenticate(request)
      checkAccess('signed-in', request.account)
    },
    handler: () => {
      throw new RefusalError('request.malformed', 'This address speaks WebSocket only.')
    },
    wsHandler: (socket, request) => {
      const { account } = request
      if (account === undefined) socket.terminate()
      else ctx.hub.add(account.accountId, account.sessionId, socket)
    },
  })
}

/**
 * A proxy adds the address that it sees behind those that it was told, so that of one proxy only the last counts: what stands
 * before it a caller may have written.
 */
function trustOf(proxies: ServerContext['config']['http']['proxies']) {
  if (proxies === 'none') return false
  return proxies === 'nearest' ? (_address: string, hop: number) => hop === 0 : [...proxies]
}

/** Builds the app without nouns and pages; nothing listens yet. */
export async function buildHttpApp(ctx: ServerContext, options: HttpAppOptions): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify({
    // The app is the same to everybody who registers on it, whichever server is below.
    ...(options.tls === undefined ? {} : ({ https: options.tls } as object)),
    loggerInstance: ctx.logger as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: bodyLimitBytes,
    requestTimeout: requestTimeoutMs,
    connectionTimeout: stalledAfterMs,
    trustProxy: trustOf(ctx.config.http.proxies),
    exposeHeadRoutes: false,
    genReqId: () => makeId(ctx.clock, ctx.random),
    forceCloseConnections: true,
    // An address that cannot be read fails before any handler of ours.
    frameworkErrors: (error, request, reply) => {
      void answerError(ctx, error, request, reply)
    },
    clientErrorHandler: (error, socket) => answerUnreadable(ctx, error, socket),
  })
  app.decorate('authenticate', options.authenticate)
  app.decorate('publicUrl', ctx.config.http.publicUrl)
  app.decorate('watchMutation', options.watchMutation)
  app.decorateRequest('account', undefined)
  app.removeContentTypeParser('text/plain')
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('x-request-id', request.id)
  })
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none'
    ctx.metrics.httpSeconds.observe(
      { method: request.method, route, status: reply.statusCode },
      reply.elapsedTime / 1_000,
    )
    request.log.debug({ route, status: reply.statusCode, elapsedMs: reply.elapsedTime }, 'request done')
  })
  app.setErrorHandler((error, request, reply) => answerError(ctx, error, request, reply))
  await registerPlugins(app, ctx)
  registerHealth(app, ctx, options)
  registerLive(app, ctx)
  return app
}
