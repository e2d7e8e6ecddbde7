// Alerts to browsers: sealed for the browser, sent by us, tried again, and given up when the browser is gone.
import { eq, like } from 'drizzle-orm'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { deliverDue } from '#server/alerts/deliver.ts'
import { lookAtEverything } from '#server/alerts/look.ts'
import { makeSend } from '#server/alerts/message.ts'
import { makeReach } from '#server/alerts/outward-reach.ts'
import { pushKeysOf } from '#server/alerts/push.ts'
import { listRecipients } from '#server/alerts/recipients.ts'
import { subscribePush, unsubscribePush } from '#server/alerts/subscribe-push.ts'
import { exec, rows } from '#server/db/unit.ts'
import { Metrics } from '#server/http/metrics.ts'
import { openMarket } from '#tests/support/market.ts'
import { openPushService, type PushService } from '#tests/support/push-service.ts'
import { startServer } from '#tests/support/start-server.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'
import { testSealer } from '#tests/support/test-sealer.ts'

const keys = pushKeysOf(testSealer)
const subject = 'mailto:alarm@huinong.example'

async function openBrowser(dialect: (typeof dialects)[number]) {
  const clock = new TestClock()
  const database = await openTestDatabase(dialect, { clock })
  const { cabinetId, buyerId } = await openMarket(database, clock)
  const service = await openPushService()
  const by = { accountId: buyerId, name: '值班' }
  const tools = { database, sealer: testSealer, logger: pino({ level: 'silent' }), metrics: new Metrics() }
  const send = makeSend({ mail: undefined, push: { keys, subject }, clock, reach: makeReach([['127.0.0.0', 8]]) })
  const settings = { kinds: [], level: 1, quietFromMinute: 0, quietToMinute: 0 }
  return {
    clock,
    database,
    service,
    by,
    subscribe: (who = by) =>
      database.run((ctx) => subscribePush(ctx, { ...service.subscription, ...settings, by: who, sealer: testSealer })),
    send: () => deliverDue(tools, send, new AbortController().signal),
    async heat() {
      const alarms = ['over_temperature']
      await database.run(({ db, tables: { cabinetStatuses: t } }) =>
        exec(db.update(t).set({ alarms, isOnline: true }).where(eq(t.cabinetId, cabinetId))),
      )
      await database.run(lookAtEverything)
    },
    recipients: () => database.read(listRecipients),
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]()
      await database.close()
    },
  }
}

const claimsFor = ({ origin }: PushService) => ({ aud: origin, sub: subject })

describe.each(dialects)('web push on %s', (dialect) => {
  it('brings an alert to the browser, which alone can open it and sees who sent it', async () => {
    await using open = await openBrowser(dialect)
    await open.subscribe()
    await open.heat()

    expect(await open.send()).toEqual({ sent: 1, failed: 0 })

    const [pushed] = open.service.pushed
    expect(pushed).toMatchObject({
      senderKey: keys.publicKey,
      claims: claimsFor(open.service),
      headers: { urgency: 'high', ttl: '86400', 'content-encoding': 'aes128gcm' },
      payload: { title: '惠农柜 告警：温度过高 YB-0001', event: 'raised', path: '/admin/alerts' },
    })
    expect(String(pushed?.headers['topic'])).toMatch(/^[0-9a-f]{32}$/)
  })

  it('is tried again until the push service takes it', async () => {
    await using open = await openBrowser(dialect)
    await open.subscribe()
    await open.heat()
    open.service.status = 503
    expect(await open.send()).toEqual({ sent: 0, failed: 1 })

    open.service.status = 201
    open.clock.advance(10_000)

    expect(await open.send()).toEqual({ sent: 1, failed: 0 })
  })

  it('ends for a browser that its service knows no more', async () => {
    await using open = await openBrowser(dialect)
    await open.subscribe()
    await open.heat()
    open.service.status = 410

    expect(await open.send()).toEqual({ sent: 0, failed: 1 })

    expect(await open.recipients()).toEqual([])
    open.clock.advance(3_600_000)
    expect(await open.send()).toEqual({ sent: 0, failed: 0 })
  })

  it('reaches no browser of somebody who may not sign in any more', async () => {
    await using open = await openBrowser(dialect)
    await open.subscribe()
    await open.database.run(({ db, tables: { accounts: t } }) =>
      exec(db.update(t).set({ isActive: false, closedAtMs: 1 }).where(eq(t.accountId, open.by.accountId))),
    )

    await open.heat()

    expect(await open.send()).toEqual({ sent: 0, failed: 0 })
  })

  it('has one recipient a browser, which only its own person takes away', async () => {
    await using open = await openBrowser(dialect)
    const first = await open.subscribe()
    const second = await open.subscribe()
    const { endpoint } = open.service.subscription
    const leave = (byAccountId: string) =>
      open.database.run((ctx) => unsubscribePush(ctx, { byAccountId, sealer: testSealer, endpoint }))

    expect(await open.recipients()).toMatchObject([{ recipientId: second, channel: 'push', name: '值班' }])
    expect(first).not.toBe(second)
    await expect(leave('somebody-else')).rejects.toMatchObject({ code: 'alert.recipient_unknown' })
    await leave(open.by.accountId)
    expect(await open.recipients()).toEqual([])
    const kept = await open.database.read(({ db, tables: { alertRecipients: t } }) => rows(db.select().from(t)))
    expect(JSON.stringify(kept)).not.toContain(endpoint)
  })
})

