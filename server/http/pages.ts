// Serves the built pages: one HTML entry per audience, e.g. buyer/index.html at / and admin/index.html at /admin and below.
// Hashed assets are kept by browsers for a year, entries are asked for again each time.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { CabinetCode, getShelfByCode } from '#shared/contracts/http/shelf.ts'
import { getMe } from '#shared/contracts/http/me.ts'
import { RefusalError } from '../errors/refusal.ts'
import { problemMediaType, problemOf } from './problem.ts'

/** The audience whose entry answers at the root. */
const rootEntry = 'buyer'

interface Entry {
  /** Below the pages' folder. */
  readonly file: string
  /** What the entry's HTML loads, as links: a browser that reads them beside the page asks for them before it reads the page. */
  readonly links: readonly string[]
}

/** First path segment → entry, for those laid out as NAME/index.html or NAME.html. */
function findEntries(directory: string): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>()
  if (!existsSync(directory)) return entries
  const add = (name: string, file: string) =>
    entries.set(name, { file, links: linksOf(readFileSync(resolve(directory, file), 'utf8')) })
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory() && existsSync(resolve(directory, entry.name, 'index.html')))
      add(entry.name, `${entry.name}/index.html`)
    else if (entry.isFile() && entry.name.endsWith('.html')) add(entry.name.slice(0, -'.html'.length), entry.name)
  }
  return entries
}

function linksOf(html: string): string[] {
  return [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+\.(js|css))"/g)].map(([, url = '', kind]) =>
    kind === 'js' ? `<${url}>; rel=modulepreload; crossorigin` : `<${url}>; rel=preload; as=style; crossorigin`,
  )
}

/**
 * The replies that the page of a scanned code will ask for first: the shelf, and to whom the phone's sign-in belongs. Named beside
 * the page, the browser fetches them while it still fetches the scripts: two round trips less between the scan and the open button.
 */
function repliesBehind(path: string, isSignedIn: boolean): string[] {
  const code = CabinetCode.safeParse(/^\/c\/([^/]+)$/.exec(path)?.[1])
  if (!code.success) return []
  const shelf = getShelfByCode.path.replace(':code', code.data)
  return (isSignedIn ? [shelf, getMe.path] : [shelf]).map((url) => `<${url}>; rel=preload; as=fetch; crossorigin`)
}

interface Pages {
  readonly entries: ReadonlyMap<string, Entry>
  /** Name of the cookie that a signed-in browser sends. */
  readonly signInCookie: string
}

/** Sends the entry that answers for this path to a browser that asks for a page. */
function sendEntry(request: FastifyRequest, reply: FastifyReply, { entries, signInCookie }: Pages): boolean {
  const path = request.url.split('?', 1)[0] ?? '/'
  const isPage = request.method === 'GET' && (request.headers.accept ?? '*/*').match(/text\/html|\*\/\*/) !== null
  const isAsset = /\.[a-z0-9]{1,8}$/i.test(path)
  if (!isPage || isAsset || path.startsWith('/api/')) return false
  const first = path.split('/')[1] ?? ''
  const entry = entries.get(first) ?? entries.get(rootEntry) ?? entries.get('index')
  if (entry === undefined) return false
  const isSignedIn = request.cookies[signInCookie] !== undefined
  const links = [...entry.links, ...(entry === entries.get(rootEntry) ? repliesBehind(path, isSignedIn) : [])]
  if (links.length > 0) void reply.header('link', links.join(', '))
  void reply.code(200).header('cache-control', 'no-cache').sendFile(entry.file)
  return true
}

/** Registers the pages and the answer to every address that is not there. */
export async function registerPages(app: FastifyInstance, directory: string, signInCookie: string): Promise<void> {
  const root = resolve(directory)
  const entries = findEntries(root)
  if (entries.size > 0) {
    await app.register(fastifyStatic, {
      root,
      index: false,
      // A route for each file: any other address, the root too, is for the pages' entries.
      wildcard: false,
      preCompressed: true,
      cacheControl: false,
      setHeaders(response, path) {
        const isHashed = path.startsWith(resolve(root, 'assets'))
        response.setHeader('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache')
      },
    })
  }
  app.setNotFoundHandler((request, reply) => {
    if (entries.size > 0 && sendEntry(request, reply, { entries, signInCookie })) return reply
    return reply
      .code(404)
      .header('cache-control', 'no-store')
      .type(problemMediaType)
      .send(problemOf(new RefusalError('request.not_found'), request.id))
  })
}
