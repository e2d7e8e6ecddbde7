// One simulated cabinet: a real MQTT connection, and of the agent only what it says of itself. It takes over the twin it is
// told, or refuses it, and speaks when it is asked to. Ten thousand of them fit in one process.
import { connect, type Socket } from 'node:net'
import type { KeyObject } from 'node:crypto'
import { generate, parser, type IPublishPacket, type Packet } from 'mqtt-packet'
import { signedLogin } from '#cabinet-agent/link/login.ts'
import { channelRules, topicOf, type Channel } from '#shared/contracts/mqtt/topics.ts'
import { CabinetConfig, type DesiredTwin, type ReportedTwin } from '#shared/contracts/mqtt/twin.ts'
import { makeId, type Id } from '#shared/ids/uuid-v7.ts'
import { systemRandom } from '#shared/ids/random.ts'
import type { CancelTimer } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import type { SwarmCount, SwarmHabit } from './swarm-messages.ts'

const laneIds = Array.from({ length: 12 }, (_, index) => `L${String(index + 1).padStart(2, '0')}`)
const keepaliveS = 120
/** As MQTT clients do: a broker hangs up on whoever is silent for one and a half times the keep-alive. */
const pingEveryMs = (keepaliveS * 1_000) / 2
const config = CabinetConfig.parse({})

export interface SwarmTally {
  readonly sent: Map<string, number>
  readonly acknowledged: Map<string, number>
}

export interface SwarmCabinetOptions {
  readonly cabinetId: Id
  readonly key: KeyObject
  readonly habit: SwarmHabit
  readonly host: string
  readonly port: number
  readonly tally: SwarmTally
  /** The connection ended and nobody here wanted that. */
  readonly onLost: (cabinet: SwarmCabinet) => void
}

const add = (counts: Map<string, number>, channel: string) => counts.set(channel, (counts.get(channel) ?? 0) + 1)

export class SwarmCabinet {
  readonly #options: SwarmCabinetOptions
  readonly #bootId = makeId(systemClock, systemRandom)
  readonly #unanswered = new Map<number, { channel: Channel; packet: IPublishPacket; done: () => void }>()
  #cancelPing: CancelTimer = () => {}
  #isLive = false
  #socket: Socket | undefined
  #messageId = 0
  #onReady: (() => void) | undefined
  #twin: DesiredTwin | undefined
  #refused: DesiredTwin | undefined
  #recalledAtMs: number | undefined
  #lastReportedAtMs = 0
  #lastTelemetryAtMs = 0

  constructor(options: SwarmCabinetOptions) {
    this.#options = options
  }

  get habit(): SwarmHabit {
    return this.#options.habit
  }

