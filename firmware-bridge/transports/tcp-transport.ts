import { connect, type Socket } from 'node:net'
import type { Clock } from '#shared/time/clock.ts'
import { DeviceError } from '../ports/device-error.ts'
import type { Connection, ConnectionHandlers, Transport } from './transport.ts'

/**
 * A serial server over TCP, which passes bytes through as they are. TCP_NODELAY always: requests are a few bytes, and
 * Nagle's algorithm with delayed acknowledgements would hold each back 40 ms.
 */

export interface TcpOptions {
  host: string
  port: number
  /** Time to connect, ms; default 3,000. */
  connectTimeoutMs?: number
}

export function createTcpTransport(options: TcpOptions, clock: Clock): Transport {
  const name = `tcp://${options.host}:${options.port}`
  return {
    name,
    async open(handlers) {
      const socket = connect({ host: options.host, port: options.port, noDelay: true, keepAlive: true })
      // Listened to from the first instant, so that no failure is ever unhandled.
      socket.on('error', () => {})
      await waitForConnect(socket, name, options.connectTimeoutMs ?? 3000, clock)
      return wrapSocket(socket, name, handlers)
    },
  }
}

function waitForConnect(socket: Socket, name: string, timeoutMs: number, clock: Clock): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: Error) => {
      cancel()
      socket.destroy()
      reject(new DeviceError('TRANSPORT_OPEN_FAILED', `${name} cannot be reached: ${why}`, { cause }))
    }
    const cancel = clock.setTimer(timeoutMs, () => fail(`no answer within ${timeoutMs} ms`))
    socket.once('error', (error) => fail(error.message, error))
    socket.once('connect', () => {
      cancel()
      resolve()
    })
  })
}

function wrapSocket(socket: Socket, name: string, handlers: ConnectionHandlers): Connection {
  let hasEnded = false
  const end = (reason: string) => {
    if (hasEnded) return
    hasEnded = true
    handlers.onClose(reason)
  }
  let reason = 'closed by the far end'
  socket.removeAllListeners('connect')
  socket.on('error', (error) => {
    reason = error.message
  })
  socket.on('data', (bytes: Buffer) => {
    if (!hasEnded) handlers.onData(bytes)
  })
  // A serial server that half-closes will not answer any more.
  socket.on('end', () => socket.destroy())
  socket.on('close', () => end(reason))

  const stop = (how: 'destroy' | 'reset'): Promise<void> =>
    new Promise((resolve) => {
      reason = 'closed'
      if (socket.destroyed) {
        end(reason)
        resolve()
        return
      }
      socket.once('close', () => resolve())
      if (how === 'reset') socket.resetAndDestroy()
      else socket.destroy()
    })

  return {
    get isOpen() {
      return !hasEnded && !socket.destroyed && socket.writable
    },
    write(bytes) {
      return new Promise((resolve, reject) => {
        if (hasEnded || socket.destroyed || !socket.writable) {
          reject(new DeviceError('TRANSPORT_CLOSED', `${name} is closed`))
          return
        }
        socket.write(bytes, (error) => {
          if (error === null || error === undefined) resolve()
          else reject(new DeviceError('WRITE_FAILED', `${name}: ${error.message}`, { cause: error }))
        })
      })
    },
    // What has arrived has been delivered already: sockets are read as soon as they are readable.
    flushInput: () => Promise.resolve(),
    close: () => stop('destroy'),
    abort: () => stop('reset'),
  }
}
