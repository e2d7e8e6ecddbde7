// A cabinet as the server sees it: enrolled with its own key, connected over real MQTT, with a journal. It has no devices; tests
// say what it publishes and wait for what it receives.
import { generateKeyPairSync, sign } from 'node:crypto'
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt'
import { mqttLoginText } from '#shared/contracts/http/cabinets.ts'
import type { AckMessage, EventBody, EventType, JournalEntry } from '#shared/contracts/mqtt/event.ts'
import type { Command } from '#shared/contracts/mqtt/command.ts'
import { type Channel, topicOf } from '#shared/contracts/mqtt/topics.ts'
import { systemRandom } from '#shared/ids/random.ts'
import { type Id, makeId } from '#shared/ids/uuid-v7.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import type { Unit, UnitContext } from '#server/db/unit.ts'
import { addCabinets, addHostSites } from '#server/cabinets/register-cabinets.ts'
import { JournalWriter } from './journal-writer.ts'
import type { TestServer } from './start-server.ts'

export const newId = () => makeId(systemClock, systemRandom)

/** Values that arrive over time; each is taken once. */
export class Arrivals<T> {
  readonly #waiting: T[] = []
  readonly #takers: Array<(value: T) => void> = []

  push(value: T): void {
    const taker = this.#takers.shift()
    if (taker === undefined) this.#waiting.push(value)
    else taker(value)
  }

  next(): Promise<T> {
    const [first] = this.#waiting.splice(0, 1)
    if (first !== undefined) return Promise.resolve(first)
    return new Promise((resolve) => {
      this.#takers.push(resolve)
    })
  }

  /** The first that fits; those before it are dropped. */
  async find(isWanted: (value: T) => boolean): Promise<T> {
    for (;;) {
      const value = await this.next()
      if (isWanted(value)) return value
    }
  }
}

export interface TestCabinet extends AsyncDisposable {
  readonly cabinetId: Id
  readonly code: string
  readonly bootId: Id
  readonly journal: JournalWriter
  readonly client: MqttClient
  readonly acks: Arrivals<AckMessage>
  readonly commands: Arrivals<Command>
  readonly desired: Arrivals<{ version: number }>
  publish(channel: Channel, message: unknown): Promise<void>
  /** Writes an event to the journal and publishes it. */
  tell<T extends EventType>(type: T, body: EventBody<T>): Promise<JournalEntry>
  /** Resolves with the ack that commits at least this seq. */
  committed(seq: number): Promise<AckMessage>
}

/** Registers a live cabinet; returns its id. */
export function registerCabinet({ app }: TestServer, code: string): Promise<Id> {
  return app.ctx.database.run((unit) => registerAt(unit, code))
}

/** Adds a host site with a live cabinet. */
export function* registerAt(unit: UnitContext, code: string): Unit<Id> {
  const site = { name: `点位 ${code}`, kind: 'hospital', address: '渝北区', joinCode: `JOIN-${code}` } as const
  const [made] = yield* addHostSites(unit, [site])
  const hostSiteId = made?.hostSiteId ?? ''
  const [cabinetId = ''] = yield* addCabinets(unit, [{ code, hostSiteId, rolloutState: 'live', isDemo: true }])
  return cabinetId
}

/** The key of a cabinet and the enrolment that gives it its place. */
export async function enrolCabinet(
  server: TestServer,
  cabinetId: Id,
  operator: { send: TestServer['anybody']['send'] },
) {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const spki = publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
  const { body: code } = await operator.send('POST', `/api/cabinets/${cabinetId}/enrolment-codes`)
  const enrolmentCode = code['enrolmentCode']
  const { body: enrolled } = await server.anybody.send('POST', '/api/enrolments', { enrolmentCode, publicKey: spki })
  return { privateKey, enrolled, enrolmentCode: String(enrolmentCode) }
}

/** A password for the broker, as the cabinet's key makes it. */
export function makeLogin(cabinetId: Id, privateKey: Parameters<typeof sign>[2], atMs: number): string {
  return `${atMs}.${sign(null, Buffer.from(mqttLoginText(cabinetId, atMs)), privateKey).toString('base64')}`
}

export function connectOptions(cabinetId: Id, password: string): IClientOptions {
  return { clientId: cabinetId, username: cabinetId, password, protocolVersion: 4, reconnectPeriod: 0, clean: true }
}

/** Registers, enrols and connects a cabinet. */
export async function startCabinet(server: TestServer, code: string): Promise<TestCabinet> {
  const cabinetId = await registerCabinet(server, code)
  const operator = await server.signIn('operator')
  const { privateKey } = await enrolCabinet(server, cabinetId, operator)
  const password = makeLogin(cabinetId, privateKey, server.app.ctx.clock.now())
  const client = await mqtt.connectAsync(server.app.mqttUrl, connectOptions(cabinetId, password))
  return openCabinet(client, { cabinetId, code }, () => server.app.ctx.clock.now())
}

/** Wraps a connected client; `journal` goes on with one that was begun over an earlier connection. */
export async function openCabinet(
  client: MqttClient,
  { cabinetId, code }: { readonly cabinetId: Id; readonly code: string },
  now: () => number,
  begun?: JournalWriter,
): Promise<TestCabinet> {
  const bootId = newId()
  const journal = begun ?? new JournalWriter(bootId, now)
  const acks = new Arrivals<AckMessage>()
  const commands = new Arrivals<Command>()
  const desired = new Arrivals<{ version: number }>()
  client.on('message', (topic, payload) => {
    const message = JSON.parse(payload.toString())
    if (topic.endsWith('/acks')) acks.push(message)
    if (topic.endsWith('/commands')) commands.push(message)
    if (topic.endsWith('/desired')) desired.push(message)
  })
  await client.subscribeAsync(
    (['acks', 'commands', 'desired'] as const).map((channel) => topicOf(cabinetId, channel)),
    { qos: 1 },
  )
  const publish = async (channel: Channel, message: unknown) => {
    const payload = typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message)
    const isRetained = channel === 'presence' || channel === 'reported'
    await client.publishAsync(topicOf(cabinetId, channel), payload, { qos: 1, retain: isRetained })
  }
  return {
    cabinetId,
    code,
    bootId,
    journal,
    client,
    acks,
    commands,
    desired,
    publish,
    async tell(type, body) {
      const entry = journal.write(type, body)
      await publish('events', entry)
      return entry
    },
    committed: (seq) => acks.find((ack) => 'throughSeq' in ack && ack.throughSeq >= seq),
    [Symbol.asyncDispose]: () => client.endAsync(true),
  }
}
