import type { Connection, ConnectionHandlers, Transport } from '#firmware-bridge/transports/transport.ts'
import { DeviceError } from '#firmware-bridge/ports/device-error.ts'

/** A wire whose far end is the test: it sees every write, and speaks, closes, refuses or hangs when told to. */
export class ScriptedTransport implements Transport {
  readonly name = 'scripted'
  /** Everything written, a chunk each, over all connections. */
  readonly written: Uint8Array[] = []
  opens = 0
  aborts = 0
  isRefusing = false
  isWriteHanging = false
  /** Called after each write; what it returns is sent back at once. */
  reply: (bytes: Uint8Array) => Uint8Array | undefined = () => undefined
  #current: { handlers: ConnectionHandlers; isOpen: boolean } | undefined

  open(handlers: ConnectionHandlers): Promise<Connection> {
    if (this.isRefusing) return Promise.reject(new DeviceError('TRANSPORT_OPEN_FAILED', 'scripted: refused'))
    this.opens += 1
    const state = { handlers, isOpen: true }
    this.#current = state
    const end = (): Promise<void> => {
      state.isOpen = false
      return Promise.resolve()
    }
    return Promise.resolve({
      get isOpen() {
        return state.isOpen
      },
      write: (bytes: Uint8Array) => {
        this.written.push(bytes.slice())
        if (this.isWriteHanging) return new Promise<void>(() => {})
        const answer = this.reply(bytes)
        if (answer !== undefined) queueMicrotask(() => this.say(answer))
        return Promise.resolve()
      },
      flushInput: () => Promise.resolve(),
      close: end,
      abort: () => {
        this.aborts += 1
        return end()
      },
    })
  }

  say(bytes: Uint8Array): void {
    if (this.#current?.isOpen === true) this.#current.handlers.onData(bytes)
  }

  breakOff(): void {
    const current = this.#current
    if (current === undefined) return
    current.isOpen = false
    current.handlers.onClose('unplugged')
  }
}
