/**
 * Bytes to a port and back, whatever the wire. A transport is a recipe; each `open` makes a fresh, single-use
 * connection, so nothing written to a closed one can ever be sent later: a parked unlock would open a door minutes
 * after its buyer has gone (hardware.md, rules).
 */

export interface ConnectionHandlers {
  onData(bytes: Uint8Array): void
  /** Once, when the far end or the adapter is gone, or after `close` or `abort`. */
  onClose(reason: string): void
}

export interface Connection {
  readonly isOpen: boolean
  /** Resolves when the operating system has taken the bytes. Rejects with TRANSPORT_CLOSED or WRITE_FAILED. */
  write(bytes: Uint8Array): Promise<void>
  /** Drops what has arrived and was not delivered yet. */
  flushInput(): Promise<void>
  /** Ends the connection; idempotent. */
  close(): Promise<void>
  /** Ends it and throws away what the operating system may still hold unsent. */
  abort(): Promise<void>
}

export interface Transport {
  /** For messages and counters, as "serial:/dev/…". */
  readonly name: string
  /** Rejects with DeviceError TRANSPORT_OPEN_FAILED. */
  open(handlers: ConnectionHandlers): Promise<Connection>
}
