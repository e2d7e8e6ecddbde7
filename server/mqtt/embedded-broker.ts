// The embedded broker (aedes) for installations without one: cabinets prove themselves with their own key and may use their
// own topics only, each in its direction. The server itself is inside the broker, without a socket between.
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { Aedes, type AuthenticateError, type Client } from 'aedes'
import { channelRules, channels, parseTopic, topicOf, topicOfAll } from '#shared/contracts/mqtt/topics.ts'
import { Id } from '#shared/ids/uuid-v7.ts'
import type { Clock } from '#shared/time/clock.ts'
import type { TlsOptions } from '../config/read-tls.ts'
import type { Metrics } from '../http/metrics.ts'
import type { CabinetLink, DownChannel, DownMessages, LinkListener } from './cabinet-link.ts'
import { judgeLogin } from './cabinet-login.ts'
import { PacketMeter } from './packet-meter.ts'
import { keepRetainedByTopic } from './retained-messages.ts'

/** A larger packet ends the connection; between this and maxPayloadBytes the message is counted and dropped. */
const maxPacketBytes = 1_048_576
const maxConnections = 20_000
/** Who takes nothing for so long, with the kernel's buffers full, is hung up on: what waits for it keeps the others waiting. */
const deafAfterMs = 5_000
/** MQTT 3.1.1 §3.2.2.3: bad user name or password. */
const badLogin = 4

export interface BrokerOptions {
  readonly host: string
  /** 0 picks a free port. */
  readonly port: number
  /** Address for cabinets when it differs from host and port. */
  readonly publicUrl: string | undefined
  /** Undefined: MQTT in clear. */
  readonly tls: TlsOptions | undefined
  readonly clock: Clock
  readonly metrics: Metrics
  readonly listener: LinkListener
  /** The enrolled key of a cabinet; undefined when there is none. */
  readonly findPublicKey: (cabinetId: Id) => Promise<string | undefined>
  readonly onError: (error: Error) => void
}

class EmbeddedLink implements CabinetLink {
  readonly #options: BrokerOptions
  readonly #broker: Aedes
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #cabinetOf = new WeakMap<Client, Id>()
  /** Whoever came as this cabinet, from the first look at its login until the line is down. */
  readonly #clientsOf = new Map<Id, Set<Client>>()
  #isOpen = false

  constructor(options: BrokerOptions) {
    this.#options = options
    this.#broker = new Aedes({
      maxClientsIdLength: 64,
      maxTopicLevels: 8,
      // A cabinet that was away gets at most this many commands and acks at once; it asks for the rest.
      queueLimit: 1_000,
      heartbeatInterval: 60_000,
      drainTimeout: deafAfterMs,
      authenticate: (client, username, password, done) => void this.#authenticate(client, username, password, done),
      authorizePublish: (client, packet, done) => done(this.#refusePublication(client, packet)),
      authorizeSubscribe: (client, subscription, done) =>
        done(null, this.#maySubscribe(client, subscription.topic) ? subscription : null),
    })
    this.#broker.on('clientError', (_client, error) => this.#count('protocol', error))
    this.#broker.on('connectionError', (_client, error) => this.#count('protocol', error))
    const { tls } = options
    const socketOptions = { noDelay: true, keepAlive: true }
    const accept = (socket: Socket) => this.#accept(socket)
    this.#server =
      tls === undefined ? createServer(socketOptions, accept) : createTlsServer({ ...tls, ...socketOptions }, accept)
    this.#server.on('tlsClientError', () => this.#count('tls'))
    this.#server.maxConnections = maxConnections
  }

  get isConnected(): boolean {
    return this.#isOpen
  }

  get url(): string {
    if (this.#options.publicUrl !== undefined) return this.#options.publicUrl
    const { port } = this.#server.address() as AddressInfo
    const { host } = this.#options
    return `${this.#options.tls === undefined ? 'mqtt' : 'mqtts'}://${host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host}:${port}`
  }

  async open(): Promise<void> {
    await this.#broker.listen()
    keepRetainedByTopic(this.#broker)
    for (const channel of channels) {
      if (channelRules[channel].publisher !== 'cabinet') continue
      await new Promise<void>((resolve) => {
        const deliver = (packet: { topic: string; payload: Buffer | string }, done: () => void) => {
          if (this.#isOpen) this.#options.listener.onMessage(packet.topic, Buffer.from(packet.payload))
          done()
        }
        this.#broker.subscribe(topicOfAll(channel), deliver, resolve)
      })
    }
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(this.#options.port, this.#options.host, () => {
        this.#server.off('error', reject)
        this.#server.on('error', this.#options.onError)
        resolve()
      })
    })
    this.#isOpen = true
    this.#options.listener.onConnected()
  }

