// The embedded broker: who may connect, what may be said where, and what becomes of the rest.
import { generateKeyPairSync } from 'node:crypto'
import mqtt, { type MqttClient } from 'mqtt'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { topicOf, topicOfAll } from '#shared/contracts/mqtt/topics.ts'
import {
  connectOptions,
  enrolCabinet,
  makeLogin,
  newId,
  registerCabinet,
  startCabinet,
} from '#tests/support/test-cabinet.ts'
import { type Person, startServer, type TestServer } from '#tests/support/start-server.ts'

/** What a client is told, whatever the reason. */
const refused = /Not authorized|Bad user\s?name|Connection refused/i

describe('the embedded broker', () => {
  let server: TestServer
  let operator: Person
  let cabinets = 0
  const nextCode = () => `YB-${String((cabinets += 1)).padStart(4, '0')}`
  const now = () => server.app.ctx.clock.now()

  beforeAll(async () => {
    server = await startServer({ dialect: 'sqlite' })
    operator = await server.signIn('operator')
  })
  afterAll(() => server[Symbol.asyncDispose]())

  async function prepare() {
    const cabinetId = await registerCabinet(server, nextCode())
    const { privateKey } = await enrolCabinet(server, cabinetId, operator)
    return { cabinetId, privateKey }
  }
  const attempt = (cabinetId: string, password: string, clientId = cabinetId): Promise<MqttClient> =>
    mqtt.connectAsync(server.app.mqttUrl, { ...connectOptions(cabinetId, password), clientId }, false)
  /** Resolves when the broker hung up; how the socket ended (reset or not) does not matter. */
  const hungUp = (client: MqttClient) => {
    client.on('error', () => {})
    return new Promise<void>((resolve) => {
      client.once('close', resolve)
    })
  }
  const refusals = async (reason: string) => {
    const { values } = await server.app.ctx.metrics.brokerRefusals.get()
    return values.find(({ labels }) => labels.reason === reason)?.value ?? 0
  }

  it('lets a cabinet in that proves itself with its key', async () => {
    const { cabinetId, privateKey } = await prepare()

    const client = await attempt(cabinetId, makeLogin(cabinetId, privateKey, now()))

    expect(client.connected).toBe(true)
    await client.endAsync()
  })

  it.each([
    ['a signature of another key', (id: string) => makeLogin(id, generateKeyPairSync('ed25519').privateKey, now())],
    ['no signature', () => 'password'],
    ['nothing', () => ''],
  ])('refuses %s', async (_what, login) => {
    const { cabinetId } = await prepare()

    await expect(attempt(cabinetId, login(cabinetId))).rejects.toThrow(refused)
  })

  it('refuses a password that is older or newer than five minutes', async () => {
    const { cabinetId, privateKey } = await prepare()

    await expect(attempt(cabinetId, makeLogin(cabinetId, privateKey, now() - 301_000))).rejects.toThrow(refused)
    await expect(attempt(cabinetId, makeLogin(cabinetId, privateKey, now() + 301_000))).rejects.toThrow(refused)
    const client = await attempt(cabinetId, makeLogin(cabinetId, privateKey, now() - 290_000))
    await client.endAsync()
    expect(await refusals('skewed')).toBe(2)
  })

  it('refuses a cabinet nobody enrolled, and one that was withdrawn', async () => {
    const { cabinetId, privateKey } = await prepare()
    const stranger = await registerCabinet(server, nextCode())
    const { status } = await operator.send('PATCH', `/api/cabinets/${cabinetId}`, { rolloutState: 'withdrawn' })

    expect(status).toBe(204)
    await expect(attempt(cabinetId, makeLogin(cabinetId, privateKey, now()))).rejects.toThrow(refused)
    await expect(attempt(stranger, makeLogin(stranger, privateKey, now()))).rejects.toThrow(refused)
    expect(await refusals('unknown_cabinet')).toBe(2)
  })

  it('does not let one cabinet take over the connection of another', async () => {
    const victim = await prepare()
    const attacker = await prepare()
    const client = await attempt(victim.cabinetId, makeLogin(victim.cabinetId, victim.privateKey, now()))

    const password = makeLogin(attacker.cabinetId, attacker.privateKey, now())

    await expect(attempt(attacker.cabinetId, password, victim.cabinetId)).rejects.toThrow(refused)
    expect(client.connected).toBe(true)
    await client.endAsync()
  })

  it('gives a cabinet one line: who else has its key takes it over, and has no second one', async () => {
    const { cabinetId, privateKey } = await prepare()
    const client = await attempt(cabinetId, makeLogin(cabinetId, privateKey, now()))
    const closed = hungUp(client)

    const beside = attempt(cabinetId, makeLogin(cabinetId, privateKey, now()), `${cabinetId}-thief`)
    await expect(beside).rejects.toThrow(refused)
    expect(client.connected).toBe(true)
    const instead = await attempt(cabinetId, makeLogin(cabinetId, privateKey, now()))

    await closed
    await instead.endAsync()
  })

  it('hangs up on a cabinet when it is enrolled anew', async () => {
    const { cabinetId, privateKey } = await prepare()
    const client = await attempt(cabinetId, makeLogin(cabinetId, privateKey, now()))
    const closed = hungUp(client)

    await enrolCabinet(server, cabinetId, operator)

    await closed
    await expect(attempt(cabinetId, makeLogin(cabinetId, privateKey, now()))).rejects.toThrow(refused)
  })

  it('hangs up on who publishes where it may not', async () => {
    const victim = newId()
    for (const topic of [topicOf(victim, 'events'), 'huinong/v1/pages/x', '$SYS/x', 'else']) {
      await using cabinet = await startCabinet(server, nextCode())
      const closed = hungUp(cabinet.client)
      cabinet.client.publish(topic, '{}', { qos: 1 })
      await closed
    }
    await using cabinet = await startCabinet(server, nextCode())
    const closed = hungUp(cabinet.client)
    cabinet.client.publish(topicOf(cabinet.cabinetId, 'commands'), '{}', { qos: 1 })
    await closed

    expect(await refusals('publish_topic')).toBe(5)
  })

  it('subscribes a cabinet to its own topics only', async () => {
    await using cabinet = await startCabinet(server, nextCode())
    await using other = await startCabinet(server, nextCode())

    const filters = [
      topicOf(other.cabinetId, 'commands'),
      topicOfAll('commands'),
      '#',
      topicOf(cabinet.cabinetId, 'events'),
    ]
    const grants = []
    for (const filter of filters)
      grants.push(
        await cabinet.client.subscribeAsync(filter, { qos: 1 }).then(
          () => 'granted',
          () => 'refused',
        ),
      )

    expect(grants).toEqual(['refused', 'refused', 'refused', 'refused'])
  })

  it('cuts a packet off before it is collected, and serves on', async () => {
    await using cabinet = await startCabinet(server, nextCode())
    const closed = hungUp(cabinet.client)

    cabinet.client.publish(topicOf(cabinet.cabinetId, 'telemetry'), Buffer.alloc(2_000_000, 0x20))
    await closed

    expect(await refusals('packet_too_large')).toBe(1)
    await using next = await startCabinet(server, nextCode())
    await next.tell('alarm.raised', { alarm: 'x', detail: '' })
    expect(await next.committed(1)).toEqual({ throughSeq: 1 })
  })
})
