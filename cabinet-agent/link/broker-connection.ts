import type { Login } from './login.ts'

/**
 * One connection to a broker as the link sees it: MQTT in production (mqtt-connection.ts), a broker inside the process in
 * the simulation. It never connects again by itself; whoever wants another connection makes one.
 */
export interface BrokerConnection {
  /** From the broker's first word until the connection ends. */
  readonly isOpen: boolean
  /** What waits for the network, bytes. */
  readonly unsentBytes: number
  /** Calls back with what became of it; not at all when the connection ends first. */
  subscribe(topics: readonly string[], onDone: (isGranted: boolean) => void): void
  /** QoS 1 calls back without an error once the broker has the message, QoS 0 once it has left. */
  publish(topic: string, payload: string, rule: { qos: 0 | 1; retain: boolean }, onDone?: (error?: Error) => void): void
  /** Says a proper goodbye, so that the broker sends no last will; then calls back. */
  end(onDone: () => void): void
  /** Hangs up at once; nothing is told any more. */
  drop(): void
}

export interface ConnectionOptions {
  /** mqtt://host:port or mqtts://host:port. */
  url: string
  clientId: string
  login: Login
  /** Seconds between pings. */
  keepaliveS: number
  /** Retained, QoS 1; what the broker publishes when the connection ends without a goodbye. */
  will: { topic: string; payload: string }
}

export interface ConnectionHandlers {
  onOpen: () => void
  onMessage: (topic: string, payload: Buffer) => void
  /** The connection has ended, or never came to be. */
  onClose: (why: string) => void
}

/** Starts to connect; the handlers are called later, never inside this call. */
export type ConnectBroker = (options: ConnectionOptions, handlers: ConnectionHandlers) => BrokerConnection
