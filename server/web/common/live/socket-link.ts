// A WebSocket that stays: it reconnects by itself with a growing, jittered pause, at once when the network or the page
// comes back, and hands over only messages that the contract's schema accepts.
import { shallowRef, type ShallowRef } from 'vue'
import { nextUnit, type Random } from '#shared/ids/random.ts'
import type { CancelTimer, Clock } from '#shared/time/clock.ts'

export type LinkStatus = 'connecting' | 'open' | 'waiting' | 'stopped'

export interface SocketLinkOptions<In> {
  readonly url: string
  /** The message a payload holds; undefined when it is none that is known here. */
  readonly parse: (payload: unknown) => In | undefined
  readonly clock: Clock
  readonly random: Random
  readonly openSocket: (url: string) => WebSocket
  /** Where `online` and `visibilitychange` are heard. */
  readonly page: Pick<Window, 'addEventListener' | 'removeEventListener'> & { readonly document: Document }
}

export interface SocketLink<In, Out> {
  readonly status: Readonly<ShallowRef<LinkStatus>>
  /** Listens until the returned function is called. */
  onMessage(listener: (message: In) => void): () => void
  /** False when the link is down: nothing was sent. */
  send(message: Out): boolean
  stop(): void
}

const firstPauseMs = 400
const longestPauseMs = 8_000

/** The pause before the nth try in a row: doubling from 0.4 s to 8 s, ± 25 % so that phones do not come in step. */
export function pauseBeforeTryMs(failures: number, random: Random): number {
  const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(failures, 10))
  return Math.round(pauseMs * (0.75 + nextUnit(random) * 0.5))
}

function parseJson(text: unknown): unknown {
  if (typeof text !== 'string') return undefined
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

export function startSocketLink<In, Out>(options: SocketLinkOptions<In>): SocketLink<In, Out> {
  const { clock, random, page } = options
  const status = shallowRef<LinkStatus>('connecting')
  const listeners = new Set<(message: In) => void>()
  let socket: WebSocket | undefined
  let cancelTry: CancelTimer = () => {}
  let failures = 0

  function connect() {
    cancelTry()
    status.value = 'connecting'
    const own = options.openSocket(options.url)
    socket = own
    own.addEventListener('open', () => {
      failures = 0
      if (socket === own) status.value = 'open'
    })
    own.addEventListener('message', (event) => {
      const message = options.parse(parseJson(event.data))
      if (message !== undefined && socket === own) for (const listener of listeners) listener(message)
    })
    own.addEventListener('close', () => {
      if (socket !== own || status.value === 'stopped') return
      status.value = 'waiting'
      cancelTry = clock.setTimer(pauseBeforeTryMs(failures, random), connect)
      failures += 1
    })
  }
  function connectNow() {
    if (status.value === 'waiting' && page.document.visibilityState !== 'hidden') connect()
  }
  page.addEventListener('online', connectNow)
  page.document.addEventListener('visibilitychange', connectNow)
  connect()

  return {
    status,
    onMessage(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    send(message) {
      if (socket?.readyState !== WebSocket.OPEN) return false
      socket.send(JSON.stringify(message))
      return true
    },
    stop() {
      status.value = 'stopped'
      cancelTry()
      page.removeEventListener('online', connectNow)
      page.document.removeEventListener('visibilitychange', connectNow)
      socket?.close()
    },
  }
}

/** `ws:` or `wss:` beside the page's own `http:` or `https:`. */
export function socketUrl(location: Pick<Location, 'protocol' | 'host'>, path: string): string {
  return `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}${path}`
}
