// Serves the API documents, made once from the contracts the server runs on.
import type { FastifyInstance } from 'fastify'
import { routes } from '#shared/contracts/http/api.ts'
import type { ServerContext } from '../context.ts'
import { sessionCookieOf } from '../identity/session-cookie.ts'
import { makeAsyncApi } from './asyncapi.ts'
import { makeOpenApi } from './openapi.ts'

export function registerDocuments(app: FastifyInstance, ctx: ServerContext): void {
  const { http } = ctx.config
  let openApi: object | undefined
  let asyncApi: object | undefined
  app.get('/api/openapi.json', () => (openApi ??= makeOpenApi(routes, sessionCookieOf(http), http.publicUrl)))
  app.get('/api/asyncapi.json', () => (asyncApi ??= makeAsyncApi(ctx.mqttUrl())))
}
