// What becomes of a condition once it holds: told once, to the right people, by a real mailbox and a real webhook, on both dialects.
// That each kind is told from its real cause is proven beside this (alert-causes.test.ts).
import { createHmac } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { deliverDue } from '#server/alerts/deliver.ts'
import { acknowledgeAlert, changeRule, escalateAlert, listAlerts, listRules } from '#server/alerts/handle-alerts.ts'
import { lookAtEverything } from '#server/alerts/look.ts'
import { makeSend, type Send } from '#server/alerts/message.ts'
import { makeReach } from '#server/alerts/outward-reach.ts'
import { pushKeysOf } from '#server/alerts/push.ts'
import { addRecipient, removeRecipient, testRecipient } from '#server/alerts/recipients.ts'
import { exec, rows } from '#server/db/unit.ts'
import { Metrics } from '#server/http/metrics.ts'
import { openHookReceiver, openMailbox } from '#tests/support/mailbox.ts'
import { openMarket } from '#tests/support/market.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'
import { testSealer } from '#tests/support/test-sealer.ts'

const byAccountId = '01900000-0000-7000-8000-0000000000aa'
const minuteMs = 60_000
const pushIdentity = { keys: pushKeysOf(testSealer), subject: 'mailto:alarm@huinong.example' }
const never = new AbortController().signal

async function openWatch(dialect: (typeof dialects)[number]) {
  const clock = new TestClock()
  const database = await openTestDatabase(dialect, { clock })
  const market = await openMarket(database, clock)
  const [mailbox, receiver] = [await openMailbox(), await openHookReceiver()]
  const tools = { database, sealer: testSealer, logger: pino({ level: 'silent' }), metrics: new Metrics() }
  const mail = { smtpUrl: mailbox.smtpUrl, from: 'alarm@huinong.example' }
  const send = makeSend({ mail, push: pushIdentity, clock, reach: makeReach([['127.0.0.0', 8]]) })
  const status = (values: object) =>
    database.run(({ db, tables: { cabinetStatuses: t } }) =>
      exec(db.update(t).set(values).where(eq(t.cabinetId, market.cabinetId))),
    )
  await status({ isOnline: true, lastSeenAtMs: clock.now() })
  return {
    clock,
    database,
    market,
    mailbox,
    receiver,
    status,
    look: () => database.run(lookAtEverything),
    send: (through: Send = send) => deliverDue(tools, through, never),
    tell: (values: Partial<Parameters<typeof addRecipient>[1]> = {}) =>
      database.run((ctx) =>
        addRecipient(ctx, {
          byAccountId,
          sealer: testSealer,
          canMail: true,
          name: '值班',
          channel: 'email',
          address: 'duty@huinong.example',
          kinds: [],
          level: 1,
          quietFromMinute: 0,
          quietToMinute: 0,
          ...values,
        }),
      ),
    /** Looks, waits and looks again, as the rules of every kind want it. */
    async watch() {
      await database.run(lookAtEverything)
      clock.advance(5 * minuteMs)
      return database.run(lookAtEverything)
    },
    async [Symbol.asyncDispose]() {
      await mailbox[Symbol.asyncDispose]()
      await receiver[Symbol.asyncDispose]()
      await database.close()
    },
  }
}
type Watch = Awaited<ReturnType<typeof openWatch>>

const causes = {
  cabinet_offline: ({ status }: Watch) => status({ isOnline: false }),
  door_open: ({ status }: Watch) => status({ alarms: ['door_open'] }),
  over_temperature: ({ status }: Watch) => status({ alarms: ['over_temperature'] }),
}

