// The commerce routes on a Fastify app of their own, over a market. Who calls is said by a header instead of a sign-in.
import type { FastifyInstance } from 'fastify'
import Fastify from 'fastify'
import type { Problem, Role } from '#shared/contracts/http/route.ts'
import type { Clock } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { readServerConfig } from '#server/config/server-config.ts'
import type { Effect, ServerContext } from '#server/context.ts'
import type { Database } from '#server/db/database.ts'
import { asRefusal, problemOf } from '#server/http/problem.ts'
import { nouns } from '#server/nouns.ts'
import { openDeps } from './market.ts'
import { testSealer } from './test-sealer.ts'

export interface Caller {
  readonly accountId: string
  readonly roles: readonly Role[]
  readonly householdCode?: string | undefined
  readonly areaCode?: string | undefined
  readonly mustAddSecondFactor?: boolean | undefined
}

export interface CommerceApi extends AsyncDisposable {
  readonly performed: Effect[]
  call(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH',
    url: string,
    who: Caller,
    body?: unknown,
  ): Promise<{ status: number; body: unknown }>
  /** Gets a file. */
  download(url: string, who: Caller): Promise<{ mediaType: string; bytes: Buffer }>
}

export async function startCommerceApi(database: Database, clock: Clock = systemClock): Promise<CommerceApi> {
  const app: FastifyInstance = Fastify()
  const performed: Effect[] = []
  app.decorate('publicUrl', undefined)
  app.decorateRequest('account', undefined)
  app.decorate('authenticate', (request) => {
    const said = request.headers['x-test-account']
    if (typeof said !== 'string') return Promise.resolve(undefined)
    const { accountId, roles, householdCode, areaCode, mustAddSecondFactor = false } = JSON.parse(said) as Caller
    return Promise.resolve({
      accountId,
      sessionId: accountId,
      login: 'test',
      displayName: 'test',
      roles,
      hostSiteId: undefined,
      householdCode,
      areaCode,
      mustChangePassword: false,
      hasSecondFactor: false,
      mustAddSecondFactor,
    })
  })
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(asRefusal(error), request.id)
    return reply.code(problem.status).send(problem)
  })
  const ctx = {
    config: readServerConfig({}),
    database,
    clock,
    signer: openDeps.signer,
    sealer: testSealer,
    perform: (effects: readonly Effect[]) => void performed.push(...effects),
  } as unknown as ServerContext
  for (const noun of nouns) noun.routes?.(app, ctx)
  await app.ready()
  return {
    performed,
    async call(method, url, who, body) {
      const reply = await app.inject({
        method,
        url,
        headers: {
          'x-test-account': JSON.stringify(who),
          ...(body instanceof Uint8Array ? { 'content-type': 'application/octet-stream' } : {}),
        },
        ...(body === undefined ? {} : { payload: body instanceof Uint8Array ? Buffer.from(body) : (body as object) }),
      })
      return { status: reply.statusCode, body: reply.body === '' ? undefined : reply.json<unknown>() }
    },
    async download(url, who) {
      const reply = await app.inject({ method: 'GET', url, headers: { 'x-test-account': JSON.stringify(who) } })
      return { mediaType: String(reply.headers['content-type']), bytes: reply.rawPayload }
    },
    [Symbol.asyncDispose]: () => app.close(),
  }
}

export function problem(reply: { readonly body: unknown }): Pick<Problem, 'code' | 'field'> {
  const { code, field } = reply.body as Problem
  return field === undefined ? { code } : { code, field }
}
