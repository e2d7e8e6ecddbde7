// The server's end of a cabinet's link, over a real broker and real sockets: keeps what was published, commits events in order
// and acknowledges them, signs commands. Can go away and come back on the same port.
import { generateKeyPairSync, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { Aedes } from 'aedes'
import { commandSigningText, type Command, type Reply } from '#shared/contracts/mqtt/command.ts'
import { EventsMessage, type AckMessage, type JournalEntry } from '#shared/contracts/mqtt/event.ts'
import { parseTopic, topicOf, type Channel } from '#shared/contracts/mqtt/topics.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'

export class TestBroker implements AsyncDisposable {
  readonly keys = generateKeyPairSync('ed25519')
  readonly cabinetId: Id
  /** Events in the order in which they were committed: each seq once. */
  readonly committed: JournalEntry[] = []
  /** Every event message as it came, duplicates included. */
  readonly received: JournalEntry[] = []
  readonly replies: Reply[] = []
  readonly messages: Array<{ channel: Channel; body: unknown; retain: boolean }> = []
  isAcking = true
  /** Refuses connections whose keepalive is below this, seconds. */
  minKeepaliveS = 0
  #aedes: Aedes | undefined
  #server: Server | undefined
  readonly #sockets = new Set<Socket>()
  #port = 0

  constructor(cabinetId: Id) {
    this.cabinetId = cabinetId
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.#port}`
  }

  get publicKey(): string {
    return this.keys.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
  }

  async start(): Promise<void> {
    const aedes = new Aedes({
      preConnect: (_client, packet, done) => done(null, (packet.keepalive ?? 0) >= this.minKeepaliveS),
    })
    await aedes.listen()
    aedes.on('publish', (packet, client) => {
      // A last will comes without its client, but from the same topic tree.
      const topic = parseTopic(packet.topic)
      if (topic === undefined || (client === null && topic.channel !== 'presence')) return
      this.#take(topic.channel, JSON.parse(packet.payload.toString()), packet.retain)
    })
    const server = createServer({ noDelay: true }, (socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      aedes.handle(socket)
    })
    server.listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
    this.#port = (server.address() as AddressInfo).port
    this.#aedes = aedes
    this.#server = server
  }

  async stop(): Promise<void> {
    const { promise, resolve } = deferred()
    this.#aedes?.close(resolve)
    this.#server?.close()
    for (const socket of this.#sockets) socket.destroy()
    await promise
    this.#aedes = undefined
  }

  send(channel: 'acks' | 'commands' | 'desired', message: unknown): void {
    const payload = typeof message === 'string' ? message : JSON.stringify(message)
    const packet = { topic: topicOf(this.cabinetId, channel), payload: Buffer.from(payload), qos: 1 as const }
    this.#aedes?.publish({ cmd: 'publish', dup: false, retain: channel === 'desired', ...packet }, () => {})
  }

  signed(command: Omit<Command, 'signature'>): Command {
    const text = Buffer.from(commandSigningText(this.cabinetId, command))
    return { ...command, signature: sign(null, text, this.keys.privateKey).toString('base64') }
  }

  repliesTo(commandId: Id): Reply[] {
    return this.replies.filter((reply) => reply.commandId === commandId)
  }

  types(): string[] {
    return this.committed.map((entry) => entry.type)
  }

  last<T>(channel: Channel): T | undefined {
    return this.messages.findLast((message) => message.channel === channel)?.body as T | undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#aedes !== undefined) await this.stop()
  }

  #take(channel: Channel, body: unknown, retain: boolean): void {
    this.messages.push({ channel, body, retain })
    if (channel === 'replies') this.replies.push(body as Reply)
    if (channel !== 'events') return
    const message = EventsMessage.parse(body)
    const entries = Array.isArray(message) ? message : [message]
    this.received.push(...entries)
    if (this.isAcking) this.send('acks', this.#commit(entries))
  }

  #commit(entries: readonly JournalEntry[]): AckMessage {
    for (const entry of entries) {
      const next = this.committed.length + 1
      if (entry.seq > next) return { resendFrom: next }
      if (entry.seq === next) this.committed.push(entry)
    }
    return { throughSeq: this.committed.length }
  }
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
