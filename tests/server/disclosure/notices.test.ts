import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { rows } from '#server/db/unit.ts'
import { publishNotice } from '#server/disclosure/publish-notice.ts'
import { renderNotice, renderNoticeCsv } from '#server/disclosure/notice-page.ts'
import { findNotice, listNotices, readNoticeLines } from '#server/disclosure/show-notices.ts'
import { lastFour, maskName } from '#server/households/masking.ts'
import { recordConsent } from '#server/personal-data/consents.ts'
import { startDisclosedMarket, type DisclosedMarket } from '#tests/support/disclosed-market.ts'
import { householdCode, villageCode } from '#tests/support/market.ts'
import { allNoticeLines } from '#tests/support/notice-lines.ts'
import { openPayoutWorld } from '#tests/support/payout-world.ts'
import { startServer } from '#tests/support/start-server.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

/** Identity, bank and phone numbers, and whole household codes; ids, hashes and instants are not text that people read. */
const longNumber = /(?<![\d-])(\d{11}|\d{15,})(?![\d-])/
const order = {
  title: '青龙村三月收益 <公示>',
  areaCode: villageCode,
  fromDay: '2026-03-01',
  throughDay: '2026-03-01',
  openDays: 10,
}

async function agree({ server }: DisclosedMarket, serial: number, isGiven = true): Promise<void> {
  const change = { purpose: 'PUBLICATION', isGiven, textVersion: '2020-01', channel: 'paper' } as const
  await server.app.ctx.database.run((ctx) => recordConsent(ctx, householdCode(serial), change, 'somebody'))
}

/** Two of three agree, one of them takes it back. */
async function publish(world: DisclosedMarket): Promise<string> {
  await agree(world, 1)
  await agree(world, 2)
  await agree(world, 2, false)
  await world.publishNextDay()
  const finance = await world.server.signIn('finance')
  const { status, body } = await finance.send('POST', '/api/notices', order)
  expect(status).toBe(201)
  return String(body['noticeId'])
}

describe.each(dialects)('a public notice on %s', (dialect) => {
  it('names who agreed by the first character and four digits, and counts everybody', async () => {
    await using world = await startDisclosedMarket(dialect)
    const noticeId = await publish(world)

    const { body } = await world.server.anybody.send('GET', `/api/notices/${noticeId}/lines`)

    expect(body['rows']).toEqual([
      { ordinal: 1, name: '王**', codeLast4: '0001', amountFen: 149 },
      { ordinal: 2, name: '***', codeLast4: '****', amountFen: 299 },
      { ordinal: 3, name: '***', codeLast4: '****', amountFen: 448 },
    ])
  })

  it('names nobody any more who takes the consent back after it was published', async () => {
    await using world = await startDisclosedMarket(dialect)
    const { anybody } = world.server
    const noticeId = await publish(world)

    await agree(world, 1, false)

    const { body } = await anybody.send('GET', `/api/notices/${noticeId}/lines`)
    const csv = await anybody.send('GET', `/notices/${noticeId}.csv`)
    expect(body['rows']).toMatchObject([{ name: '***', codeLast4: '****', amountFen: 149 }, {}, {}])
    expect(`${JSON.stringify(body)}${String(csv.body['text'])}`).not.toMatch(/王|0001|household/)
    await agree(world, 1)
    expect(String((await anybody.send('GET', `/notices/${noticeId}.csv`)).body['text'])).toContain('王**,0001')
  })

  it('is a page to print and a file, both without a number that is nobody’s business', async () => {
    await using world = await startDisclosedMarket(dialect)
    const { anybody } = world.server
    const noticeId = await publish(world)

    const page = String((await anybody.send('GET', `/notices/${noticeId}`)).body['text'])
    const list = String((await anybody.send('GET', '/notices')).body['text'])
    const csv = await anybody.send('GET', `/notices/${noticeId}.csv`)
    const style = await anybody.send('GET', '/notices.css')

    expect(page).toContain('青龙村三月收益 &lt;公示&gt;')
    expect(page).toContain('<td class="number">8.96</td>')
    expect(page).not.toMatch(/<script|style=/)
    expect(list).toContain(`/notices/${noticeId}`)
    expect(csv.headers.get('content-disposition')).toContain('.csv')
    expect(String(csv.body['text'])).toMatch(/1,王\*\*,0001,,1\.49\r\n2,\*\*\*,/)
    expect(String(style.body['text'])).toContain('@media print')
    const lines = await anybody.send('GET', `/api/notices/${noticeId}/lines`)
    const readable = (text: string) => text.replaceAll(noticeId, '')
    for (const text of [page, list, String(csv.body['text']), JSON.stringify(lines.body)]) {
      expect(readable(text)).not.toMatch(longNumber)
      expect(text).not.toMatch(/王甲|李乙|张丙/)
    }
    expect((await anybody.send('GET', '/notices/nothing')).status).toBe(404)
  })

  it('is published once, of a period that is over and not empty, and says so in the trail', async () => {
    await using world = await startDisclosedMarket(dialect)
    await publish(world)
    const finance = await world.server.signIn('finance')
    const again = async (change: object) => (await finance.send('POST', '/api/notices', { ...order, ...change })).body

    expect(await again({})).toMatchObject({ code: 'disclosure.notice_published' })
    expect(await again({ areaCode: '500112999' })).toMatchObject({ code: 'disclosure.notice_empty' })
    expect(await again({ throughDay: '2026-09-01' })).toMatchObject({ field: 'throughDay' })
    expect(await again({ fromDay: '2026-03-02' })).toMatchObject({ field: 'throughDay' })
    const auditor = await world.server.signIn('auditor')
    const trail = await auditor.send('GET', '/api/audit?action=notice.published')
    expect(trail.body['rows']).toMatchObject([{ after: { lineCount: 3, totalFen: 896 } }])
  })
})