  get count(): SwarmCount {
    return {
      cabinetId: this.#options.cabinetId,
      isConnected: this.#socket !== undefined,
      liveIntervalMs: (this.#twin?.config ?? config).liveIntervalMs,
      lastReportedAtMs: this.#lastReportedAtMs,
      lastTelemetryAtMs: this.#lastTelemetryAtMs,
      recalledAtMs: this.#recalledAtMs,
    }
  }

  /** Resolves once it is subscribed and the broker has its presence, and what an earlier connection left unanswered is on its way. */
  async connect(): Promise<void> {
    const { host, port, cabinetId, key } = this.#options
    const left = [...this.#unanswered.values()]
    const socket = connect({ host, port, noDelay: true })
    this.#socket = socket
    const reader = parser({ protocolVersion: 4 })
    reader.on('packet', (packet) => this.#take(packet))
    socket.on('data', (bytes) => reader.parse(bytes))
    socket.on('error', () => {})
    const ready = new Promise<void>((resolve, reject) => {
      this.#onReady = resolve
      socket.on('close', () => {
        reject(new Error('the connection was closed'))
        if (this.#socket !== socket) return
        this.#socket = undefined
        this.#cancelPing()
        if (this.#isLive) this.#options.onLost(this)
        this.#isLive = false
      })
    })
    const { username, password } = signedLogin(cabinetId, key, systemClock.now())
    this.#write({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: true,
      clientId: cabinetId,
      keepalive: keepaliveS,
      username,
      password: Buffer.from(password),
      will: { topic: topicOf(cabinetId, 'presence'), payload: this.#presence(false), qos: 1, retain: true },
    })
    await ready
    this.#isLive = true
    this.#ping()
    for (const { packet } of left) this.#write({ ...packet, dup: true })
    await this.publish('presence', this.#presence(true))
  }

  /** Pulls the cable: the broker sends the last will. */
  hangUp(): void {
    this.#cancelPing()
    this.#isLive = false
    this.#socket?.destroy()
    this.#socket = undefined
    this.#unanswered.clear()
  }

  #ping(): void {
    this.#cancelPing = systemClock.setTimer(pingEveryMs, () => {
      this.#write({ cmd: 'pingreq' })
      this.#ping()
    })
  }

  /** Resolves when the broker has it (QoS 1), over the next connection if need be, or it has left (QoS 0); never after a hang-up. */
  publish(channel: Channel, payload: Buffer): Promise<void> {
    const { qos, isRetained } = channelRules[channel]
    const topic = topicOf(this.#options.cabinetId, channel)
    add(this.#options.tally.sent, channel)
    const base = { cmd: 'publish', topic, payload, qos, retain: isRetained, dup: false } as const
    if (qos === 0) {
      this.#write(base)
      return Promise.resolve()
    }
    this.#messageId = (this.#messageId % 65_535) + 1
    const messageId = this.#messageId
    return new Promise((resolve) => {
      const packet = { ...base, messageId }
      this.#unanswered.set(messageId, { channel, packet, done: resolve })
      this.#write(packet)
    })
  }

  report(): Promise<void> {
    const twin = this.#twin
    const atMs = systemClock.now()
    this.#lastReportedAtMs = atMs
    const reported: ReportedTwin = {
      desiredVersion: twin?.version ?? 0,
      planogramVersion: twin?.planogram.version ?? 0,
      pricesVersion: twin?.prices.version ?? 0,
      config: twin?.config ?? config,
      isInService: true,
      doorState: 'closed',
      sessionState: 'idle',
      lanes: laneIds.map((laneId) => ({
        laneId,
        count: 10,
        grossMg: 5_000_000,
        unitMassMg: 500_000,
        unitMassSdMg: 5_000,
        hasForeignObject: false,
        isFaulty: false,
      })),
      alarms: [],
      lockedLaneIds: (twin?.lockedLanes ?? []).map(({ laneId }) => laneId),
      ...(this.#refused === undefined
        ? {}
        : { rejected: { desiredVersion: this.#refused.version, code: 'config_impossible', reason: 'not here' } }),
      atMs,
    }
    return this.publish('reported', Buffer.from(JSON.stringify(reported)))
  }

  /** Of QoS 0: without a connection nothing is said. */
  telemeter(): Promise<void> {
    if (this.#socket === undefined) return Promise.resolve()
    const atMs = systemClock.now()
    this.#lastTelemetryAtMs = atMs
    const counters = { requests: 36_000, replies: 35_990, retries: 10, timeouts: 10, checksumErrors: 2 }
    const link = { ...counters, discardedBytes: 31, lateReplies: 1, reconnects: 0 }
    const telemetry = {
      atMs,
      temperatureDeciC: 55,
      humidityDeciPercent: 620,
      devices: ['lock', ...laneIds.map((laneId) => `scale ${laneId}`)].map((device) => ({ device, isOnline: true })),
      links: { locks: link, scales: link },
      outboxDepth: 0,
      diskFreeBytes: 8_000_000_000,
      rssBytes: 45_000_000,
      uptimeMs: 86_400_000,
    }
    return this.publish('telemetry', Buffer.from(JSON.stringify(telemetry)))
  }

  beat(): Promise<void> {
    return this.publish('presence', this.#presence(true))
  }

  #presence(isOnline: boolean): Buffer {
    return Buffer.from(JSON.stringify({ isOnline, bootId: this.#bootId, atMs: systemClock.now() }))
  }

  #write(packet: Packet): void {
    this.#socket?.write(generate(packet))
  }

  #take(packet: Packet): void {
    switch (packet.cmd) {
      case 'connack': {
        if (packet.returnCode !== 0) return void this.#socket?.destroy()
        const { cabinetId } = this.#options
        const topics = (['acks', 'commands', 'desired'] as const).map((channel) => topicOf(cabinetId, channel))
        const subscriptions = topics.map((topic) => ({ topic, qos: 1 as const }))
        this.#write({ cmd: 'subscribe', messageId: 65_535, subscriptions })
        return
      }
      case 'suback':
        return this.#onReady?.()
      case 'puback': {
        const waiting = this.#unanswered.get(packet.messageId ?? 0)
        if (waiting === undefined) return
        this.#unanswered.delete(packet.messageId ?? 0)
        add(this.#options.tally.acknowledged, waiting.channel)
        return waiting.done()
      }
      case 'publish':
        if (packet.qos === 1) this.#write({ cmd: 'puback', messageId: packet.messageId ?? 0 })
        if (packet.topic.endsWith('/desired')) this.#follow(JSON.parse(packet.payload.toString()) as DesiredTwin)
        return
      default:
    }
  }

  #follow(twin: DesiredTwin): void {
    if (twin.lockedLanes.some(({ reason }) => reason === 'recalled')) this.#recalledAtMs ??= systemClock.now()
    if (this.#options.habit === 'refuses' && twin.config.liveIntervalMs !== config.liveIntervalMs) this.#refused = twin
    else this.#twin = twin
    void this.report()
  }
}
