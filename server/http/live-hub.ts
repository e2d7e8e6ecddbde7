// Fan-out to the pages of one account over WebSockets. Bounded in every direction: sockets per account, and bytes that
// wait for a slow page; a page that does not keep up is closed and asks for its state when it comes back.
import type { WebSocket } from 'ws'
import type { LiveUpdate } from '#shared/contracts/http/sessions.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import type { CancelTimer, Clock } from '#shared/time/clock.ts'
import type { Metrics } from './metrics.ts'

/** Most sockets one account may hold open; the oldest goes first. */
const maxSocketsPerAccount = 8
/** Most bytes that may wait for one page. */
const maxBufferedBytes = 262_144
/** A page that answered no ping for this long is gone. */
const pingIntervalMs = 30_000

/** RFC 6455 close codes. */
const closeCodes = { goingAway: 1001, policy: 1008, tryAgainLater: 1013 } as const

interface Page {
  readonly socket: WebSocket
  readonly sessionId: Id
  isAlive: boolean
}

export class LiveHub {
  readonly #clock: Clock
  readonly #metrics: Metrics
  readonly #pages = new Map<Id, Set<Page>>()
  #cancelPing: CancelTimer | undefined

  constructor(clock: Clock, metrics: Metrics) {
    this.#clock = clock
    this.#metrics = metrics
  }

  /** Takes over an open socket of a signed-in account. */
  add(accountId: Id, sessionId: Id, socket: WebSocket): void {
    const pages = this.#pages.get(accountId) ?? new Set<Page>()
    this.#pages.set(accountId, pages)
    const oldest = pages.values().next().value
    if (pages.size >= maxSocketsPerAccount && oldest !== undefined) {
      this.#drop(accountId, oldest, closeCodes.policy, 'too many pages')
    }
    const page: Page = { socket, sessionId, isAlive: true }
    pages.add(page)
    this.#pages.set(accountId, pages)
    this.#metrics.liveSockets.inc()
    socket.on('pong', () => {
      page.isAlive = true
    })
    socket.on('close', () => this.#forget(accountId, page))
    socket.on('error', () => socket.terminate())
    this.#send(accountId, page, JSON.stringify({ kind: 'hello', accountId, atMs: this.#clock.now() }))
    this.#cancelPing ??= this.#clock.setTimer(pingIntervalMs, () => this.#ping())
  }

  /** Is anybody there to be told? Saves making what nobody would see. */
  hasPages(accountId: Id): boolean {
    return this.#pages.has(accountId)
  }

  /** The sign-ins that have a page open here. */
  signIns(): Array<{ readonly accountId: Id; readonly sessionId: Id }> {
    return [...this.#pages].flatMap(([accountId, pages]) =>
      [...pages].map(({ sessionId }) => ({ accountId, sessionId })),
    )
  }

  /** Sends an update to every page of the account; without pages it does nothing. */
  publish(accountId: Id, update: LiveUpdate): void {
    const pages = this.#pages.get(accountId)
    if (pages === undefined) return
    const text = JSON.stringify(update)
    for (const page of pages) this.#send(accountId, page, text)
  }

  /** Ends the pages of an account's sign-ins, all or all but one, or only one. */
  signOut(accountId: Id, which: { readonly except?: Id | undefined; readonly only?: Id } = {}): void {
    for (const page of this.#pages.get(accountId) ?? []) {
      if (page.sessionId === which.except) continue
      if (which.only !== undefined && page.sessionId !== which.only) continue
      this.#drop(accountId, page, closeCodes.policy, 'signed out')
    }
  }

  close(): void {
    this.#cancelPing?.()
    for (const [accountId, pages] of this.#pages) {
      for (const page of pages) this.#drop(accountId, page, closeCodes.goingAway, 'server is closing')
    }
  }

  #send(accountId: Id, page: Page, text: string): void {
    if (page.socket.bufferedAmount > maxBufferedBytes) {
      this.#metrics.liveDropped.inc()
      this.#drop(accountId, page, closeCodes.tryAgainLater, 'page too slow')
      page.socket.terminate()
      return
    }
    page.socket.send(text)
  }

  #drop(accountId: Id, page: Page, code: number, reason: string): void {
    page.socket.close(code, reason)
    this.#forget(accountId, page)
  }

  #forget(accountId: Id, page: Page): void {
    const pages = this.#pages.get(accountId)
    if (pages?.delete(page) !== true) return
    this.#metrics.liveSockets.dec()
    if (pages.size === 0) this.#pages.delete(accountId)
  }

  #ping(): void {
    this.#cancelPing = undefined
    for (const [accountId, pages] of this.#pages) {
      for (const page of pages) {
        if (page.isAlive) {
          page.isAlive = false
          page.socket.ping()
        } else {
          page.socket.terminate()
          this.#forget(accountId, page)
        }
      }
    }
    if (this.#pages.size > 0) this.#cancelPing = this.#clock.setTimer(pingIntervalMs, () => this.#ping())
  }
}
