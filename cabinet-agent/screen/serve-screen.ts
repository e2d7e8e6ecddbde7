import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { CancelTimer, Clock } from '#shared/time/clock.ts'
import { agentVersion } from '../agent-version.ts'
import { renderPage, renderScreen, type ScreenParts, type ScreenPlace } from './render-screen.ts'
import { screenScript, screenStyle } from './screen-files.ts'
import type { ScreenView } from './screen-view.ts'
import { screenLanguages, type ScreenLanguage } from './screen-words.ts'

export interface ScreenServerOptions {
  host: string
  /** 0 picks a free one. */
  port: number
  place: ScreenPlace
  view: () => ScreenView
  clock: Clock
}

export interface ScreenServer extends AsyncDisposable {
  readonly url: string
}

/** How often a screen is told what changed, ms. */
const followEveryMs = 250
/** A screen that hears nothing for longer says that the cabinet does not answer, ms. */
const aliveEveryMs = 10_000
/** A cabinet has one screen; some more are people who look after it. */
const maxFollowers = 8
/** A screen that does not read gets fewer states, not a longer queue, bytes. */
const maxUnreadBytes = 131_072
/** Only path and query matter. */
const anyBase = 'http://screen'

/** The page runs what we serve and nothing else; nobody frames it. */
const headers = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
}

/**
 * Serves the screen on the cabinet: a page, and a stream of what changed on it. It is read-only, says nothing about
 * people and needs no network. Rejects when the port cannot be had.
 */
export async function serveScreen(options: ScreenServerOptions): Promise<ScreenServer> {
  const { host, port } = options
  const followers = new Set<ServerResponse>()
  const server = createServer((request, response) => answer(request, response, followers, options))
  server.listen(port, host)
  await once(server, 'listening')
  const bound = server.address() as AddressInfo
  const name = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address
  return {
    url: `http://${name}:${bound.port}/`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      for (const follower of followers) follower.end()
      server.closeAllConnections()
      await closed
    },
  }
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  followers: Set<ServerResponse>,
  options: ScreenServerOptions,
): void {
  const path = request.url ?? '/'
  const url = URL.canParse(path, anyBase) ? new URL(path, anyBase) : undefined
  const language = languageOf(url)
  if (request.method !== 'GET' || url === undefined) send(response, 405, 'text/plain', '')
  else if (url.pathname === '/') {
    send(response, 200, 'text/html', renderPage(options.view(), options.place, language))
  } else if (url.pathname === '/screen.css') send(response, 200, 'text/css', screenStyle)
  else if (url.pathname === '/screen.js') send(response, 200, 'text/javascript', screenScript)
  else if (url.pathname === '/favicon.ico') send(response, 204, 'image/x-icon', '')
  else if (url.pathname !== '/events') send(response, 404, 'text/plain', 'There is only one page here: /\n')
  // A page stays open for months; what it shows must not come from an agent that is newer than its script and style.
  else if (url.searchParams.get('agent') !== agentVersion) send(response, 409, 'text/plain', 'Load the page anew.\n')
  else if (followers.size >= maxFollowers) send(response, 503, 'text/plain', 'Too many screens are open.\n')
  else follow(response, language, followers, options)
}

function languageOf(url: URL | undefined): ScreenLanguage {
  const asked = url?.searchParams.get('lang')
  return screenLanguages.find((known) => known === asked) ?? 'zh'
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { ...headers, 'content-type': `${type}; charset=utf-8` }).end(body)
}

/** Server-sent events: the parts that changed, and a sign of life. */
function follow(
  response: ServerResponse,
  language: ScreenLanguage,
  followers: Set<ServerResponse>,
  { view, place, clock }: ScreenServerOptions,
): void {
  const shown: Partial<ScreenParts> = {}
  let seen = ''
  let aliveMs = clock.monotonicMs()
  let cancel: CancelTimer = () => {}
  followers.add(response)
  response.on('close', () => {
    cancel()
    followers.delete(response)
  })
  response.on('error', () => response.destroy())
  response.writeHead(200, { ...headers, 'content-type': 'text/event-stream' })
  response.write('retry: 1000\n\n')

  const tick = () => {
    cancel = clock.setTimer(followEveryMs, tick)
    if (response.writableLength > maxUnreadBytes) return
    const now = view()
    const nowMs = clock.monotonicMs()
    const look = JSON.stringify(now)
    if (look !== seen) {
      const changed = takeChanged(shown, renderScreen(now, place, language))
      response.write(`data: ${JSON.stringify(changed)}\n\n`)
    } else if (nowMs - aliveMs >= aliveEveryMs) response.write('event: alive\ndata:\n\n')
    else return
    seen = look
    aliveMs = nowMs
  }
  tick()
}

/** Remembers what is shown now; returns what is new in it. */
function takeChanged(shown: Partial<ScreenParts>, parts: ScreenParts): Partial<ScreenParts> {
  const changed: Partial<ScreenParts> = {}
  for (const id of Object.keys(parts) as Array<keyof ScreenParts>) {
    if (shown[id] !== parts[id]) changed[id] = parts[id]
  }
  Object.assign(shown, changed)
  return changed
}