describe('the routes of web push', () => {
  it('give the key, and take a browser of one’s own in and out', async () => {
    await using server = await startServer({ dialect: 'sqlite' })
    const operator = await server.signIn('operator')
    await using service = await openPushService()
    const browser = { ...service.subscription, endpoint: 'https://push.example/browsers/1' }
    const { body } = await operator.send('GET', '/api/push/public-key')

    expect(Buffer.from(String(body['publicKey']), 'base64url')).toHaveLength(65)
    expect(await operator.send('POST', '/api/push/subscriptions', browser)).toMatchObject({ status: 201 })
    const plain = { ...browser, endpoint: 'http://push.example/1' }
    expect(await operator.send('POST', '/api/push/subscriptions', plain)).toMatchObject({
      status: 422,
      body: { field: 'endpoint' },
    })
    const { endpoint } = browser
    expect(await operator.send('POST', '/api/push/unsubscriptions', { endpoint })).toMatchObject({ status: 204 })
    expect(await operator.send('POST', '/api/push/unsubscriptions', { endpoint })).toMatchObject({ status: 404 })
  })

  it('end with the account that subscribed, or its last role that may, and leave neither name nor address on the trail', async () => {
    await using server = await startServer({ dialect: 'sqlite' })
    const admin = await server.signIn('admin')
    await using service = await openPushService()
    const people = [await server.signIn('operator'), await server.signIn('finance'), await server.signIn('auditor')]
    for (const [index, person] of people.entries()) {
      const endpoint = `https://push.example/browsers/${index}`
      await person.send('POST', '/api/push/subscriptions', { ...service.subscription, endpoint })
    }
    const [closed, moved, kept] = people.map(({ accountId }) => `/api/accounts/${accountId}`)

    await admin.send('PATCH', closed ?? '', { isActive: false })
    await admin.send('PATCH', moved ?? '', { roles: ['buyer'] })
    await admin.send('PATCH', kept ?? '', { roles: ['auditor', 'buyer'] })

    const { body } = await admin.send('GET', '/api/alert-recipients')
    expect(body['rows']).toMatchObject([{ name: people[2]?.login }])
    const trail = await server.app.ctx.database.read(({ db, tables: { auditRows: r } }) =>
      rows(db.select().from(r).where(like(r.action, 'alert_recipient.%'))),
    )
    expect(trail.map(({ action }) => action.slice('alert_recipient.'.length)).toSorted()).toEqual([
      'added',
      'added',
      'added',
      'removed',
      'removed',
    ])
    const text = JSON.stringify(trail)
    for (const word of [...people.map(({ login }) => login), 'push.example']) expect(text).not.toContain(word)
  })
})
