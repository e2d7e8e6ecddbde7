// A server with the demo's data, and everybody of the demo signed in at it.
import type { Role } from '#shared/contracts/http/route.ts'
import { openDemoDesk, type DemoDesk } from '#tests/support/demo-desk.ts'
import type { FuzzSend } from './requests.ts'

const loginOf: Readonly<Record<Role, string>> = {
  buyer: 'buyer1',
  farmer: 'farmer',
  restocker: 'restocker',
  operator: 'operator',
  finance: 'finance',
  helper: 'helper',
  desk: 'desk',
  auditor: 'auditor',
  admin: 'admin',
}

export interface FuzzWorld extends AsyncDisposable {
  readonly desk: DemoDesk
  readonly send: FuzzSend
  /** What the proofs of books and trail say is wrong. */
  findBroken(): Promise<readonly string[]>
}

/** An answer may take this long; more is a hang. */
const patienceMs = 30_000

export async function openFuzzWorld(): Promise<FuzzWorld> {
  const desk = await openDemoDesk()
  const cookies = new Map<Role, string>()
  const ask = (path: string, init: RequestInit) =>
    fetch(`${desk.url}${path}`, { ...init, signal: AbortSignal.timeout(patienceMs), redirect: 'manual' })
  const signIn = async (role: Role) => {
    const login = loginOf[role]
    const body = JSON.stringify({ login, password: `${login}-huinong` })
    const reply = await ask('/api/sign-in', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    if (reply.status !== 200) throw new Error(`${login} cannot sign in: ${await reply.text()}`)
    const cookie = reply.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    cookies.set(role, cookie)
    return cookie
  }
  const send: FuzzSend = async (role, { method, path, body }) => {
    const type = typeof body === 'string' ? 'application/json' : 'application/octet-stream'
    const once = async (cookie: string) => {
      const reply = await ask(path, {
        method,
        headers: { cookie, ...(body === undefined ? {} : { 'content-type': type }) },
        ...(body === undefined ? {} : { body: body as string | Uint8Array<ArrayBuffer> }),
      })
      const bytes = new Uint8Array(await reply.arrayBuffer())
      return { status: reply.status, mediaType: reply.headers.get('content-type') ?? '', bytes }
    }
    const answer = await once(cookies.get(role) ?? (await signIn(role)))
    // Days pass in a long run.
    return answer.status === 401 ? once(await signIn(role)) : answer
  }
  const read = async (role: Role, path: string) => {
    const { bytes } = await send(role, { method: 'GET', path, body: undefined })
    return JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>
  }
  return {
    desk,
    send,
    async findBroken() {
      const books = await read('finance', '/api/ledger/self-check')
      const trail = await read('auditor', '/api/audit/self-check')
      return [
        ...(books['isSound'] === true ? [] : [`books: ${JSON.stringify(books)}`]),
        ...(trail['isWhole'] === true ? [] : [`trail: ${JSON.stringify(trail)}`]),
      ]
    },
    [Symbol.asyncDispose]: () => desk[Symbol.asyncDispose](),
  }
}
