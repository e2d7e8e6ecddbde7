// Calls every route that reads, as every role that may, with every id that earlier answers gave away: what people can see of a
// world, whole.
//
//   const seen = await readEverything(send, people)
import { routes } from '#shared/contracts/http/api.ts'
import type { Role, RouteContract } from '#shared/contracts/http/route.ts'

/** A caller that answers with the document or the text. */
export type Read = (who: Role | 'anybody', path: string) => Promise<{ readonly status: number; readonly body: unknown }>

export interface Seen {
  readonly route: RouteContract
  readonly who: Role | 'anybody'
  readonly path: string
  readonly status: number
  readonly body: unknown
}

const idsPerParameter = 3

/** Values by field name, as far as they may stand in a path. */
function collectIds(body: unknown, ids: Map<string, Set<string>>): void {
  if (Array.isArray(body)) for (const item of body) collectIds(item, ids)
  else if (typeof body === 'object' && body !== null)
    for (const [name, value] of Object.entries(body)) {
      if (typeof value === 'string' || typeof value === 'number') {
        const known = ids.get(name) ?? new Set()
        if (known.size < idsPerParameter) ids.set(name, known.add(String(value)))
      } else collectIds(value, ids)
    }
}

/** Every path that the ids known make of a route's. */
function pathsOf({ path, query }: RouteContract, ids: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  let paths = [path]
  for (const [, name = ''] of path.matchAll(/:(\w+)/g))
    paths = paths.flatMap((one) =>
      [...(ids.get(name) ?? [])].map((id) => one.replace(`:${name}`, encodeURIComponent(id))),
    )
  if (query?.safeParse({}).success !== false) return paths
  // What must be asked for: one question for each id of that name.
  const asked = [...ids].flatMap(([name, values]) => [...values].map((id) => `${name}=${encodeURIComponent(id)}`))
  return paths.flatMap((one) => asked.flatMap((question) => (fits(query, question) ? [`${one}?${question}`] : [])))
}

const fits = (query: NonNullable<RouteContract['query']>, question: string) =>
  query.safeParse(Object.fromEntries(new URLSearchParams(question))).success

export async function readEverything(
  read: Read,
  { except, ids: known = {} }: { readonly except: readonly string[]; readonly ids?: Record<string, string[]> },
): Promise<Seen[]> {
  const ids = new Map(Object.entries(known).map(([name, values]) => [name, new Set(values)]))
  const seen = new Map<string, Seen>()
  for (let before = -1; before < seen.size;) {
    before = seen.size
    for (const route of routes.filter(({ method, path }) => method === 'GET' && !except.includes(path)))
      for (const path of pathsOf(route, ids))
        for (const who of rolesOf(route)) {
          const key = `${who} ${path}`
          if (seen.has(key)) continue
          const answer = await read(who, path)
          seen.set(key, { route, who, path, ...answer })
          collectIds(answer.body, ids)
        }
  }
  return [...seen.values()]
}

function rolesOf({ access }: RouteContract): ReadonlyArray<Role | 'anybody'> {
  if (access === 'public') return ['anybody']
  return access === 'signed-in' ? ['buyer', 'farmer', 'admin'] : access
}
