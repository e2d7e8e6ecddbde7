// Keeps other sites' pages from acting with a person's cookie: beside SameSite=Strict, a mutation or WebSocket that a
// browser sends carries its page's Origin, which has to be ours. Callers that are no browsers send none.
import type { FastifyRequest } from 'fastify'
import { RefusalError } from '../errors/refusal.ts'

/** Refuses a request whose Origin is another site's. */
export function checkOrigin(request: FastifyRequest, publicUrl: string | undefined): void {
  const { origin } = request.headers
  if (request.headers['sec-fetch-site'] === 'cross-site') throw new RefusalError('request.origin_foreign')
  if (origin === undefined) return
  let host: string
  try {
    host = new URL(origin).host
  } catch {
    throw new RefusalError('request.origin_foreign')
  }
  if (host === request.host) return
  if (publicUrl !== undefined && host === new URL(publicUrl).host) return
  throw new RefusalError('request.origin_foreign')
}
