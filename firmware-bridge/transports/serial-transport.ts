import { SerialPort } from 'serialport'
import { DeviceError } from '../ports/device-error.ts'
import type { Connection, ConnectionHandlers, Transport } from './transport.ts'

/**
 * A tty through serialport. Every connection is a new port instance that is never opened twice: serialport parks a
 * write made on a closed port and sends it when that instance opens again.
 */

export interface SerialOptions {
  /** Device path; on real cabinets /dev/serial/by-id/…, which survives re-plugging. */
  path: string
  /** Bits per second, 1,200…921,600. */
  baudRate: number
  parity?: 'none' | 'even' | 'odd'
  stopBits?: 1 | 2
}

export function createSerialTransport(options: SerialOptions): Transport {
  const name = `serial:${options.path}`
  return {
    name,
    async open(handlers) {
      const port = new SerialPort({
        path: options.path,
        baudRate: options.baudRate,
        dataBits: 8,
        parity: options.parity ?? 'none',
        stopBits: options.stopBits ?? 1,
        autoOpen: false,
      })
      await openPort(port, name)
      return wrapPort(port, name, handlers)
    },
  }
}

function openPort(port: SerialPort, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    port.open((error) => {
      if (error !== null) {
        reject(new DeviceError('TRANSPORT_OPEN_FAILED', `${name} cannot be opened: ${error.message}`, { cause: error }))
        return
      }
      // Adapters hold bytes back for up to 16 ms unless asked not to. Many drivers refuse, which costs time only.
      port.set({ lowLatency: true } as Parameters<SerialPort['set']>[0], () => resolve())
    })
  })
}

function wrapPort(port: SerialPort, name: string, handlers: ConnectionHandlers): Connection {
  let hasEnded = false
  const end = (reason: string) => {
    if (hasEnded) return
    hasEnded = true
    handlers.onClose(reason)
  }
  port.on('data', (bytes: Buffer) => {
    if (!hasEnded) handlers.onData(bytes)
  })
  // Unplugging arrives as `close` with a DisconnectedError; `error` alone would never come.
  port.on('close', (error?: Error | null) => end(error?.message ?? 'closed'))
  port.on('end', () => void close())
  port.on('error', (error: Error) => {
    end(error.message)
    void close()
  })

  const close = (): Promise<void> =>
    new Promise((resolve) => {
      if (!port.isOpen) {
        end('closed')
        resolve()
        return
      }
      port.close(() => {
        end('closed')
        resolve()
      })
    })
  const flush = (): Promise<void> =>
    new Promise((resolve) => {
      if (port.isOpen) port.flush(() => resolve())
      else resolve()
    })

  return {
    get isOpen() {
      return port.isOpen && !hasEnded
    },
    write(bytes) {
      return new Promise((resolve, reject) => {
        if (!port.isOpen || hasEnded) {
          reject(new DeviceError('TRANSPORT_CLOSED', `${name} is closed`))
          return
        }
        port.write(Buffer.from(bytes), (error) => {
          if (error === null || error === undefined) resolve()
          else reject(new DeviceError('WRITE_FAILED', `${name}: ${error.message}`, { cause: error }))
        })
      })
    },
    flushInput: flush,
    close,
    async abort() {
      await flush()
      await close()
    },
  }
}
