// Every route under requests made from its own contract, by everybody who may call it, over a world that grows with what they do:
// ids of earlier answers come back in later questions. A request may be refused and must never be a fault; afterwards the books
// sum to zero and the trail is whole.
import { routes } from '#shared/contracts/http/api.ts'
import { downloadImportTemplate, ImportTemplateKind } from '#shared/contracts/http/import-templates.ts'
import { Role, type RouteContract } from '#shared/contracts/http/route.ts'
import { seededRandom } from '#shared/ids/random.ts'
import { type JsonSchema, KnownValues, schemaOf, ValueMaker } from './made-values.ts'

export interface FuzzAnswer {
  readonly status: number
  readonly mediaType: string
  readonly bytes: Uint8Array
}
export type FuzzSend = (
  role: Role,
  request: { method: string; path: string; body: string | Uint8Array | undefined },
) => Promise<FuzzAnswer>

export interface FuzzTally {
  readonly requests: number
  /** Of each hundred of statuses. */
  readonly byStatus: Readonly<Record<string, number>>
  readonly routesCalled: number
  /** Routes that did what was asked at least once. */
  readonly routesDone: number
  readonly faults: readonly string[]
}

/** These end sign-ins or passwords of the people who send; they are held against nonsense in a test of their own. */
const isSpared = ({ tag, method, path }: RouteContract) =>
  (tag === 'identity' && method !== 'GET') || path.startsWith('/api/me/')

interface Target {
  readonly route: RouteContract
  readonly roles: readonly Role[]
  readonly params: JsonSchema | undefined
  readonly query: JsonSchema | undefined
  readonly body: JsonSchema | undefined
}

const targets = (): Target[] =>
  routes
    .filter((route) => !isSpared(route))
    .map((route) => ({
      route,
      roles: typeof route.access === 'string' ? Role.options : route.access,
      params: route.params && schemaOf(route.params),
      query: route.query && schemaOf(route.query),
      body: route.body && schemaOf(route.body),
    }))

function pathOf(maker: ValueMaker, { route, params, query }: Target): string {
  const text = (value: unknown) =>
    // A half of a character cannot stand in an address; in a body it is sent as it is.
    encodeURIComponent(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value ?? '')).toString())
  const path = route.path.replaceAll(/:(\w+)/g, (_, name: string) =>
    text(maker.make(params?.properties?.[name] ?? { type: 'string' }, name, params)),
  )
  const asked = query === undefined ? {} : maker.make(query)
  const pairs = typeof asked === 'object' && asked !== null ? Object.entries(asked) : []
  return pairs.length === 0 ? path : `${path}?${pairs.map(([name, value]) => `${name}=${text(value)}`).join('&')}`
}

/** Flips, cuts, doubles and swaps bytes of a file that is well formed. */
function damage(maker: ValueMaker, file: Uint8Array): Uint8Array {
  let bytes = Uint8Array.from(file)
  for (let left = maker.below(4); left > 0; left -= 1) {
    const at = maker.below(Math.max(1, bytes.length))
    const turn = maker.below(4)
    if (turn === 0) bytes[at] = maker.below(256)
    else if (turn === 1) bytes = bytes.slice(0, at)
    else if (turn === 2) bytes = Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(maker.below(at + 1))])
    else
      bytes = Uint8Array.from([
        ...bytes.subarray(0, at),
        ...Buffer.from(maker.pickOf(['\n1,2', '"', ',', '\r\n=1'])),
        ...bytes.subarray(at),
      ])
  }
  return bytes
}

/** Empty tables of every kind, as the product itself gives them out. */
async function fetchTemplates(send: FuzzSend): Promise<Uint8Array[]> {
  const files: Uint8Array[] = []
  for (const kind of ImportTemplateKind.options)
    for (const format of ['csv', 'csv-gb18030', 'xlsx']) {
      const path = `${downloadImportTemplate.path.replace(':kind', kind)}?format=${format}`
      const { bytes } = await send('admin', { method: 'GET', path, body: undefined })
      files.push(bytes)
    }
  return files
}

export async function fuzzRequests(
  send: FuzzSend,
  { seed, requests, beforeEach }: { seed: number; requests: number; beforeEach?: (index: number) => unknown },
): Promise<FuzzTally> {
  const random = seededRandom(seed)
  const known = new KnownValues(random)
  const maker = new ValueMaker(random, known)
  const all = targets()
  const files = await fetchTemplates(send)
  const byStatus: Record<string, number> = {}
  const called = new Set<RouteContract>()
  const done = new Set<RouteContract>()
  const faults: string[] = []
  const bodyFor = ({ route, body }: Target) => {
    if (route.upload !== undefined) return damage(maker, maker.pickOf(files))
    return body === undefined ? undefined : JSON.stringify(maker.make(body))
  }
  for (let index = 0; index < requests; index += 1) {
    beforeEach?.(index)
    // Once through all readers first, so that there are ids to ask about.
    const target = index < all.length ? (all[index] as Target) : maker.pickOf(all)
    const { route } = target
    const request = { method: route.method, path: pathOf(maker, target), body: bodyFor(target) }
    const role = maker.pickOf(target.roles)
    const { status, mediaType, bytes } = await send(role, request)
    const hundred = `${Math.floor(status / 100)}xx`
    byStatus[hundred] = (byStatus[hundred] ?? 0) + 1
    called.add(route)
    if (status < 300) done.add(route)
    const isProblem = mediaType.startsWith('application/problem+json')
    if (status >= 500 || (status >= 400 && !isProblem))
      faults.push(
        `request ${index}, ${role}: ${status} ${request.method} ${request.path} ${String(request.body ?? '')}`,
      )
    if (status < 300 && mediaType.startsWith('application/json') && bytes.length > 0)
      known.learn(JSON.parse(Buffer.from(bytes).toString()))
  }
  return { requests, byStatus, routesCalled: called.size, routesDone: done.size, faults }
}
