// An external broker, shared by any number of server processes. With MQTT 5 the work is divided by shared subscriptions; a
// broker that knows only 3.1.1 sends everything to every process, where the second copy of an entry is a duplicate.
// Who may log in and on which topics is the broker's business there (README, "an external broker").
import mqtt, { type MqttClient } from 'mqtt'
import { LiveUpdate } from '#shared/contracts/http/sessions.ts'
import { channelRules, channels, topicOf, topicOfAll } from '#shared/contracts/mqtt/topics.ts'
import { Id } from '#shared/ids/uuid-v7.ts'
import type { CabinetLink, DownChannel, DownMessages, LinkListener } from './cabinet-link.ts'

/** Between attempts to reach the broker. */
const reconnectMs = 1_000
/** Updates for pages that hang on another process; for servers only. */
const pagesPrefix = 'huinong/v1/pages/'

export interface ExternalOptions {
  readonly url: string
  readonly publicUrl: string | undefined
  /** Tells this process's own shares on `pages` from the others'. */
  readonly processId: Id
  readonly listener: LinkListener
  readonly onError: (error: Error) => void
}

/** Events, replies and telemetry go to one process each; the rest concerns all of them or is retained. */
const sharedChannels: ReadonlySet<string> = new Set(['events', 'replies', 'telemetry'])

class ExternalLink implements CabinetLink {
  readonly #options: ExternalOptions
  readonly url: string
  #client: MqttClient
  #version: 4 | 5 = 5
  #isSubscribed = false
  /** Ends the wait of each message that the broker has not confirmed yet. */
  readonly #unanswered = new Set<(error: Error) => void>()

  constructor(options: ExternalOptions) {
    this.#options = options
    this.url = options.publicUrl ?? options.url.replace(/\/\/[^@/]*@/, '//')
    this.#client = this.#connect()
  }

  get isConnected(): boolean {
    return this.#client.connected && this.#isSubscribed
  }

  #connect(): MqttClient {
    const client = mqtt.connect(this.#options.url, {
      protocolVersion: this.#version,
      clientId: `server-${this.#options.processId}`,
      clean: true,
      reconnectPeriod: reconnectMs,
      resubscribe: false,
      queueQoSZero: false,
    })
    client.on('connect', () => {
      // Without it each QoS 1 round trip waits for the peer's delayed acknowledgement, some 40 ms each way.
      const stream = client.stream as { setNoDelay?: (isOn: boolean) => void }
      stream.setNoDelay?.(true)
      this.#subscribe(client).catch(this.#options.onError)
    })
    client.on('close', () => {
      this.#isSubscribed = false
    })
    client.on('message', (topic, payload) => this.#receive(topic, payload))
    client.on('error', (error) => {
      this.#options.onError(error)
      const isVersionRefused = this.#version === 5 && /protocol version/i.test(error.message)
      if (!isVersionRefused || client !== this.#client) return
      this.#version = 4
      client.end(true)
      this.#client = this.#connect()
    })
    return client
  }

  async #subscribe(client: MqttClient): Promise<void> {
    const filters: Record<string, { qos: 0 | 1 }> = { [`${pagesPrefix}+`]: { qos: 0 } }
    for (const channel of channels) {
      const rule = channelRules[channel]
      if (rule.publisher !== 'cabinet') continue
      const isShared = this.#version === 5 && sharedChannels.has(channel)
      filters[`${isShared ? '$share/ingest/' : ''}${topicOfAll(channel)}`] = { qos: rule.qos }
    }
    await client.subscribeAsync(filters)
    this.#isSubscribed = true
    this.#options.listener.onConnected()
  }

  #receive(topic: string, payload: Buffer): void {
    if (!topic.startsWith(pagesPrefix)) {
      this.#options.listener.onMessage(topic, payload)
      return
    }
    try {
      const { from, update } = JSON.parse(payload.toString()) as { from: unknown; update: unknown }
      if (from === this.#options.processId) return
      this.#options.listener.onPageUpdate(Id.parse(topic.slice(pagesPrefix.length)), LiveUpdate.parse(update))
    } catch (error) {
      this.#options.onError(error as Error)
    }
  }

  async publish<C extends DownChannel>(cabinetId: Id, channel: C, message: DownMessages[C]): Promise<void> {
    // Nothing waits in the client: what could not be sent is sent anew when the line stands again, if it still counts.
    if (!this.#client.connected) throw new Error('the broker is away')
    const { qos, isRetained } = channelRules[channel]
    await new Promise<void>((resolve, reject) => {
      this.#unanswered.add(reject)
      this.#client.publish(
        topicOf(cabinetId, channel),
        JSON.stringify(message),
        { qos, retain: isRetained },
        (error) => {
          this.#unanswered.delete(reject)
          if (error) reject(error)
          else resolve()
        },
      )
    })
  }

  shareWithPages(accountId: Id, update: LiveUpdate): void {
    if (!this.#client.connected) return
    const message = JSON.stringify({ from: this.#options.processId, update })
    this.#client.publish(`${pagesPrefix}${accountId}`, message, { qos: 0 })
  }

  disconnect(): void {
    // The broker's own access rules decide; MQTT has no way to ask it.
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.endAsync(true)
    // The client calls nobody back whom the broker has not answered, and whoever waits would keep the process from ending.
    for (const reject of this.#unanswered) reject(new Error('the link to the broker was closed'))
    this.#unanswered.clear()
  }
}

/** Starts connecting and goes on trying for ever; the pages serve meanwhile. */
export function openExternalLink(options: ExternalOptions): CabinetLink {
  return new ExternalLink(options)
}
