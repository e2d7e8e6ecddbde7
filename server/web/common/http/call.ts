// The one HTTP client of the pages: calls a route of the contracts by the contract itself, so paths, requests and
// replies cannot drift from the server's. Replies are validated; whatever goes wrong becomes a CallError.
import type { z } from 'zod'
import { Problem, type RouteContract, type RouteReply, type RouteRequest } from '#shared/contracts/http/route.ts'
import { CallError } from './call-error.ts'

type Needed<R extends RouteContract> = {
  [K in keyof RouteRequest<R> as RouteRequest<R>[K] extends undefined ? never : K]: RouteRequest<R>[K]
}
/** Exactly the parts a route asks for: `call(route)` when it asks for none. */
export type CallArguments<R extends RouteContract> = keyof Needed<R> extends never ? [] : [request: Needed<R>]
export type Call = <R extends RouteContract>(route: R, ...request: CallArguments<R>) => Promise<RouteReply<R>>

type Plain = string | number | boolean | undefined
interface LooseRequest {
  params?: Record<string, Plain>
  query?: Record<string, Plain>
  body?: unknown
}

/** `/api/cabinets/:cabinetId?limit=5` with its parameters filled in. Undefined and empty query values are left out. */
export function urlOf(route: RouteContract, request: LooseRequest): string {
  const path = route.path.replaceAll(/:(\w+)/g, (_, name: string) =>
    encodeURIComponent(String(request.params?.[name] ?? '')),
  )
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(request.query ?? {})) {
    if (value !== undefined && value !== '') query.set(name, String(value))
  }
  const text = query.toString()
  return text === '' ? path : `${path}?${text}`
}

async function problemOf(response: Response): Promise<CallError> {
  const parsed = Problem.safeParse(await response.json().catch(() => undefined))
  if (parsed.success) return new CallError('problem', parsed.data.code, response.status, parsed.data)
  return new CallError('problem', `http.${response.status}`, response.status)
}

export interface CallOptions {
  readonly fetch: typeof globalThis.fetch
  /** Called when the server no longer knows who is signed in. */
  readonly onSignedOut: () => void
}

export function createCall({ fetch, onSignedOut }: CallOptions): Call {
  return async (route, ...[given]) => {
    const request = (given ?? {}) as LooseRequest
    const { body } = request
    const isFile = body instanceof Uint8Array
    const mediaType = isFile ? 'application/octet-stream' : 'application/json'
    const response = await fetch(urlOf(route, request), {
      method: route.method,
      credentials: 'same-origin',
      headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': mediaType }) },
      ...(body === undefined ? {} : { body: isFile ? (body as Uint8Array<ArrayBuffer>) : JSON.stringify(body) }),
    }).catch(() => {
      throw new CallError('offline', 'network.offline')
    })
    if (!response.ok) {
      const error = await problemOf(response)
      if (response.status === 401) onSignedOut()
      throw error
    }
    const payload: unknown = response.status === 204 ? undefined : await response.json().catch(() => undefined)
    const parsed = (route.reply as z.ZodType<RouteReply<typeof route>>).safeParse(payload)
    if (!parsed.success) throw new CallError('contract', 'contract.reply_invalid', response.status)
    return parsed.data
  }
}
