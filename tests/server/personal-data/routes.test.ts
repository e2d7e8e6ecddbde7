import { getTableColumns, getTableName } from 'drizzle-orm'
import { strFromU8, unzipSync } from 'fflate'
import { describe, expect, it } from 'vitest'
import { tablesOf } from '#server/db/tables.ts'
import { insertRows, rows } from '#server/db/unit.ts'
import { enterHouseholds, enterVillages } from '#server/households/enter-households.ts'
import { sealPhone } from '#server/households/phone.ts'
import { householdCode, villageCode } from '#tests/support/market.ts'
import { startServer, type TestServer } from '#tests/support/start-server.ts'
import { dialects } from '#tests/support/test-database.ts'

const phone = '13912345678'
const mine = `/api/households/${householdCode(1)}`
const other = `/api/households/${householdCode(2)}`
const consent = { purpose: 'PUBLICATION', isGiven: true, textVersion: '2020-01', channel: 'paper' }
const reason = '回访核实收款信息'

/** Two households with a phone; the first one is helped by `helperId`. */
async function seed(server: TestServer, helperId: string): Promise<void> {
  const { database, sealer } = server.app.ctx
  await database.run(function* (ctx) {
    yield* enterVillages(ctx, [{ villageCode, name: '青龙村', townCode: '500112142', townName: '大盛镇' }])
    yield* enterHouseholds(
      ctx,
      [1, 2].map((serial) => ({
        householdCode: householdCode(serial),
        headName: '王甲',
        population: 2,
        kind: 'EXITED' as const,
        phone: sealPhone(sealer, householdCode(serial), phone),
        helperAccountId: serial === 1 ? helperId : undefined,
      })),
    )
  })
}

const auditOf = (server: TestServer) =>
  server.app.ctx.database.read(({ db, tables: { auditRows: r } }) =>
    rows(db.select({ action: r.action, accountId: r.accountId, subjectId: r.subjectId, why: r.why }).from(r)),
  )