describe.each(dialects)('a long notice on %s', (dialect) => {
  it('is whole, and lets others in while it is read', async () => {
    await using database = await openTestDatabase(dialect, { clock: new TestClock() })
    const codes = Array.from({ length: 2_500 }, (_, index) => householdCode(index + 1))
    const lines = codes.map((code, index) => ({ householdCode: code, amountFen: index + 1 }))
    const heading = { kind: 'income', sourceId: 'x', title: '收益公示', openUntilMs: 0, byAccountId: 'ann' } as const
    const { noticeId } = await database.run((ctx) => publishNotice(ctx, { ...heading, lines }))
    let others = 0
    let isDone = false
    const other = () => {
      others += 1
      if (!isDone) setImmediate(other)
    }
    setImmediate(other)

    const read = await allNoticeLines(database, noticeId)
    isDone = true

    expect(read.map(({ amountFen }) => amountFen)).toEqual(lines.map(({ amountFen }) => amountFen))
    expect(others).toBeGreaterThanOrEqual(2)
  })

  it('is read no further than its reader has taken it, as page and as file, so that nobody fills the memory with it', async () => {
    await using server = await startServer({ dialect })
    const { database } = server.app.ctx
    const codes = Array.from({ length: 2_500 }, (_, index) => householdCode(index + 1))
    const lines = codes.map((code) => ({ householdCode: code, amountFen: 1, massMg: 2_000_000 }))
    const heading = { kind: 'income', sourceId: 'x', title: '收益公示', openUntilMs: 0, byAccountId: 'ann' } as const
    const { noticeId } = await database.run((ctx) => publishNotice(ctx, { ...heading, lines }))
    const notice = await database.read((ctx) => findNotice(ctx, noticeId))
    const textOf = async (path: string) => String((await server.anybody.send('GET', path)).body['text'])

    let pagesRead = 0
    const counted = async function* () {
      for await (const page of readNoticeLines(database, noticeId)) {
        pagesRead += 1
        yield page
      }
    }
    for (const made of [renderNotice(notice, true, counted()), renderNoticeCsv(counted())]) {
      pagesRead = 0
      await made.next()
      await made.next()
      expect(pagesRead).toBeLessThan(3)
      await made.return()
    }
    const whole = await textOf(`/notices/${noticeId}`)
    expect(whole.match(/<tr><td class="number">\d+<\/td>/g)).toHaveLength(2_500)
    expect(whole).toMatch(/<tfoot>.*合计 2500 户.*25\.00<\/td><\/tr><\/tfoot>[^]*<\/html>\n$/)
    const file = (await textOf(`/notices/${noticeId}.csv`)).split('\r\n')
    expect([file.length, file[1_000], file[1_001], file.at(-1)]).toEqual([
      2_502,
      '1000,***,****,2,0.01',
      '1001,***,****,2,0.01',
      '',
    ])
  })
})

describe.each(dialects)('the notice of a payout on %s', (dialect) => {
  it('opens with the batch, masked by the same rules in the database', async () => {
    await using world = await openPayoutWorld(dialect)
    const batch = await world.draft()
    const [first] = await world.database.read(({ db, tables: { payoutAttempts: a } }) =>
      rows(db.select({ code: a.householdCode }).from(a).where(eq(a.batchId, batch.batchId)).orderBy(a.householdCode)),
    )
    const agreed = first?.code ?? ''
    const change = { purpose: 'PUBLICATION', isGiven: true, textVersion: '2020-01', channel: 'paper' } as const
    await world.run((ctx) => recordConsent(ctx, agreed, change, 'somebody'))

    await world.approve(batch.batchId)
    const { rows: notices } = await world.database.read((ctx) => listNotices(ctx, { limit: 10 }))
    const lines = await allNoticeLines(world.database, notices[0]?.noticeId ?? '')

    expect(notices).toMatchObject([{ kind: 'payout', lineCount: 3, totalFen: 60_000 }])
    const [head] = await world.database.read(({ db, tables: { households: h } }) =>
      rows(db.select({ name: h.headName }).from(h).where(eq(h.householdCode, agreed))),
    )
    expect(lines.map(({ name, codeLast4 }) => [name, codeLast4])).toEqual([
      [maskName(head?.name ?? ''), lastFour(agreed)],
      ['***', '****'],
      ['***', '****'],
    ])
    expect(lines.reduce((sum, { amountFen }) => sum + amountFen, 0)).toBe(60_000)
    await world.run((ctx) => recordConsent(ctx, agreed, { ...change, isGiven: false }, 'somebody'))
    const since = await allNoticeLines(world.database, notices[0]?.noticeId ?? '')
    expect(since.map(({ name }) => name)).toEqual(['***', '***', '***'])
    expect(`${JSON.stringify(lines)}${notices[0]?.title}`).not.toMatch(longNumber)
  })
})