  publish<C extends DownChannel>(cabinetId: Id, channel: C, message: DownMessages[C]): Promise<void> {
    const { qos, isRetained } = channelRules[channel]
    return new Promise((resolve, reject) => {
      if (!this.#isOpen) {
        reject(new Error('the broker is closed'))
        return
      }
      const payload = Buffer.from(JSON.stringify(message))
      const topic = topicOf(cabinetId, channel)
      this.#broker.publish({ cmd: 'publish', topic, payload, qos, retain: isRetained, dup: false }, (error) =>
        error ? reject(error) : resolve(),
      )
    })
  }

  shareWithPages(): void {
    // The embedded broker serves one process, whose pages have the update already.
  }

  disconnect(cabinetId: Id): void {
    for (const client of this.#clientsOf.get(cabinetId) ?? []) client.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOpen = false
    await new Promise<void>((resolve) => {
      this.#broker.close(() => resolve())
    })
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
    })
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    const meter = new PacketMeter(maxPacketBytes)
    // Looks at the bytes where they enter the stream, so that a packet over the limit is never collected; a pipe between
    // would cost every message a turn of the event loop.
    const push = socket.push.bind(socket)
    socket.push = (chunk: Buffer | null, encoding?: BufferEncoding) => {
      if (chunk === null || meter.accepts(chunk)) return push(chunk, encoding)
      this.#count('packet_too_large')
      socket.destroy()
      return false
    }
    this.#broker.handle(socket)
  }

  async #authenticate(
    client: Client,
    username: string | undefined,
    password: Buffer | undefined,
    done: (error: AuthenticateError | null, success: boolean | null) => void,
  ): Promise<void> {
    const refusal = await this.#refuseLogin(client, username, String(password)).catch(() => 'unavailable')
    if (refusal === undefined) {
      done(null, true)
      return
    }
    this.#count(refusal)
    done(Object.assign(new Error(`login refused: ${refusal}`), { returnCode: badLogin }), null)
  }

  /** The reason to refuse a login, or undefined. */
  async #refuseLogin(client: Client, username: string | undefined, password: string): Promise<string | undefined> {
    const cabinetId = Id.safeParse(username)
    // The client id is the cabinet's, so that nobody takes over another one's connection, and a cabinet has one line: whoever
    // else has its key cuts it off and is cut off by it, as the broker ends the older of two with one id (MQTT 3.1.1 §3.1.4).
    if (!cabinetId.success || client.id !== cabinetId.data) return 'malformed'
    this.#note(cabinetId.data, client)
    const publicKey = await this.#options.findPublicKey(cabinetId.data)
    if (publicKey === undefined) return 'unknown_cabinet'
    const verdict = judgeLogin(cabinetId.data, publicKey, password, this.#options.clock.now())
    if (verdict !== 'good') return verdict
    this.#cabinetOf.set(client, cabinetId.data)
    return undefined
  }

  /** Noted before its key is looked up: one that is taken away meanwhile lets nobody in any more. */
  #note(cabinetId: Id, client: Client): void {
    const clients = this.#clientsOf.get(cabinetId) ?? new Set()
    this.#clientsOf.set(cabinetId, clients.add(client))
    client.conn.on('close', () => {
      clients.delete(client)
      if (clients.size === 0 && this.#clientsOf.get(cabinetId) === clients) this.#clientsOf.delete(cabinetId)
    })
  }

  /** The reason to refuse a publication, or null. A refused publisher is disconnected by the broker. */
  #refusePublication(client: Client | null, packet: { topic: string; retain?: boolean }): Error | null {
    const topic = parseTopic(packet.topic)
    const isOwn = topic !== undefined && (client === null || this.#cabinetOf.get(client) === topic.cabinetId)
    if (!isOwn || channelRules[topic.channel].publisher !== 'cabinet') {
      this.#count('publish_topic')
      return new Error(`may not publish on ${packet.topic}`)
    }
    if (!channelRules[topic.channel].isRetained) packet.retain = false
    return null
  }

  #maySubscribe(client: Client, filter: string): boolean {
    const topic = parseTopic(filter)
    const isGood =
      topic !== undefined &&
      topic.cabinetId === this.#cabinetOf.get(client) &&
      channelRules[topic.channel].publisher === 'server'
    if (!isGood) this.#count('subscribe_topic')
    return isGood
  }

  #count(reason: string, error?: Error): void {
    // Errors that follow from our own refusals are counted where they arose.
    if (error !== undefined && /refused|may not publish/.test(error.message)) return
    this.#options.metrics.brokerRefusals.inc({ reason })
  }
}

/** Starts the broker and resolves when it listens. */
export async function openEmbeddedLink(options: BrokerOptions): Promise<CabinetLink> {
  const link = new EmbeddedLink(options)
  await link.open()
  return link
}