describe.each(dialects)('alerts on %s', (dialect) => {
  it('are quiet while nothing is wrong', async () => {
    await using watch = await openWatch(dialect)
    await watch.tell()

    expect(await watch.watch()).toEqual({ raised: 0, cleared: 0, unheard: 0 })
    expect(await watch.send()).toEqual({ sent: 0, failed: 0 })
  })

  it('are told once, however often one looks, and once more when they are over', async () => {
    await using watch = await openWatch(dialect)
    await watch.tell()
    await causes.door_open(watch)
    for (let looks = 0; looks < 5; looks += 1) await watch.look()
    await watch.send()
    await watch.status({ alarms: [] })
    await watch.look()
    watch.clock.advance(minuteMs)

    expect(await watch.look()).toEqual({ raised: 0, cleared: 1, unheard: 0 })
    expect(await watch.send()).toEqual({ sent: 1, failed: 0 })
    expect(watch.mailbox.mails).toHaveLength(2)
  })

  it('go to the next level unless somebody acknowledges', async () => {
    await using watch = await openWatch(dialect)
    await watch.tell()
    await watch.tell({ address: 'chief@huinong.example', level: 2 })
    await causes.door_open(watch)
    await watch.look()
    await watch.send()
    watch.clock.advance(10 * minuteMs)
    await watch.look()
    await watch.send()

    const to = watch.mailbox.mails.flatMap((mail) => mail.to)
    expect(to).toEqual(['duty@huinong.example', 'chief@huinong.example'])
  })

  it('go to the next level at once when a person says so, up to the highest', async () => {
    await using watch = await openWatch(dialect)
    await watch.tell({ level: 2, address: 'boss@huinong.example' })
    await causes.cabinet_offline(watch)
    await watch.watch()
    const [alert] = (await watch.database.read((ctx) => listAlerts(ctx, { limit: 5 }))).rows
    const escalate = () =>
      watch.database.run((ctx) =>
        escalateAlert(ctx, { byAccountId, alertId: alert?.alertId ?? '', note: '没人接电话' }),
      )

    expect(await escalate()).toEqual({ level: 2, told: 1 })
    expect(await escalate()).toEqual({ level: 3, told: 0 })
    await expect(escalate()).rejects.toMatchObject({ code: 'alert.highest_level' })
    await watch.send()
    expect(watch.mailbox.mails.map(({ to }) => to)).toEqual([['boss@huinong.example']])
  })

  it('stay where they are once acknowledged, by one person', async () => {
    await using watch = await openWatch(dialect)
    await watch.tell({ level: 2 })
    await causes.door_open(watch)
    await watch.look()
    const [alert] = (await watch.database.read((ctx) => listAlerts(ctx, { limit: 1 }))).rows
    const acknowledge = () =>
      watch.database.run((ctx) => acknowledgeAlert(ctx, { byAccountId, alertId: alert?.alertId ?? '', note: '去看' }))
    await acknowledge()
    watch.clock.advance(60 * minuteMs)
    await watch.look()

    await expect(acknowledge()).rejects.toMatchObject({ code: 'alert.acknowledged' })
    expect(await watch.send()).toEqual({ sent: 0, failed: 0 })
  })

  it('are tried again until the receiver takes them', async () => {
    await using watch = await openWatch(dialect)
    await watch.tell()
    await watch.tell({ channel: 'webhook', address: watch.receiver.url })
    watch.mailbox.isBusy = true
    watch.receiver.status = 503
    await causes.over_temperature(watch)
    await watch.look()

    expect(await watch.send()).toEqual({ sent: 0, failed: 2 })
    expect(await watch.send()).toEqual({ sent: 0, failed: 0 })
    watch.mailbox.isBusy = false
    watch.receiver.status = 200
    watch.clock.advance(10_000)
    expect(await watch.send()).toEqual({ sent: 2, failed: 0 })
  })

  it('are not lost by a process that dies while sending', async () => {
    await using watch = await openWatch(dialect)
    await watch.tell()
    await causes.over_temperature(watch)
    await watch.look()
    const neverAnswers: Send = () => new Promise(() => {})
    void watch.send(neverAnswers)
    await expect.poll(async () => (await deliveriesOf(watch))[0]?.attempts).toBe(1)

    expect(await watch.send()).toEqual({ sent: 0, failed: 0 })
    watch.clock.advance(minuteMs)
    expect(await watch.send()).toEqual({ sent: 1, failed: 0 })
  })

  it('wait for the end of quiet hours, unless they are critical', async () => {
    await using watch = await openWatch(dialect)
    // The test's clock begins at 08:00 in the district.
    await watch.tell({ quietFromMinute: 7 * 60, quietToMinute: 9 * 60 })
    await watch.status({ alarms: ['door_open', 'over_temperature'] })
    await watch.look()

    expect(await watch.send()).toEqual({ sent: 1, failed: 0 })
    watch.clock.advance(60 * minuteMs)
    expect(await watch.send()).toEqual({ sent: 1, failed: 0 })
  })

  it('without a recipient are counted as unheard, and the rules say so', async () => {
    await using watch = await openWatch(dialect)
    await watch.tell({ kinds: ['expiry'] })
    await causes.door_open(watch)

    expect(await watch.look()).toMatchObject({ raised: 1, unheard: 1 })
    const rules = await watch.database.read(listRules)
    expect(rules.filter(({ recipients }) => recipients > 0).map(({ kind }) => kind)).toEqual(['expiry'])
  })

  it('follow a changed rule, which only changes from the version that was seen', async () => {
    await using watch = await openWatch(dialect)
    const settings = {
      isEnabled: false,
      severity: 'notice',
      holdMs: 0,
      threshold: 0,
      escalateAfterMs: minuteMs,
    } as const
    const change = () =>
      watch.database.run((ctx) => changeRule(ctx, { byAccountId, kind: 'door_open', seenVersion: 0, ...settings }))
    await change()
    await causes.door_open(watch)

    expect(await watch.look()).toMatchObject({ raised: 0 })
    await expect(change()).rejects.toMatchObject({ code: 'alert.rule_stale' })
  })
})

function deliveriesOf({ database }: Watch) {
  return database.read(({ db, tables: { alertDeliveries: t } }) => rows(db.select().from(t)))
}

describe('a recipient', () => {
  it('of webhooks can prove who sent it', async () => {
    await using watch = await openWatch('sqlite')
    const { recipientId, signingKey = '' } = await watch.tell({ channel: 'webhook', address: watch.receiver.url })
    await watch.database.run((ctx) => testRecipient(ctx, { byAccountId, recipientId }))

    await watch.send()

    const [hook] = watch.receiver.hooks
    const [, atMs, mac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(hook?.headers['huinong-signature'])) ?? []
    const expected = createHmac('sha256', Buffer.from(signingKey, 'base64'))
      .update(`${atMs}.${hook?.body}`)
      .digest('hex')
    expect(mac).toBe(expected)
  })

  it('keeps the address sealed and shows a hint of it', async () => {
    await using watch = await openWatch('sqlite')

    const added = await watch.tell()

    const [kept] = await watch.database.read(({ db, tables: { alertRecipients: t } }) => rows(db.select().from(t)))
    expect(added).toMatchObject({ addressHint: 'd***@huinong.example' })
    expect(JSON.stringify(kept)).not.toContain('duty@')
  })

  it('that is removed is told nothing more', async () => {
    await using watch = await openWatch('sqlite')
    const { recipientId } = await watch.tell()
    await causes.over_temperature(watch)
    await watch.look()
    await watch.database.run((ctx) => removeRecipient(ctx, { byAccountId, recipientId }))

    expect(await watch.send()).toEqual({ sent: 0, failed: 0 })
  })

  it('by e-mail needs a mail server', async () => {
    await using watch = await openWatch('sqlite')

    await expect(watch.tell({ canMail: false })).rejects.toMatchObject({ code: 'alert.mail_not_configured' })
  })
})
