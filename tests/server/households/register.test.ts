// The register over HTTP: entering, changing with history, binding helpers, and who may.
import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { one, rows } from '#server/db/unit.ts'
import { exportPersonalData } from '#server/personal-data/export-personal-data.ts'
import { phonePurpose } from '#server/households/phone.ts'
import { problem, startCommerceApi } from '#tests/support/commerce-api.ts'
import { householdCode, openMarket, villageCode } from '#tests/support/market.ts'
import { seedAccount } from '#tests/support/seed-account.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'
import { testSealer } from '#tests/support/test-sealer.ts'

const operator = { accountId: '01900000-0000-7000-8000-0000000000aa', roles: ['operator'] } as const
const townDesk = {
  accountId: '01900000-0000-7000-8000-0000000000ab',
  roles: ['desk'],
  areaCode: villageCode.slice(0, 9),
} as const
const otherDesk = { ...townDesk, areaCode: '500112143' }
const dayMs = 86_400_000

const newHousehold = {
  householdCode: householdCode(9),
  headName: '钱示丰',
  phone: '13800001234',
  population: 3,
  kind: 'POOR',
  identifiedYear: 2015,
}

async function openRegister(dialect: (typeof dialects)[number]) {
  const clock = new TestClock()
  const database = await openTestDatabase(dialect, { clock })
  await openMarket(database, clock)
  const api = await startCommerceApi(database)
  return {
    clock,
    database,
    api,
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]()
      await database.close()
    },
  }
}

