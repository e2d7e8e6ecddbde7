// Member and share registers from files: CSV and XLSX, UTF-8 and GB18030, all rows or none.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import iconv from 'iconv-lite'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '#shared/ids/random.ts'
import { batchJobs } from '#server/batch/jobs.ts'
import type { Database } from '#server/db/database.ts'
import { rows } from '#server/db/unit.ts'
import { enterHouseholds } from '#server/households/enter-households.ts'
import { writeXlsx } from '#server/tabular/write-xlsx.ts'
import { problem, startCommerceApi } from '#tests/support/commerce-api.ts'
import { landOnly, noDeductions } from '#tests/support/distribution-terms.ts'
import { seedAccount } from '#tests/support/seed-account.ts'
import { dayMs, memberCode, openUnion } from '#tests/support/share-union.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'
import { testSealer } from '#tests/support/test-sealer.ts'

const clerk = { accountId: '01900000-0000-7000-8000-0000000000c1', roles: ['finance'] } as const
const utf8 = (...lines: string[]) => new TextEncoder().encode(lines.join('\r\n'))

/** A union of two members with 1 and 2 mu; households 3 and 4 are registered and no members. */
async function openRegisters(dialect: (typeof dialects)[number]) {
  const clock = new TestClock()
  const database = await openTestDatabase(dialect, { clock })
  const terms = { ...noDeductions, classes: landOnly }
  const organisationId = await openUnion(database, clock.now(), {
    terms,
    landMilli: [1_000, 2_000],
    balanceFen: 300,
  })
  await database.run((ctx) =>
    enterHouseholds(ctx, [
      { householdCode: memberCode(3), headName: '䶮丙', population: 2, kind: 'ORDINARY' },
      { householdCode: memberCode(4), headName: '李丁', population: 4, kind: 'ORDINARY' },
    ]),
  )
  const fromMs = clock.now() - dayMs
  const api = await startCommerceApi(database, clock)
  const upload = (what: 'member' | 'holding', file: Uint8Array, step: '' | '/preview' = '') => {
    // Imports of one instant would stand in any order.
    clock.advance(1_000)
    return api.call('POST', `/api/organisations/${organisationId}/${what}-imports${step}?fromMs=${fromMs}`, clerk, file)
  }
  const base = `/api/organisations/${organisationId}/register-imports`
  return {
    database,
    clock,
    organisationId,
    fromMs,
    upload,
    imports: async () => {
      const { body } = await api.call('GET', base, clerk)
      return (body as { rows: Array<{ importId: string; register: string; reversal?: unknown }> }).rows
    },
    reverse: (importId: string | undefined, reason = '名册发错') =>
      api.call('POST', `${base}/${String(importId)}/reversal`, clerk, { reason }),
    call: (method: 'GET' | 'POST', path: string, body?: unknown) => api.call(method, path, clerk, body),
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

const membersOf = (database: Database) =>
  database.read((ctx) => rows(ctx.db.select().from(ctx.tables.organisationMembers)))
const holdingsOf = (database: Database) => database.read((ctx) => rows(ctx.db.select().from(ctx.tables.shareHoldings)))
const fieldsOf = (reply: { readonly body: unknown }) =>
  (reply.body as { errors: Array<{ field: string }> }).errors.map(({ field }) => field)

describe.each(dialects)('the registers of an organisation from files on %s', (dialect) => {
  it('take members from GB18030 text, rare characters of names included', async () => {
    await using world = await openRegisters(dialect)
    const file = iconv.encode(`户编号,户主\r\n${memberCode(3)},䶮丙\r\n${memberCode(4)},\r\n`, 'gb18030')

    const imported = await world.upload('member', file)

    expect(imported).toMatchObject({ status: 201, body: { admitted: 2 } })
    expect(await membersOf(world.database)).toContainEqual({
      organisationId: world.organisationId,
      householdCode: memberCode(3),
      fromMs: world.fromMs,
      toMs: null,
    })
  })

  it('name every row of a member file that is wrong, and admit nobody', async () => {
    await using world = await openRegisters(dialect)
    const known = await membersOf(world.database)
    const unread = utf8('户编号,户主', `${memberCode(3)},`, '12,', `${memberCode(3)},`)
    const strangers = utf8('户编号,户主', `${memberCode(3)},王丙`, `${memberCode(9)},`, `${memberCode(4)},`)
    const members = utf8('户编号', memberCode(4), memberCode(1), memberCode(2))

    const answers = [
      await world.upload('member', unread),
      await world.upload('member', strangers),
      await world.upload('member', members),
    ]

    expect(answers.map(({ status }) => status)).toEqual([422, 422, 422])
    expect(answers.map(fieldsOf)).toEqual([
      ['rows.3.户编号', 'rows.4.户编号'],
      ['rows.2.户主', 'rows.3.户编号'],
      ['rows.3.户编号', 'rows.4.户编号'],
    ])
    expect(await membersOf(world.database)).toEqual(known)
  })

  it('take shares from a workbook, ending what was held otherwise', async () => {
    await using world = await openRegisters(dialect)
    const file = writeXlsx(
      '股权',
      ['户编号', '户主', '股权类型', '数量', '单位', '折股'],
      [
        [memberCode(1), '王甲', '土地股', '3.2', '亩', '3.2'],
        [memberCode(2), '', 'LAND', '2', '', '2'],
        [memberCode(2), '', '资金股', '1,500', '元', '15'],
        ['', '', '集体股', '100', '股', '100'],
      ],
    )

    const imported = await world.upload('holding', file)

    expect(imported).toMatchObject({ status: 201, body: { begun: 3, ended: 1, unchanged: 1 } })
    const held = (await holdingsOf(world.database)).filter(({ toMs }) => toMs === null)
    expect(
      held
        .map(({ householdCode, kind, quantityMilli, unit, sharesMilli }) =>
          [householdCode, kind, quantityMilli, unit, sharesMilli].join(' '),
        )
        .toSorted(),
    ).toEqual([
      ' COLLECTIVE 100000 share 100000',
      `${memberCode(1)} LAND 3200 mu 3200`,
      `${memberCode(2)} CAPITAL 1500000 yuan 15000`,
      `${memberCode(2)} LAND 2000 mu 2000`,
    ])
  })

  it('are rehearsed: the same figures as the import, and nothing is kept', async () => {
    await using registers = await openRegisters(dialect)
    const members = utf8('户编号', memberCode(3))
    const holdings = utf8('户编号,股权类型,数量,折股', `${memberCode(1)},土地股,5,50`)
    const before = [await membersOf(registers.database), await holdingsOf(registers.database)]

    const previews = [
      await registers.upload('member', members, '/preview'),
      await registers.upload('holding', holdings, '/preview'),
    ]
    const between = [await membersOf(registers.database), await holdingsOf(registers.database)]
    const imported = [await registers.upload('member', members), await registers.upload('holding', holdings)]

    expect(between).toEqual(before)
    expect(previews.map(({ body }) => body)).toEqual([{ admitted: 1 }, { begun: 1, ended: 1, unchanged: 0 }])
    expect(imported.map(({ body }) => body)).toEqual(previews.map(({ body }) => body))
  })

  it('name every row of a share file that is wrong, and change nothing', async () => {
    await using world = await openRegisters(dialect)
    const before = await holdingsOf(world.database)
    const header = '户编号,户主,股权类型,数量,单位,折股'
    const unread = utf8(
      header,
      `${memberCode(1)},,土地股,0,亩,1`,
      `${memberCode(1)},,房股,1.2345,亩,1`,
      `${memberCode(2)},,土地股,"3,2",亩,"1,000"`,
    )
    const wrong = utf8(
      header,
      `${memberCode(1)},,土地股,5,亩,5`,
      `${memberCode(1)},,土地股,6,亩,6`,
      `${memberCode(2)},,资金股,10,亩,1`,
      `${memberCode(3)},,土地股,1,亩,1`,
      ',,土地股,1,亩,1',
    )

    const answers = [await world.upload('holding', unread), await world.upload('holding', wrong)]

    expect(answers.map(fieldsOf)).toEqual([
      ['rows.2.数量', 'rows.3.股权类型', 'rows.3.数量', 'rows.4.数量'],
      ['rows.3', 'rows.4.单位', 'rows.5.户编号', 'rows.6.户编号'],
    ])
    expect(await holdingsOf(world.database)).toEqual(before)
  })

  it('are taken back: what began was never, what ended goes on, and the right file comes in its place', async () => {
    await using world = await openRegisters(dialect)
    const before = await holdingsOf(world.database)
    const header = '户编号,户主,股权类型,数量,单位,折股'
    const shares = utf8(header, `${memberCode(1)},,土地股,3.2,亩,3.2`, `${memberCode(2)},,资金股,100,元,1`)
    await world.upload('holding', shares)
    const [taken] = await world.imports()

    const reversed = await world.reverse(taken?.importId)
    const restored = await holdingsOf(world.database)
    const again = await world.upload('holding', shares)
    const twice = await world.reverse(taken?.importId)

    expect(reversed).toMatchObject({ status: 200, body: { register: 'holdings', beganCount: 2, endedCount: 1 } })
    const byId = (all: typeof before) => all.toSorted((a, b) => (a.holdingId < b.holdingId ? -1 : 1))
    expect(byId(restored)).toEqual(byId(before))
    expect(again).toMatchObject({ status: 201, body: { begun: 2, ended: 1 } })
    expect(problem(twice).code).toBe('organisation.import_reversed')
    expect(await world.imports()).toMatchObject([{}, { reversal: { reason: '名册发错', reversedBy: clerk.accountId } }])
  })

  it('stop a plan that was drafted on them once they are taken back', async () => {
    await using world = await openRegisters(dialect)
    const { clock, organisationId, fromMs } = world
    await world.upload('holding', utf8('户编号,户主,股权类型,数量,单位,折股', `${memberCode(1)},,土地股,3.2,亩,3.2`))
    const [taken] = await world.imports()
    const nowMs = clock.now()
    const period = { periodFromMs: fromMs - 100 * dayMs, periodToMs: nowMs, atMs: nowMs }
    const request = { template: 'SHARE', title: '年度分红', ...period, incomeFen: 300, documentNumber: '决算 1' }
    const draft = async () => {
      const { body } = await world.call('POST', `/api/organisations/${organisationId}/distributions`, request)
      return `/api/distributions/${(body as { planId: string }).planId}`
    }
    const plan = await draft()
    const standing = await world.call('GET', plan)
    clock.advance(1_000)
    await world.reverse(taken?.importId)

    const reversed = await world.call('GET', plan)
    const list = await world.call('GET', '/api/distributions')
    const published = await world.call('POST', `${plan}/publication`, { meetingAtMs: nowMs + 20 * dayMs })
    const withdrawn = await world.call('POST', `${plan}/withdrawal`, { reason: '撤回' })
    clock.advance(1_000)
    const anew = await world.call('GET', await draft())

    expect(standing.body).toMatchObject({ isOnReversedRegister: false })
    expect(reversed.body).toMatchObject({ isOnReversedRegister: true })
    expect(list.body).toMatchObject({ rows: [{ isOnReversedRegister: true }] })
    expect([published.status, problem(published).code]).toEqual([409, 'distribution.register_reversed'])
    expect(withdrawn).toMatchObject({ status: 200, body: { state: 'withdrawn', isOnReversedRegister: false } })
    expect(anew.body).toMatchObject({ state: 'draft', isOnReversedRegister: false })
  })

  it('are not taken back under what was built on them', async () => {
    await using world = await openRegisters(dialect)
    await world.upload('member', utf8('户编号', memberCode(3), memberCode(4)))
    const [members] = await world.imports()
    await world.upload('holding', utf8('户编号,户主,股权类型,数量,单位,折股', `${memberCode(3)},,土地股,1,亩,1`))
    const [holdings] = await world.imports()

    const early = await world.reverse(members?.importId)
    await world.reverse(holdings?.importId)
    const inOrder = await world.reverse(members?.importId)
    const unknown = await world.reverse('01900000-0000-7000-8000-000000000001')

    expect(problem(early).code).toBe('organisation.import_built_upon')
    expect(inOrder.status).toBe(200)
    expect(problem(unknown).code).toBe('organisation.import_unknown')
    expect((await membersOf(world.database)).map(({ householdCode }) => householdCode)).not.toContain(memberCode(3))
    const rowsOfTrail = await world.database.read(({ db, tables: { auditRows: t } }) =>
      rows(db.select().from(t).where(eq(t.action, 'organisation.register_import_reversed'))),
    )
    expect(rowsOfTrail).toMatchObject([{ why: '名册发错' }, { why: '名册发错' }])
  })

  it('come from the command line for a clerk, and for nobody else', async () => {
    await using world = await openRegisters(dialect)
    const { database, clock, organisationId } = world
    await database.run(function* (ctx) {
      yield* seedAccount(ctx, 'wang', 'finance')
      yield* seedAccount(ctx, 'buyer', 'buyer')
    })
    const folder = await mkdtemp(join(tmpdir(), 'registers-'))
    await using _ = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
    const file = join(folder, 'members.csv')
    await writeFile(file, utf8('户编号', memberCode(3)))
    const job = batchJobs.find(({ name }) => name === 'import-members')
    const context = { database, sealer: testSealer, commandKeyFile: '', clock, random: seededRandom(1) }
    const args = { file, organisation: organisationId, from: '2026-01-01' }

    const run = (by: string) => job?.run(context, { ...args, by }, () => undefined)

    await expect(run('buyer')).rejects.toMatchObject({ code: 'identity.role_missing' })
    expect(await run('wang')).toEqual(['1 households are members now.'])
    expect((await membersOf(database)).map(({ householdCode }) => householdCode)).toContain(memberCode(3))
  })
})
