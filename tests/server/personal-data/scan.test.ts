// No phone, identity or bank number leaves the product but by the routes that reveal one for a reason: every route that reads is
// called as everybody who may, every refusal of every route is provoked with such numbers, and what the server logged meanwhile at
// its most talkative is read (domain.md, payout and disclosure).
import { Writable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { routes } from '#shared/contracts/http/api.ts'
import { Role, type RouteContract } from '#shared/contracts/http/route.ts'
import { makeLogger } from '#server/app.ts'
import { saveProfile, standardProfile } from '#server/payouts/bank-profiles.ts'
import { exportJournal } from '#server/ledger/export-journal.ts'
import { journalFormats } from '#server/ledger/journal-formats.ts'
import { coolingOffMs } from '#server/payouts/rules.ts'
import { startDisclosedMarket, type DisclosedMarket } from '#tests/support/disclosed-market.ts'
import { landOnly, noDeductions } from '#tests/support/distribution-terms.ts'
import { forgeRows } from '#tests/support/forge-rows.ts'
import { householdCode, villageCode } from '#tests/support/market.ts'
import { findNumbers, findNumbersInLog, findNumbersInText } from '#tests/support/number-scan.ts'
import { type Caller, type Person, testPassword } from '#tests/support/start-server.ts'
import { dayMs, memberCode, openUnion, runSecond } from '#tests/support/share-union.ts'
import { readEverything, type Seen } from '#tests/support/walk-routes.ts'

const serials = [1, 2, 3]
/** No run of zeros: a time in the log may end like that (12.139000000013 ms). */
const phoneOf = (serial: number) => `1387264159${serial}`
const accountOf = (serial: number) => `999900000000000000${serial}`
const idNumber = '11010519491231002X'
const oldIdNumber = '110105491231002'
const shortCard = '6222021234567890'
const secrets = [...serials.flatMap((serial) => [phoneOf(serial), accountOf(serial)]), idNumber, oldIdNumber, shortCard]
/** The bank's own file is where account numbers belong (domain.md: only in the export). */
const bankFile = '/api/payouts/:batchId/files/:fileNo/content'
/** Shows what a cell looks like, by a number that nobody has. */
const templates = '/api/import-templates'
/** What a bank profile holds of the payer, an office of the district and no person. */
const isPayer = (where: string) => where.endsWith('.payerAccount')

let world: DisclosedMarket
let log = ''
const people = new Map<Role, Person>()
const signedIn = new Map<string, Caller>()

/** Signed in anew where the clock has ended the sign-in. */
async function callerOf(person: Person): Promise<Caller> {
  const answer = await world.server.anybody.send('POST', '/api/sign-in', {
    login: person.login,
    password: testPassword,
  })
  return world.server.callerWith(answer.headers.getSetCookie()[0]?.split(';')[0])
}

async function refreshSignIns(): Promise<void> {
  for (const [role, person] of people) signedIn.set(role, await callerOf(person))
}

const callerFor = (who: Role | 'anybody') => signedIn.get(who) ?? world.server.anybody
const csv = (lines: readonly string[]) => Buffer.from(`${lines.join('\r\n')}\r\n`)
const fileType = { 'content-type': 'text/csv' }

async function ok(answer: Promise<{ status: number; body: Readonly<Record<string, unknown>> }>) {
  const { status, body } = await answer
  expect([status, body]).toEqual([expect.toSatisfy((code: number) => code < 300), body])
  return body
}

async function importRegister(): Promise<void> {
  const admin = callerFor('admin')
  const rows = serials.map((serial) => `${householdCode(serial)},王甲${serial},${phoneOf(serial)},3,脱贫户`)
  await ok(
    admin.send(
      'POST',
      '/api/households/imports?reason=register',
      csv(['户编号,户主,电话,家庭人口,户类型', ...rows]),
      fileType,
    ),
  )
}

async function enterAccounts(): Promise<void> {
  const [clerk, second] = [callerFor('finance'), await world.server.signIn('finance')]
  for (const serial of serials) {
    const account = { name: '王甲', bankName: '演示银行', bankNo: '999653000002', account: accountOf(serial) }
    const body = { householdCode: householdCode(serial), ...account, reason: '首次登记' }
    const entered = await ok(clerk.send('POST', '/api/payee-accounts', body))
    await ok(second.send('POST', `/api/payee-accounts/${String(entered['payeeAccountId'])}/confirmation`))
  }
  world.clock.advance(coolingOffMs)
}

/** From draft to settlement, by the people it takes; one line fails with the account's number in the bank's words. */
async function payOut(): Promise<void> {
  const [preparer, approver, releaser] = [
    await world.server.signIn('finance'),
    await world.server.signIn('finance'),
    await world.server.signIn('finance'),
  ]
  const as = callerOf
  const draft = await ok(
    (await as(preparer)).send('POST', '/api/payouts', { incomeKind: 'OPERATING', profileId: 'abc' }),
  )
  const base = `/api/payouts/${String(draft['batchId'])}`
  await ok((await as(preparer)).send('POST', `${base}/draft-steps`))
  await ok((await as(preparer)).send('POST', `${base}/review`))
  const noticed = await ok((await as(preparer)).send('POST', `${base}/notice`, {}))
  world.clock.advance(Number(noticed['noticeUntilMs']) - world.clock.now())
  await ok((await as(preparer)).send('POST', `${base}/notice-end`))
  await ok((await as(approver)).send('POST', `${base}/approvals`))
  await ok((await as(releaser)).send('POST', `${base}/releases`))
  await ok((await as(releaser)).send('POST', `${base}/export-steps`))
  const header = '批次号,序号,处理结果,失败代码,失败原因,银行流水号'
  const failed = `${String(draft['batchNo'])},3,失败,E01,账号 ${accountOf(3)} 户名不符,`
  const rows = [1, 2].map((seq) => `${String(draft['batchNo'])},${seq},成功,,,S${seq}`)
  await ok((await as(releaser)).send('POST', `${base}/returns`, csv([header, ...rows, failed]), fileType))
}

/** Something behind each of the other desks: wages, produce left over, a distribution, a statement's day, a recall. */
async function fillDesks(): Promise<void> {
  const { market, clock, server } = world
  const wages = csv(['户编号,户主,日期,金额,事由', `${householdCode(1)},王甲1,2026-03-02,120.00,采摘`])
  const paper = 'kind=wages&payer=outside&title=三月工资&documentNumber=工-1'
  await ok(callerFor('finance').send('POST', `/api/income-imports?${paper}`, wages, fileType))
  const left = { householdCode: householdCode(1), productName: '莲花白', category: 'vegetable', massMg: 3_500_000_000 }
  const notice = { ...left, deadlineAtMs: clock.now() + 5 * dayMs }
  const { noticeId } = await ok(callerFor('admin').send('POST', '/api/surplus/notices', notice))
  const lines = [{ noticeId, massMg: 1_000_000_000 }]
  const wanted = { channel: 'UNIT_ORDER', buyerName: '区医院食堂', pricePerKgFen: 200, lines }
  const { orderId } = await ok(callerFor('admin').send('POST', '/api/surplus/orders', wanted))
  await ok(callerFor('admin').send('POST', `/api/surplus/orders/${String(orderId)}/delivery`))
  const payment = { amountFen: 100_000, payerName: '区医院', reference: '行 1', paidAtMs: clock.now() }
  await ok(callerFor('finance').send('POST', `/api/surplus/orders/${String(orderId)}/payments`, payment))
  const terms = { ...noDeductions, classes: landOnly, second: { rateBp: 500, split: 'equal' as const } }
  const { database } = server.app.ctx
  const organisationId = await openUnion(database, clock.now(), {
    terms,
    landMilli: [1, 1, 1, 1, 1],
    balanceFen: 500_000,
  })
  await runSecond(database, clock, { organisationId, title: '二次分配', householdCodes: [memberCode(1)] })
  await refreshSignIns()
  const day = { channel: 'top-ups', subject: '2026-03-01' }
  await ok(callerFor('finance').send('POST', '/api/reconciliations', day))
  const visit = { channel: 'HOME', atMs: clock.now() - 1, note: '在家' }
  await ok(callerFor('admin').send('POST', `/api/households/${householdCode(1)}/visits`, visit))
  const { lotId } = market.greens
  await ok(callerFor('operator').send('POST', '/api/recalls', { lotId, reason: '农残复检不合格' }))
}

beforeAll(async () => {
  const kept = new Writable({
    write(line: Buffer, _encoding, done) {
      log += line.toString()
      done()
    },
  })
  world = await startDisclosedMarket('sqlite', { logger: makeLogger('debug', kept) })
  for (const role of Role.options) people.set(role, await world.server.signIn(role))
  await refreshSignIns()
  const payer = { payerName: '惠农专户', payerAccount: '99990000000001', payerBankNo: '999653000001' }
  await world.server.app.ctx.database.run((ctx) => saveProfile(ctx, standardProfile('abc', 'csv', payer), undefined))
  await importRegister()
  await enterAccounts()
  await refreshSignIns()
  await payOut()
  await refreshSignIns()
  await fillDesks()
  await world.publishNextDay()
  await refreshSignIns()
  const day = { fromDay: '2026-03-01', throughDay: '2026-03-01', openDays: 10 }
  await ok(
    callerFor('finance').send('POST', '/api/notices', { title: '青龙村收益公示', areaCode: villageCode, ...day }),
  )
}, 120_000)
afterAll(() => world?.[Symbol.asyncDispose]())

/** Texts from before numbers in them were refused or masked: whoever holds the database could have written them. */
async function plantOldTexts(): Promise<void> {
  const said = ` 电话 ${phoneOf(1)} 账号 ${accountOf(2)} 身份证 ${idNumber}`
  const columns = {
    public_notice: 'title',
    ledger_transfer: 'memo',
    visit: 'note',
    income_import: 'title',
    income_line: 'detail',
    distribution_plan: 'title',
    recall: 'reason',
    audit_row: 'why',
  }
  for (const [table, column] of Object.entries(columns))
    await forgeRows(world.server.databaseUrl, table, [
      `update ${table} set ${column} = coalesce(${column}, '') || '${said}'`,
    ])
}

describe('what people can read', () => {
  let seen: Seen[] = []
  beforeAll(async () => {
    await plantOldTexts()
    const read = async (who: Role | 'anybody', path: string) => callerFor(who).send('GET', path)
    const accountId = [`household:${householdCode(1)}`, 'channel:wallet']
    const ids = {
      code: [world.market.cabinetCode],
      householdCode: serials.map(householdCode),
      accountId,
      fileNo: ['1'],
    }
    seen = await readEverything(read, { except: [bankFile], ids })
  }, 240_000)

  it('is nearly every route that reads, with something in it', () => {
    const answered = new Set(seen.filter(({ status }) => status === 200).map(({ route }) => route.path))
    const readable = routes.filter(({ method, path }) => method === 'GET' && path !== bankFile)
    const silent = readable.map(({ path }) => path).filter((path) => !answered.has(path))

    // What this world has nothing of (roll-outs, releases, photographs) cannot answer.
    expect(silent.length).toBeLessThan(readable.length / 6)
    for (const path of [
      '/api/households/:householdCode',
      '/api/payouts/:batchId/lines',
      '/api/payee-accounts',
      '/api/audit',
    ])
      expect(answered).toContain(path)
  })

  it('holds no phone, identity or bank number', () => {
    const found = seen.flatMap(({ who, path, body }) =>
      findNumbers(body)
        .filter(({ where }) => !isPayer(where) && path !== templates)
        .map((number) => ({ who, path, ...number })),
    )

    expect(found).toEqual([])
    const whole = JSON.stringify(seen)
    expect(secrets.filter((secret) => whole.includes(secret))).toEqual([])
    // The old texts were among it.
    expect(whole.split('电话 138****1591').length).toBeGreaterThan(20)
  })

  it.each(['hledger', 'beancount'] as const)('in the books for auditors as %s, neither', async (format) => {
    let journal = ''
    const { database } = world.server.app.ctx
    await database.read((ctx) => exportJournal(ctx, journalFormats[format], (text) => void (journal += text)))

    expect(journal).toContain('电话 138****1591')
    expect(secrets.filter((secret) => journal.includes(secret))).toEqual([])
  })

  it('on the public pages, printed or as a file, neither', async () => {
    const notices = seen.find(({ path }) => path === '/api/notices')?.body as { rows: Array<{ noticeId: string }> }
    const paths = [
      '/notices',
      ...notices.rows.flatMap(({ noticeId }) => [`/notices/${noticeId}`, `/notices/${noticeId}.csv`]),
    ]
    const texts = await Promise.all(
      paths.map(async (path) => JSON.stringify((await world.server.anybody.send('GET', path)).body)),
    )

    expect(notices.rows.length).toBeGreaterThan(1)
    expect(texts.flatMap((text) => findNumbersInText(text))).toEqual([])
  })
})

/** A body of the contract's form with a text in every field. */
function filled(schema: z.core.JSONSchema.BaseSchema, text: string): unknown {
  const { type, properties, items, anyOf } = schema as z.core.JSONSchema.ObjectSchema & z.core.JSONSchema.ArraySchema
  if (properties !== undefined)
    return Object.fromEntries(
      Object.entries(properties).map(([name, field]) => [name, filled(field as z.core.JSONSchema.BaseSchema, text)]),
    )
  if ((type as string) === 'array') return [filled((items ?? {}) as z.core.JSONSchema.BaseSchema, text)]
  return anyOf === undefined ? text : filled((anyOf[0] ?? {}) as z.core.JSONSchema.BaseSchema, text)
}

describe('what is refused', () => {
  const answers: Array<{ route: string; status: number; body: unknown }> = []
  const tell = async (route: RouteContract, path: string, body?: unknown, headers?: Record<string, string>) => {
    const { status, body: answer } = await callerFor('admin').send(route.method, path, body, headers)
    if (status >= 400) answers.push({ route: `${route.method} ${path}`, status, body: answer })
  }

  beforeAll(async () => {
    await refreshSignIns()
    for (const route of routes) {
      for (const secret of [phoneOf(1), accountOf(1), idNumber, shortCard]) {
        const path = route.path.replaceAll(/:\w+/g, secret)
        if (route.method === 'GET')
          await tell(route, `${path}?search=${secret}&cursor=${secret}&limit=${secret}&atMs=${secret}`)
        else if (route.upload !== undefined) {
          const header = '户编号,户主,电话,家庭人口,户类型,金额,日期,批次号,序号,处理结果,姓名,流水号,交易时间'
          const row = header.split(',').map(() => secret)
          await tell(
            route,
            `${path}?reason=${secret}&kind=wages&payer=outside&title=${secret}`,
            csv([header, row.join(','), row.join(',')]),
            fileType,
          )
        } else {
          const schema =
            route.body === undefined ? undefined : z.toJSONSchema(route.body, { io: 'input', unrepresentable: 'any' })
          if (route.path !== '/api/sign-out')
            await tell(route, path, schema === undefined ? undefined : filled(schema, secret))
        }
      }
    }
    const wrong = [idNumber, oldIdNumber, shortCard, accountOf(2), `${phoneOf(2)}0`].map(
      (number) => `${number},${number},${number},${number},${number}`,
    )
    const register = routes.find(({ path, method }) => path === '/api/households/imports' && method === 'POST')
    if (register !== undefined)
      await tell(
        register,
        `${register.path}?reason=register`,
        csv(['户编号,户主,电话,家庭人口,户类型', ...wrong]),
        fileType,
      )
  }, 240_000)

  it('is a problem of most routes', () => {
    expect(new Set(answers.map(({ route }) => route)).size).toBeGreaterThan(200)
    expect(answers.filter(({ status }) => status >= 500 && status !== 503)).toEqual([])
  })

  it('says no number again', () => {
    const found = answers.flatMap(({ route, body }) => findNumbers(body).map((number) => ({ route, ...number })))

    expect(found).toEqual([])
  })

  it('left none in the log either, which told of every request', () => {
    expect(log.split('\n').length).toBeGreaterThan(1_000)
    expect(log).toContain('"route":"/api/payee-accounts"')
    expect(findNumbersInLog(log)).toEqual([])
    expect(secrets.filter((secret) => log.includes(secret))).toEqual([])
  })
})
