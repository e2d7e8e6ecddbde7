import type { Presence } from '#shared/contracts/mqtt/twin.ts'
import { channelRules, topicOf, type Channel } from '#shared/contracts/mqtt/topics.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { nextUnit, type Random } from '#shared/ids/random.ts'
import type { CancelTimer, Clock } from '#shared/time/clock.ts'
import type { BrokerConnection, ConnectBroker } from './broker-connection.ts'
import type { Login } from './login.ts'

export interface MqttLinkOptions {
  connect: ConnectBroker
  /** mqtt://host:port or mqtts://host:port, asked at each connection. */
  url: () => string
  cabinetId: Id
  clock: Clock
  random: Random
  login: () => Login
  /** Seconds between pings, asked at each connection. */
  keepaliveS: () => number
  presence: (isOnline: boolean) => Presence
  onMessage: (channel: Channel, payload: Buffer) => void
  onConnected: () => void
  onDisconnected: (why: string) => void
}

const firstRetryMs = 500
const maxRetryMs = 30_000
/** More than this unsent, and what may be lost is left out, bytes. */
const maxBufferedBytes = 1_048_576

/**
 * Keeps one connection to the broker alive: a fresh one with a fresh password each time, pauses that double, presence
 * with a last will.
 */
export class MqttLink implements AsyncDisposable {
  readonly #options: MqttLinkOptions
  #connection: BrokerConnection | undefined
  #isConnected = false
  #isEnabled = true
  #isClosed = false
  #retryMs = firstRetryMs
  #cancelRetry: CancelTimer = () => {}

  constructor(options: MqttLinkOptions) {
    this.#options = options
  }

  get isConnected(): boolean {
    return this.#isConnected
  }

  start(): void {
    this.#connect()
  }

  /** Connects anew with the present settings. */
  reconnect(): void {
    if (this.#isClosed) return
    this.#drop('settings changed')
    this.#retryMs = firstRetryMs
    if (this.#isEnabled) this.#connect()
  }

  /** Cuts the cable, or plugs it in again: for virtual cabinets and for tests. */
  setEnabled(isEnabled: boolean): void {
    if (isEnabled === this.#isEnabled) return
    this.#isEnabled = isEnabled
    this.#cancelRetry()
    if (!isEnabled) this.#drop('cut off')
    else this.reconnect()
  }

  /** Publishes by the channel's rule. Calls back once the broker has it, for QoS 1; never when it did not. */
  publish(channel: Channel, message: object, onDelivered?: () => void): void {
    const connection = this.#connection
    // From the broker's first word on: what a kept session brings before we subscribe is answered too.
    if (connection?.isOpen !== true) return
    const { qos, isRetained } = channelRules[channel]
    if (qos === 0 && connection.unsentBytes > maxBufferedBytes) return
    connection.publish(this.#topic(channel), JSON.stringify(message), { qos, retain: isRetained }, (error) => {
      if (error === undefined) onDelivered?.()
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    this.#cancelRetry()
    const connection = this.#connection
    if (connection === undefined) return
    if (this.#isConnected) {
      // A clean end says so itself: the broker sends no last will then.
      await this.#sayGoodbye(connection)
    }
    this.#drop('closed')
  }

  #sayGoodbye(connection: BrokerConnection): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.setTimer(2_000, resolve)
      const payload = JSON.stringify(this.#options.presence(false))
      connection.publish(this.#topic('presence'), payload, { qos: 1, retain: true }, () => {
        connection.end(() => {
          cancel()
          resolve()
        })
      })
    })
  }

  #topic(channel: Channel): string {
    return topicOf(this.#options.cabinetId, channel)
  }

  #connect(): void {
    if (this.#isClosed || !this.#isEnabled) return
    const { connect, url, cabinetId, login, keepaliveS, presence, onMessage } = this.#options
    const isCurrent = () => this.#connection === connection
    const connection = connect(
      {
        url: url(),
        clientId: cabinetId,
        login: login(),
        keepaliveS: keepaliveS(),
        will: { topic: this.#topic('presence'), payload: JSON.stringify(presence(false)) },
      },
      {
        onOpen: () => isCurrent() && this.#subscribe(connection),
        onMessage: (topic, payload) => {
          const channel = topic.slice(topic.lastIndexOf('/') + 1) as Channel
          if (isCurrent() && topic === this.#topic(channel)) onMessage(channel, payload)
        },
        onClose: (why) => {
          if (!isCurrent()) return
          this.#drop(why)
          this.#retryLater()
        },
      },
    )
    this.#connection = connection
  }

  #subscribe(connection: BrokerConnection): void {
    const topics = (['acks', 'commands', 'desired'] as const).map((channel) => this.#topic(channel))
    connection.subscribe(topics, (isGranted) => {
      if (this.#connection !== connection) return
      if (!isGranted) {
        this.#drop('a subscription was refused')
        this.#retryLater()
        return
      }
      this.#isConnected = true
      this.#retryMs = firstRetryMs
      this.publish('presence', this.#options.presence(true))
      this.#options.onConnected()
    })
  }

  #drop(why: string): void {
    const connection = this.#connection
    const wasConnected = this.#isConnected
    this.#connection = undefined
    this.#isConnected = false
    connection?.drop()
    if (wasConnected) this.#options.onDisconnected(why)
  }

  #retryLater(): void {
    if (this.#isClosed || !this.#isEnabled) return
    this.#cancelRetry()
    // A fleet that lost its broker must not come back in one instant.
    const delayMs = this.#retryMs * (0.5 + nextUnit(this.#options.random) / 2)
    this.#retryMs = Math.min(this.#retryMs * 2, maxRetryMs)
    this.#cancelRetry = this.#options.clock.setTimer(delayMs, () => this.#connect())
  }
}