describe.each(dialects)('personal data on %s', (dialect) => {
  it('shows a phone number for a reason, to the own helper and not to another’s, and leaves who and why', async () => {
    await using server = await startServer({ dialect })
    const helper = await server.signIn('helper')
    await seed(server, helper.accountId)

    const shown = await helper.send('POST', `${mine}/phone-reveals`, { reason })
    const foreign = await helper.send('POST', `${other}/phone-reveals`, { reason })
    const reasonless = await helper.send('POST', `${mine}/phone-reveals`, { reason: '  ' })

    expect(shown).toMatchObject({ status: 200, body: { phone } })
    expect(foreign).toMatchObject({ status: 404, body: { code: 'household.not_found' } })
    expect(reasonless.status).toBe(422)
    const revealed = (await auditOf(server)).filter(({ action }) => action === 'personal_data.phone_revealed')
    expect(revealed).toEqual([
      { action: 'personal_data.phone_revealed', accountId: helper.accountId, subjectId: householdCode(1), why: reason },
    ])
  })

  it('shows a helper who has another role too no number that neither role alone would', async () => {
    await using server = await startServer({ dialect })
    const helper = await server.signIn('helper', 'operator', 'auditor')
    await seed(server, helper.accountId)

    const own = await helper.send('POST', `${mine}/phone-reveals`, { reason })
    const foreign = await helper.send('POST', `${other}/phone-reveals`, { reason })
    const foreignConsent = await helper.send('POST', `${other}/consents`, consent)

    expect((await helper.send('GET', other)).status).toBe(200)
    expect(own.status).toBe(200)
    expect(foreign).toMatchObject({ status: 404, body: { code: 'household.not_found' } })
    expect(foreignConsent).toMatchObject({ status: 404, body: { code: 'household.not_found' } })
  })

  it('keeps consents with their history; each purpose by itself, and takes them back', async () => {
    await using server = await startServer({ dialect })
    const [helper, farmer] = [await server.signIn('helper'), await server.signIn('farmer')]
    await seed(server, helper.accountId)
    const say = (change: object) => farmer.send('POST', `${mine}/consents`, { ...consent, channel: 'page', ...change })

    const answers = [
      await helper.send('POST', `${mine}/consents`, { ...consent, evidence: '同意书 2020-17' }),
      await say({}),
      await say({ purpose: 'SENSITIVE_DATA', isGiven: false }),
      await say({ textVersion: '1999' }),
      await say({ isGiven: false }),
      await say({}),
    ].map(({ status }) => status)
    const listed = await farmer.send('GET', `${mine}/consents`)

    expect(answers).toEqual([201, 409, 409, 422, 201, 201])
    expect(listed.body['rows']).toMatchObject([
      { purpose: 'PUBLICATION', isGiven: true, recordedBy: farmer.accountId },
      { isGiven: false, channel: 'page' },
      { isGiven: true, channel: 'paper', evidence: '同意书 2020-17', recordedBy: helper.accountId },
    ])
    expect((await farmer.send('GET', `${other}/consents`)).status).toBe(404)
    expect((await farmer.send('POST', `${other}/consents`, consent)).status).toBe(404)
    expect((await auditOf(server)).filter(({ action }) => action.startsWith('consent.'))).toHaveLength(3)
  })

  it('gives the household a copy of everything that is held on it', async () => {
    await using server = await startServer({ dialect })
    const [farmer, finance] = [await server.signIn('farmer'), await server.signIn('finance')]
    const admin = await server.signIn('admin')
    await seed(server, 'helper')
    await farmer.send('POST', `${mine}/consents`, { ...consent, channel: 'page' })
    const take = { reason: '本户申请查阅' }

    const copy = await farmer.send('POST', `${mine}/personal-data-exports`, take)
    const byAdmin = await admin.send('POST', `${other}/personal-data-exports`, take)

    const { tables } = copy.body as { tables: Record<string, unknown[]> }
    const held = Object.values(tablesOf(dialect)).filter((table) => 'householdCode' in getTableColumns(table))
    expect(held.length).toBeGreaterThan(3)
    expect(Object.keys(tables)).toEqual(expect.arrayContaining(held.map((table) => getTableName(table))))
    expect(copy.body).toMatchObject({ householdCode: householdCode(1), phone })
    expect(tables['household']).toMatchObject([{ headName: '王甲', phoneMasked: '139****5678' }])
    expect(tables['consent']).toMatchObject([{ purpose: 'PUBLICATION' }])
    expect(tables['audit_row']).toHaveLength(2)
    expect(JSON.stringify(tables)).not.toMatch(/Sealed|passwordHash|scrypt|139\d{8}/)
    expect(byAdmin.body).toMatchObject({ householdCode: householdCode(2) })
    expect((await farmer.send('POST', `${other}/personal-data-exports`, take)).status).toBe(404)
    expect((await finance.send('POST', `${mine}/personal-data-exports`, take)).status).toBe(403)
  })

  it('gives the copy as a ZIP of tables that a spreadsheet opens', async () => {
    await using server = await startServer({ dialect })
    const [farmer, admin] = [await server.signIn('farmer'), await server.signIn('admin')]
    await seed(server, 'helper')
    await farmer.send('POST', `${mine}/consents`, { ...consent, channel: 'page' })
    const take = { reason: '本户申请复制' }

    const download = (who: typeof farmer, path: string) =>
      fetch(`${server.url}${path}/personal-data-copies`, {
        method: 'POST',
        headers: { cookie: who.cookie ?? '', 'content-type': 'application/json' },
        body: JSON.stringify(take),
      })
    const copy = await download(farmer, mine)

    expect(copy.headers.get('content-type')).toBe('application/zip')
    expect(copy.headers.get('content-disposition')).toContain(`personal-data-${householdCode(1)}.zip`)
    const files = unzipSync(new Uint8Array(await copy.arrayBuffer()))
    const text = (name: string) => strFromU8(files[name] ?? new Uint8Array())
    expect(Object.keys(files)).toEqual(expect.arrayContaining(['contents.csv', 'household.csv', 'consent.csv']))
    expect(text('contents.csv')).toContain(`phone,${phone}`)
    expect(text('contents.csv')).toContain('audit_row,2')
    expect(text('household.csv')).toMatch(/headName.*phoneMasked/)
    expect(text('household.csv')).toContain('王甲')
    expect(text('consent.csv')).toMatch(/,at\r?\n/)
    expect(text('consent.csv')).toMatch(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/)
    const others = Object.entries(files).filter(([name]) => name !== 'contents.csv')
    expect(others.map(([, bytes]) => strFromU8(bytes)).join()).not.toMatch(/Sealed|scrypt|139\d{8}/)
    expect((await download(farmer, other)).status).toBe(404)
    expect((await download(admin, other)).status).toBe(200)
    expect((await auditOf(server)).filter(({ action }) => action === 'personal_data.exported')).toHaveLength(2)
  })

  it('keeps the ledger of consents as it was written', async () => {
    await using server = await startServer({ dialect })
    const { database } = server.app.ctx
    const row = {
      ...consent,
      ordinal: 1,
      consentId: 'c',
      householdCode: householdCode(1),
      recordedBy: 'x',
      atMs: 1,
    } as const
    await database.run(({ tables }) => insertRows(tables.consents, [row as never]))

    const change = database.run(({ db, tables: { consents } }) =>
      rows(db.update(consents).set({ isGiven: false }).returning()),
    )

    await expect(change).rejects.toMatchObject({ kind: 'immutable' })
  })
})
