import { DeviceError } from '../ports/device-error.ts'
import type { Connection, ConnectionHandlers, Transport } from './transport.ts'

/**
 * A wire inside the process, for virtual boards. The near end is a transport like any other; the far end hears what
 * was written and speaks. Bytes arrive a microtask later, never inside the call that sent them.
 */

export interface FarEnd {
  /** Bytes towards whoever has the near end open; dropped when nobody has. */
  send(bytes: Uint8Array): void
  /** Pulls the plug: the connection closes and opening fails until `plugIn`. */
  unplug(): void
  plugIn(): void
}

export interface PairedTransport {
  transport: Transport
  farEnd: FarEnd
}

export function createPairedTransport(name: string, onBytes: (bytes: Uint8Array) => void): PairedTransport {
  let isPlugged = true
  let current: PairedConnection | undefined
  const transport: Transport = {
    name,
    open(handlers) {
      if (!isPlugged) return Promise.reject(new DeviceError('TRANSPORT_OPEN_FAILED', `${name} is unplugged`))
      if (current?.isOpen === true) {
        return Promise.reject(new DeviceError('TRANSPORT_OPEN_FAILED', `${name} is in use`))
      }
      current = new PairedConnection(name, handlers, onBytes)
      return Promise.resolve(current)
    },
  }
  return {
    transport,
    farEnd: {
      send(bytes) {
        current?.deliver(bytes)
      },
      unplug() {
        isPlugged = false
        current?.end('unplugged')
      },
      plugIn() {
        isPlugged = true
      },
    },
  }
}

class PairedConnection implements Connection {
  isOpen = true
  private readonly name: string
  private readonly handlers: ConnectionHandlers
  private readonly onBytes: (bytes: Uint8Array) => void

  constructor(name: string, handlers: ConnectionHandlers, onBytes: (bytes: Uint8Array) => void) {
    this.name = name
    this.handlers = handlers
    this.onBytes = onBytes
  }

  write(bytes: Uint8Array): Promise<void> {
    if (!this.isOpen) return Promise.reject(new DeviceError('TRANSPORT_CLOSED', `${this.name} is closed`))
    const copy = bytes.slice()
    queueMicrotask(() => this.onBytes(copy))
    return Promise.resolve()
  }

  flushInput(): Promise<void> {
    return Promise.resolve()
  }

  close(): Promise<void> {
    this.end('closed')
    return Promise.resolve()
  }

  abort(): Promise<void> {
    return this.close()
  }

  deliver(bytes: Uint8Array): void {
    const copy = bytes.slice()
    queueMicrotask(() => {
      if (this.isOpen) this.handlers.onData(copy)
    })
  }

  end(reason: string): void {
    if (!this.isOpen) return
    this.isOpen = false
    queueMicrotask(() => this.handlers.onClose(reason))
  }
}
