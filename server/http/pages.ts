// Serves the built pages: one HTML entry per audience, e.g. buyer/index.html at / and admin/index.html at /admin and below.
// Hashed assets are kept by browsers for a year, entries are asked for again each time.
import { existsSync, readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { CabinetCode, getShelfByCode } from '#shared/contracts/http/cabinets.ts'
import { RefusalError } from '../errors/refusal.ts'
import { problemMediaType, problemOf } from './problem.ts'

/** The audience whose entry answers at the root. */
const rootEntry = 'buyer'

/** First path segment → HTML file, for entries laid out as NAME/index.html or NAME.html. */
function findEntries(directory: string): ReadonlyMap<string, string> {
  const entries = new Map<string, string>()
  if (!existsSync(directory)) return entries
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory() && existsSync(resolve(directory, entry.name, 'index.html')))
      entries.set(entry.name, `${entry.name}/index.html`)
    else if (entry.isFile() && entry.name.endsWith('.html'))
      entries.set(entry.name.slice(0, -'.html'.length), entry.name)
  }
  return entries
}

/**
 * The reply that the page of a scanned code will ask for first. Named beside the page, the browser fetches it while it still
 * fetches the scripts: one round trip less between the scan and the open button.
 */
function shelfBehind(path: string): string | undefined {
  const code = CabinetCode.safeParse(/^\/c\/([^/]+)$/.exec(path)?.[1])
  return code.success ? getShelfByCode.path.replace(':code', code.data) : undefined
}

/** Sends the entry that answers for this path to a browser that asks for a page. */
function sendEntry(request: FastifyRequest, reply: FastifyReply, entries: ReadonlyMap<string, string>): boolean {
  const path = request.url.split('?', 1)[0] ?? '/'
  const isPage = request.method === 'GET' && (request.headers.accept ?? '*/*').match(/text\/html|\*\/\*/) !== null
  const isAsset = /\.[a-z0-9]{1,8}$/i.test(path)
  if (!isPage || isAsset || path.startsWith('/api/')) return false
  const first = path.split('/')[1] ?? ''
  const file = entries.get(first) ?? entries.get(rootEntry) ?? entries.get('index')
  if (file === undefined) return false
  const shelf = file === entries.get(rootEntry) ? shelfBehind(path) : undefined
  if (shelf !== undefined) void reply.header('link', `<${shelf}>; rel=preload; as=fetch; crossorigin`)
  void reply.code(200).header('cache-control', 'no-cache').sendFile(file)
  return true
}

/** Registers the pages and the answer to every address that is not there. */
export async function registerPages(app: FastifyInstance, directory: string): Promise<void> {
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
    if (entries.size > 0 && sendEntry(request, reply, entries)) return reply
    return reply
      .code(404)
      .type(problemMediaType)
      .send(problemOf(new RefusalError('request.not_found'), request.id))
  })
}
