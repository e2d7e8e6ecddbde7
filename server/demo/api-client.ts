/**
 * A caller of the product's own HTTP API, as the pages are one: typed by the route contracts, with the session cookie kept.
 * The demo's shoppers and restockers, the end-to-end tests and the benchmarks act through it and through nothing else.
 */
import { WebSocket } from 'ws'
import type { z } from 'zod'
import { signIn } from '#shared/contracts/http/identity.ts'
import { Problem, type RouteContract, type RouteReply } from '#shared/contracts/http/route.ts'
import { LiveUpdate } from '#shared/contracts/http/sessions.ts'
import type { Clock } from '#shared/time/clock.ts'
import { createWaiters } from './waiters.ts'

type Part = 'params' | 'query' | 'body'
/** What a route takes: only the parts it has. */
export type ApiRequest<R extends RouteContract> = {
  [K in Part as R extends Record<K, z.ZodType> ? K : never]: R extends Record<K, infer S extends z.ZodType>
    ? z.input<S>
    : never
}

/** The server said no: its problem document, or its bare status when it sent none. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem'
  readonly status: number
  readonly code: string

  constructor(status: number, problem: Problem | undefined, where: string) {
    super(`${where}: ${status} ${problem?.code ?? ''} ${problem?.detail ?? problem?.title ?? ''}`.trim())
    this.status = status
    this.code = problem?.code ?? 'unknown'
  }
}

export interface ApiClient {
  /** Calls a route; rejects with ApiProblem when the server refuses. */
  call<R extends RouteContract>(route: R, request: ApiRequest<R>): Promise<RouteReply<R>>
  signIn(login: string, password: string): Promise<void>
  /** Opens the WebSocket of this person's own updates; resolves once the server has said hello. */
  openLive(clock: Clock): Promise<Live>
}

/** A person's own updates as they come. */
export interface Live extends Disposable {
  /** The latest updates, oldest first; bounded. */
  readonly updates: readonly LiveUpdate[]
  /** Resolves with the first update that fits, among the kept ones and those to come. */
  waitFor<S extends LiveUpdate>(fits: (update: LiveUpdate) => update is S, timeoutMs: number): Promise<S>
  waitFor(fits: (update: LiveUpdate) => boolean, timeoutMs: number): Promise<LiveUpdate>
}

const callTimeoutMs = 30_000
const helloTimeoutMs = 10_000
const keptUpdates = 1_000

function urlOf(baseUrl: string, route: RouteContract, request: Partial<Record<Part, unknown>>): URL {
  const params = (request.params ?? {}) as Record<string, unknown>
  const path = route.path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(params[name])))
  const url = new URL(path, baseUrl)
  for (const [name, value] of Object.entries((request.query ?? {}) as Record<string, string | number | boolean>)) {
    url.searchParams.set(name, String(value))
  }
  return url
}

export function createApiClient(baseUrl: string): ApiClient {
  let cookie = ''

  async function call<R extends RouteContract>(route: R, request: ApiRequest<R>): Promise<RouteReply<R>> {
    const parts: Partial<Record<Part, unknown>> = request
    const response = await fetch(urlOf(baseUrl, route, parts), {
      method: route.method,
      headers: {
        accept: 'application/json',
        ...(cookie === '' ? {} : { cookie }),
        ...(parts.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(parts.body === undefined ? {} : { body: JSON.stringify(parts.body) }),
      signal: AbortSignal.timeout(callTimeoutMs),
    })
    const setCookies = response.headers.getSetCookie()
    if (setCookies.length > 0) cookie = setCookies.map((line) => line.split(';', 1)[0] ?? '').join('; ')
    const text = await response.text()
    if (!response.ok) {
      const problem = response.headers.get('content-type')?.includes('json') === true ? JSON.parse(text) : undefined
      throw new ApiProblem(response.status, Problem.safeParse(problem).data, `${route.method} ${route.path}`)
    }
    return route.reply.parse(text === '' ? undefined : JSON.parse(text)) as RouteReply<R>
  }

  async function openLive(clock: Clock): Promise<Live> {
    const socket = new WebSocket(new URL('/api/live', baseUrl.replace(/^http/, 'ws')), { headers: { cookie } })
    const updates: LiveUpdate[] = []
    const waiters = createWaiters<LiveUpdate>(clock)
    socket.on('message', (data: Buffer) => {
      const update = LiveUpdate.parse(JSON.parse(data.toString()))
      updates.push(update)
      if (updates.length > keptUpdates) updates.shift()
      waiters.offer(update)
    })
    socket.on('error', (error) => waiters.end(error))
    socket.on('close', (code) => waiters.end(new Error(`the live WebSocket closed with ${code}`)))
    await waiters.wait(({ kind }) => kind === 'hello', helloTimeoutMs, 'hello')
    return {
      updates,
      async waitFor<S extends LiveUpdate>(fits: (update: LiveUpdate) => boolean, timeoutMs: number): Promise<S> {
        const kept = updates.find((update) => fits(update))
        return (kept ?? (await waiters.wait(fits, timeoutMs, 'a live update'))) as S
      },
      [Symbol.dispose]: () => socket.terminate(),
    }
  }

  return {
    call,
    openLive,
    async signIn(login, password) {
      await call(signIn, { body: { login, password } })
    },
  }
}