describe.each(dialects)('the household register over HTTP on %s', (dialect) => {
  it('takes a household in and keeps its phone number sealed', async () => {
    await using register = await openRegister(dialect)

    const entered = await register.api.call('POST', '/api/households', townDesk, newHousehold)

    expect(entered.status).toBe(201)
    expect(entered.body).toMatchObject({ headName: '钱示丰', phoneMasked: '138****1234', townName: '大盛镇' })
    expect(JSON.stringify(entered.body)).not.toContain('13800001234')
    const stored = await register.database.read(({ db, tables: { households: h } }) =>
      rows(db.select({ code: h.householdCode, sealed: h.phoneSealed }).from(h)),
    )
    const sealed = stored.find(({ code }) => code === householdCode(9))?.sealed ?? ''
    expect(sealed).not.toContain('13800001234')
    expect(testSealer.open(sealed, phonePurpose(householdCode(9)))).toBe('13800001234')
    const again = await register.api.call('POST', '/api/households', operator, newHousehold)
    expect([again.status, problem(again)]).toEqual([409, { code: 'household.code_taken', field: 'householdCode' }])
  })

  it('removes a phone number for good, and says so in the history, the trail and the copy of the data', async () => {
    await using register = await openRegister(dialect)
    const { api, clock, database } = register
    const householdCode9 = householdCode(9)
    const change = (body: object) => api.call('PATCH', `/api/households/${householdCode9}`, townDesk, body)
    await api.call('POST', '/api/households', operator, newHousehold)
    clock.advance(dayMs)

    const removed = await change({ phone: null, reason: '本人不愿留电话' })
    clock.advance(dayMs)
    const again = await change({ phone: null, reason: '再删一次' })
    const copy = await exportPersonalData(
      { database, sealer: testSealer },
      { householdCode: householdCode9, accountId: operator.accountId, reason: '本人申请' },
    )

    expect(removed.status).toBe(200)
    expect(removed.body).not.toHaveProperty('phoneMasked')
    expect(again.body).toMatchObject({
      changes: [{ what: 'phone', previous: '138****1234', value: '' }, { what: 'kind' }],
    })
    expect(copy).not.toHaveProperty('phone')
    expect(copy.tables['household']).toMatchObject([{ phoneMasked: null }])
    expect(copy.tables['household_change']).toContainEqual(
      expect.objectContaining({ what: 'phone', previous: '138****1234', value: '', reason: '本人不愿留电话' }),
    )
    expect(copy.tables['audit_row']).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ why: '本人不愿留电话', before: { phone: '138****1234' }, after: { phone: null } }),
      ]),
    )
    const { kept, audited } = await database.read(function* ({ db, tables: { households: h, auditRows: a } }) {
      const own = eq(h.householdCode, householdCode9)
      return {
        kept: yield* rows(db.select({ sealed: h.phoneSealed }).from(h).where(own)),
        audited: yield* rows(db.select({ why: a.why }).from(a).where(eq(a.action, 'household.changed'))),
      }
    })
    expect(kept).toEqual([{ sealed: null }])
    expect(audited).toEqual([{ why: '本人不愿留电话' }])
  })

  it('lets a household leave poverty by a dated status with its reason, and shows both kinds', async () => {
    await using register = await openRegister(dialect)
    await register.api.call('POST', '/api/households', operator, newHousehold)
    register.clock.advance(dayMs)
    const change = { kind: 'EXITED', exitedYear: 2020, reason: '2020 年验收脱贫' }

    const changed = await register.api.call('PATCH', `/api/households/${householdCode(9)}`, townDesk, change)

    const { kind, changes } = changed.body as { kind: string; changes: object[] }
    expect(kind).toBe('EXITED')
    expect(changes).toMatchObject([
      { what: 'exitedYear', value: '2020', reason: '2020 年验收脱贫' },
      { what: 'kind', previous: 'POOR', value: 'EXITED', byAccountId: townDesk.accountId },
      { what: 'kind', value: 'POOR' },
    ])
    const audit = await register.database.read(({ db, tables: { auditRows: a } }) =>
      one(db.select({ action: a.action, detail: a.detail }).from(a).where(eq(a.action, 'household.changed'))),
    )
    expect(audit).toMatchObject({ action: 'household.changed' })
    const bare = await register.api.call('PATCH', `/api/households/${householdCode(9)}`, operator, { kind: 'POOR' })
    expect([bare.status, problem(bare)]).toEqual([422, { code: 'request.invalid', field: 'reason' }])
  })

  it('binds helpers one after another and keeps who helped when', async () => {
    await using register = await openRegister(dialect)
    const [first, second] = await register.database.run(function* (ctx) {
      return [yield* seedAccount(ctx, '赵帮扶', 'helper'), yield* seedAccount(ctx, '孙帮扶', 'helper')] as const
    })
    const bind = (helperAccountId: string, reason: string) =>
      register.api.call('PUT', `/api/households/${householdCode(1)}/helper`, townDesk, {
        helperAccountId,
        unitName: '区教委',
        reason,
      })
    await bind(first, '首次结对')
    register.clock.advance(dayMs)

    const bound = await bind(second, '干部调整')

    const atMs = register.clock.now()
    expect((bound.body as { helpers: object[] }).helpers).toEqual([
      { helperAccountId: second, helperName: '孙帮扶', unitName: '区教委', fromMs: atMs },
      { helperAccountId: first, helperName: '赵帮扶', unitName: '区教委', fromMs: atMs - dayMs, toMs: atMs },
    ])
    const helper = (accountId: string) => ({ accountId, roles: ['helper'] as const })
    const own = await register.api.call('GET', '/api/households', helper(second))
    const former = await register.api.call('GET', '/api/households', helper(first))
    expect([own.body, former.body]).toMatchObject([{ rows: [{ headName: '王甲' }] }, { rows: [] }])
    const nobody = await bind(operator.accountId, '没有此人')
    expect(problem(nobody)).toEqual({ code: 'household.helper_unknown', field: 'helperAccountId' })
  })

  it('stays closed outside a desk’s area, and to a farmer but for the own household', async () => {
    await using register = await openRegister(dialect)
    const farmer = { accountId: operator.accountId, roles: ['farmer'], householdCode: householdCode(2) } as const
    const show = (serial: number, who: Parameters<typeof register.api.call>[2]) =>
      register.api.call('GET', `/api/households/${householdCode(serial)}`, who)

    expect((await show(1, otherDesk)).status).toBe(404)
    expect((await show(1, farmer)).status).toBe(404)
    expect((await show(2, farmer)).body).toMatchObject({ headName: '李乙' })
    const entered = await register.api.call('POST', '/api/households', otherDesk, newHousehold)
    expect([entered.status, problem(entered).code]).toEqual([403, 'household.out_of_area'])
    const reason = { reason: '试改', population: 9 }
    const changed = await register.api.call('PATCH', `/api/households/${householdCode(1)}`, otherDesk, reason)
    expect([changed.status, problem(changed).code]).toEqual([404, 'household.not_found'])
  })
})
