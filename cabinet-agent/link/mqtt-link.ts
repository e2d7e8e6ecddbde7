import { connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt'
import { writeToStream } from 'mqtt-packet'
import type { Presence } from '#shared/contracts/mqtt/twin.ts'
import { channelRules, topicOf, type Channel } from '#shared/contracts/mqtt/topics.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { nextUnit, type Random } from '#shared/ids/random.ts'
import type { CancelTimer, Clock } from '#shared/time/clock.ts'
import type { Login } from './login.ts'

export interface MqttLinkOptions {
  /** mqtt://host:port or mqtts://host:port. */
  url: string
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

// The packet writer's table of all 65,536 numbers costs 6 MB on a small computer and saves nothing at our rate.
writeToStream.cacheNumbers = false

const firstRetryMs = 500
const maxRetryMs = 30_000
const connectTimeoutMs = 10_000
/** More than this unsent, and what may be lost is left out, bytes. */
const maxBufferedBytes = 1_048_576

/**
 * Keeps one MQTT 3.1.1 connection alive: a fresh client and a fresh password each time, pauses that double, presence
 * with a last will. TCP_NODELAY on the socket: without it a QoS 1 round trip on loopback takes 88 ms.
 */
export class MqttLink implements AsyncDisposable {
  readonly #options: MqttLinkOptions
  #client: MqttClient | undefined
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
    const client = this.#client
    // From the broker's first word on: what a kept session brings before we subscribe is answered too.
    if (client?.connected !== true) return
    const { qos, isRetained } = channelRules[channel]
    const { writableLength } = client.stream as { writableLength?: number }
    if (qos === 0 && (writableLength ?? 0) > maxBufferedBytes) return
    client.publish(this.#topic(channel), JSON.stringify(message), { qos, retain: isRetained }, (error) => {
      if (error === undefined || error === null) onDelivered?.()
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    this.#cancelRetry()
    const client = this.#client
    if (client === undefined) return
    if (this.#isConnected) {
      // A clean end says so itself: the broker sends no last will then.
      await this.#sayGoodbye(client)
    }
    this.#drop('closed')
  }

  #sayGoodbye(client: MqttClient): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.setTimer(2_000, resolve)
      const options = { qos: 1, retain: true } as const
      client.publish(this.#topic('presence'), JSON.stringify(this.#options.presence(false)), options, () => {
        client.end(false, {}, () => {
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
    const { cabinetId, login, keepaliveS, presence } = this.#options
    const options: IClientOptions = {
      ...login(),
      clientId: cabinetId,
      protocolVersion: 4,
      // The broker keeps commands and acks of a short absence for us.
      clean: false,
      keepalive: keepaliveS(),
      reconnectPeriod: 0,
      connectTimeout: connectTimeoutMs,
      queueQoSZero: false,
      resubscribe: false,
      will: { topic: this.#topic('presence'), payload: JSON.stringify(presence(false)), qos: 1, retain: true },
    }
    const client = new mqtt.MqttClient(() => openSocket(this.#options.url), options)
    this.#client = client
    const isCurrent = () => this.#client === client
    client.on('connect', () => isCurrent() && this.#subscribe(client))
    client.on('message', (topic, payload) => {
      const channel = topic.slice(topic.lastIndexOf('/') + 1) as Channel
      if (isCurrent() && topic === this.#topic(channel)) this.#options.onMessage(channel, payload)
    })
    let why = 'closed'
    client.on('error', (error) => {
      why = error.message
    })
    client.on('close', () => {
      if (!isCurrent()) return
      this.#drop(why)
      this.#retryLater()
    })
  }

  #subscribe(client: MqttClient): void {
    const topics = (['acks', 'commands', 'desired'] as const).map((channel) => this.#topic(channel))
    client.subscribe(topics, { qos: 1 }, (error, granted) => {
      if (this.#client !== client) return
      if ((error ?? undefined) !== undefined || granted?.some((grant) => Number(grant.qos) > 2) === true) {
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
    const client = this.#client
    const wasConnected = this.#isConnected
    this.#client = undefined
    this.#isConnected = false
    if (client !== undefined) {
      client.removeAllListeners()
      client.on('error', () => {})
      client.end(true)
    }
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

function openSocket(url: string) {
  const { protocol, hostname, port } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  const socket =
    protocol === 'mqtts:'
      ? connectTls({ host, port: Number(port || 8883), servername: host })
      : connectTcp({ host, port: Number(port || 1883) })
  socket.setNoDelay(true)
  return socket
}
