// The server behind a broker that is not its own: MQTT 5 with shared subscriptions, 3.1.1 without, and a broker that goes away.
import { createServer, type AddressInfo } from 'node:net'
import { Aedes, type AedesOptions } from 'aedes'
import { asc } from 'drizzle-orm'
import mqtt from 'mqtt'
import { describe, expect, it } from 'vitest'
import { rows } from '#server/db/unit.ts'
import { openExternalLink } from '#server/mqtt/external-broker.ts'
import { hasMosquitto, startMosquitto } from '#tests/support/mosquitto.ts'
import { Arrivals, newId, openCabinet, registerCabinet } from '#tests/support/test-cabinet.ts'
import { startServer, type TestServer } from '#tests/support/start-server.ts'

const alarm = (name: string) => ({ alarm: name, detail: '' })

async function connectCabinet(server: TestServer, url: string, code: string) {
  const cabinetId = await registerCabinet(server, code)
  const client = await mqtt.connectAsync(url, { clientId: cabinetId, clean: false })
  return openCabinet(client, { cabinetId, code }, () => server.app.ctx.clock.now())
}

const journalOf = ({ app }: TestServer) =>
  app.ctx.database.read(({ db, tables: { journalEntries: t } }) =>
    rows(db.select({ seq: t.seq, flag: t.flag, body: t.body }).from(t).orderBy(asc(t.seq))),
  )

const isReady = async ({ anybody }: TestServer) => (await anybody.send('GET', '/readyz')).status

describe.skipIf(!hasMosquitto)('behind mosquitto', () => {
  it('the server takes journals and sends acks, commands and twins', async () => {
    await using broker = await startMosquitto()
    await using server = await startServer({ dialect: 'sqlite', environment: { HUINONG_MQTT_URL: broker.url } })
    await expect.poll(() => isReady(server)).toBe(200)
    await using cabinet = await connectCabinet(server, broker.url, 'YB-0001')

    await cabinet.tell('alarm.raised', alarm('a'))
    await cabinet.publish('presence', { isOnline: true, bootId: cabinet.bootId, atMs: 1 })

    expect(await cabinet.committed(1)).toEqual({ throughSeq: 1 })
    expect(server.app.mqttUrl).toBe(broker.url)
  })

  it('goes on without the broker, says so, and takes up the line when it is back', async () => {
    await using broker = await startMosquitto()
    await using server = await startServer({ dialect: 'sqlite', environment: { HUINONG_MQTT_URL: broker.url } })
    await expect.poll(() => isReady(server)).toBe(200)

    await broker.stop()
    await expect.poll(() => isReady(server)).toBe(503)
    expect((await server.anybody.send('GET', '/readyz')).body['missing']).toEqual(['broker'])
    expect((await server.anybody.send('GET', '/healthz')).status).toBe(200)
    await broker.start()
    await expect.poll(() => isReady(server), { timeout: 10_000 }).toBe(200)

    await using cabinet = await connectCabinet(server, broker.url, 'YB-0001')
    await cabinet.tell('alarm.raised', alarm('a'))
    expect(await cabinet.committed(1)).toEqual({ throughSeq: 1 })
  })

  it('two processes share the work of one database, each entry is stored once and in order', async () => {
    await using broker = await startMosquitto()
    const environment = { HUINONG_MQTT_URL: broker.url }
    await using first = await startServer({ dialect: 'postgres', environment })
    await using second = await startServer({ dialect: 'postgres', environment, beside: first })
    await expect.poll(() => isReady(first)).toBe(200)
    await expect.poll(() => isReady(second)).toBe(200)
    await using cabinet = await connectCabinet(first, broker.url, 'YB-0001')
    const count = 60
    const written = Array.from({ length: count }, (_, index) =>
      cabinet.journal.write('alarm.raised', alarm(`a${index}`)),
    )

    // As an agent does: send what is not acknowledged, and again from where the server asks.
    for (const entry of written) await cabinet.publish('events', entry)
    for (let ackedSeq = 0; ackedSeq < count;) {
      const ack = await cabinet.acks.next()
      if ('throughSeq' in ack) ackedSeq = Math.max(ackedSeq, ack.throughSeq)
      else await cabinet.publish('events', written.slice(ack.resendFrom - 1))
    }

    const journal = await journalOf(first)
    expect(journal.map(({ body }) => body['alarm'])).toEqual(written.map((_, index) => `a${index}`))
    expect(journal.every(({ flag }) => flag === null)).toBe(true)
    const shares = await Promise.all(
      [first, second].map(async ({ app }) => {
        const { values } = await app.ctx.metrics.ingestedEvents.get()
        const countOf = (outcome: string) => values.find(({ labels }) => labels.outcome === outcome)?.value ?? 0
        return { committed: countOf('committed'), seen: values.reduce((sum, { value }) => sum + value, 0) }
      }),
    )
    expect(shares.reduce((sum, share) => sum + share.committed, 0)).toBe(count)
    // Which of the two commits an entry is a race; that the broker hands work to both is not.
    expect(Math.min(...shares.map((share) => share.seen))).toBeGreaterThan(0)
  })
})

/** A broker in this process; it knows only MQTT 3.1.1. */
async function startAedes(options: AedesOptions = {}) {
  const broker = new Aedes(options)
  await broker.listen()
  const listener = createServer({ noDelay: true }, broker.handle)
  await new Promise<void>((resolve) => {
    listener.listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `mqtt://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => {
        broker.close(resolve)
      })
      await new Promise<void>((resolve) => {
        listener.close(() => resolve())
      })
    },
  }
}

describe('behind a broker that knows only MQTT 3.1.1', () => {
  it('the server falls back to it, and pages of other processes get their updates', async () => {
    await using broker = await startAedes()
    const { url } = broker
    const updates = new Arrivals<unknown>()
    const connected = new Arrivals<string>()
    const open = (name: string) =>
      openExternalLink({
        url,
        publicUrl: undefined,
        processId: newId(),
        onError: () => {},
        listener: {
          onMessage: () => {},
          onConnected: () => connected.push(name),
          onPageUpdate: (accountId, update) => updates.push([name, accountId, update.kind]),
        },
      })
    const one = open('one')
    const other = open('other')
    const names = [await connected.next(), await connected.next()]
    const accountId = newId()

    one.shareWithPages(accountId, { kind: 'hello', accountId, atMs: 1 })

    expect(names.toSorted()).toEqual(['one', 'other'])
    // Only the other one: this process's pages have it already.
    expect(await updates.next()).toEqual(['other', accountId, 'hello'])
    await one[Symbol.asyncDispose]()
    await other[Symbol.asyncDispose]()
  })

  it('closes although the broker has not confirmed a message, and says so to who waits', async () => {
    const arrived = new Arrivals<string>()
    // Never calls back: the message is neither taken nor refused.
    await using broker = await startAedes({ authorizePublish: (_client, { topic }) => arrived.push(topic) })
    const connected = new Arrivals<string>()
    const link = openExternalLink({
      url: broker.url,
      publicUrl: undefined,
      processId: newId(),
      onError: () => {},
      listener: { onMessage: () => {}, onConnected: () => connected.push('now'), onPageUpdate: () => {} },
    })
    await connected.next()

    const published = link.publish(newId(), 'acks', { throughSeq: 1 })
    const refused = published.catch((error: unknown) => String(error))
    expect(await arrived.next()).toMatch(/acks$/)
    await link[Symbol.asyncDispose]()

    expect(await refused).toContain('the link to the broker was closed')
  })
})
