import type { CancelTimer, Clock } from '#shared/time/clock.ts'
import type { Connection, Transport } from '../transports/transport.ts'

/** Keeps one connection to a port alive: connects, notices the end, waits longer each time it fails, connects again. */

export interface LineLinkHandlers {
  onUp(): void
  onDown(reason: string): void
  /** Dropped on purpose, to be opened again at once. */
  onReset(reason: string): void
  onData(bytes: Uint8Array): void
}

export interface LineLink {
  readonly connection: Connection | undefined
  /** Why the last try to open failed; undefined once one has succeeded. */
  readonly openFailure: string | undefined
  /** First attempt; resolves when it has succeeded or failed, and never rejects. Later ones run by themselves. */
  start(): Promise<void>
  /** Drops the connection with what may be unsent in it, and connects again at once. */
  reset(reason: string): void
  stop(): Promise<void>
}

const firstBackoffMs = 250
const longestBackoffMs = 10_000

export function createLineLink(transport: Transport, clock: Clock, handlers: LineLinkHandlers): LineLink {
  let connection: Connection | undefined
  let cancelRetry: CancelTimer | undefined
  let backoffMs = firstBackoffMs
  let isStopped = false
  let openFailure: string | undefined

  const scheduleRetry = () => {
    if (isStopped || cancelRetry !== undefined) return
    cancelRetry = clock.setTimer(backoffMs, () => {
      cancelRetry = undefined
      void connect()
    })
    backoffMs = Math.min(backoffMs * 2, longestBackoffMs)
  }

  const drop = (reason: string) => {
    if (connection === undefined) return
    connection = undefined
    handlers.onDown(reason)
  }

  const connect = async (): Promise<void> => {
    let opened: Connection
    // Only the newest connection may speak: a dying one can still deliver what is none of the next one's business.
    const isCurrent = () => connection !== undefined && connection === opened
    try {
      opened = await transport.open({
        onData: (bytes) => {
          if (isCurrent()) handlers.onData(bytes)
        },
        onClose: (reason) => {
          if (!isCurrent()) return
          drop(reason)
          scheduleRetry()
        },
      })
    } catch (error) {
      openFailure = error instanceof Error ? error.message : String(error)
      handlers.onDown(openFailure)
      scheduleRetry()
      return
    }
    if (isStopped || !opened.isOpen) {
      await opened.close()
      if (!isStopped) scheduleRetry()
      return
    }
    connection = opened
    openFailure = undefined
    backoffMs = firstBackoffMs
    handlers.onUp()
  }

  return {
    get connection() {
      return connection
    },
    get openFailure() {
      return openFailure
    },
    start: connect,
    reset(reason) {
      const old = connection
      if (old === undefined) return
      connection = undefined
      handlers.onReset(reason)
      void old.abort().finally(() => {
        if (!isStopped && cancelRetry === undefined) void connect()
      })
    },
    async stop() {
      isStopped = true
      cancelRetry?.()
      const old = connection
      connection = undefined
      await old?.close()
    },
  }
}
