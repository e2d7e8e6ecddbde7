// Households entered by mistake, taken out over HTTP while nothing is built on them.
import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { insertRows, one, rows } from '#server/db/unit.ts'
import { addAccounts } from '#server/identity/add-accounts.ts'
import { changeAccess } from '#server/identity/change-account.ts'
import { problem, startCommerceApi } from '#tests/support/commerce-api.ts'
import { householdCode, openMarket, villageCode } from '#tests/support/market.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const townDesk = {
  accountId: '01900000-0000-7000-8000-0000000000ab',
  roles: ['desk'],
  areaCode: villageCode.slice(0, 9),
} as const
const otherDesk = { ...townDesk, areaCode: '500112143' }
const mistaken = {
  householdCode: householdCode(9),
  headName: '钱示丰',
  phone: '13800001234',
  population: 3,
  kind: 'POOR',
}
const ninth = `/api/households/${householdCode(9)}`
const reason = '录错'
const warningOf = (n: number, raisedAtMs: number) => ({
  warningId: `01900000-0000-7000-8000-00000000000${n}`,
  rule: 'BELOW_LINE' as const,
  subject: `202${n}`,
  householdCode: householdCode(9),
  ruleText: '低于监测线',
  evidence: [],
  raisedAtMs,
})

describe.each(dialects)('a household entered by mistake on %s', (dialect) => {
  it('is taken out with a reason, looks like none, and leaves its number unused', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await openMarket(database, clock)
    await using api = await startCommerceApi(database)
    await api.call('POST', '/api/households', townDesk, mistaken)

    const stranger = await api.call('POST', `${ninth}/removal`, otherDesk, { reason })
    const taken = await api.call('POST', `${ninth}/removal`, townDesk, { reason })
    const shown = await api.call('GET', ninth, townDesk)
    const again = await api.call('POST', `${ninth}/removal`, townDesk, { reason })
    const reused = await api.call('POST', '/api/households', townDesk, mistaken)
    const list = await api.call('GET', `/api/households?search=${householdCode(9)}`, townDesk)

    expect([stranger.status, taken.status, shown.status, again.status]).toEqual([404, 204, 404, 404])
    expect(problem(reused).code).toBe('household.code_taken_out')
    expect(list.body).toMatchObject({ rows: [] })
    const kept = await database.read(({ db, tables: { auditRows: t } }) =>
      one(db.select().from(t).where(eq(t.action, 'household.taken_out'))),
    )
    expect(kept).toMatchObject({ subjectId: householdCode(9), why: reason })
  })

  it('takes its warnings along, as long as nobody has acted on one', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await openMarket(database, clock)
    await using api = await startCommerceApi(database)
    await api.call('POST', '/api/households', townDesk, mistaken)
    await database.run((ctx) =>
      insertRows(
        ctx.tables.warnings,
        [1, 2].map((n) => warningOf(n, ctx.now())),
      ),
    )
    const actOn = (n: number, outcome: string) =>
      api.call('POST', `/api/warnings/${warningOf(n, 0).warningId}/outcome`, townDesk, { outcome, note: reason })
    await actOn(1, 'DATA_WRONG')

    const taken = await api.call('POST', `${ninth}/removal`, townDesk, { reason })

    expect(taken.status).toBe(204)
    const ended = await database.read(({ db, tables: { warnings: w } }) => rows(db.select().from(w)))
    expect(ended.map(({ outcome, outcomeBy }) => [outcome, outcomeBy])).toEqual([
      ['DATA_WRONG', townDesk.accountId],
      ['DATA_WRONG', townDesk.accountId],
    ])
  })

  it('stays once a person has acted on a warning', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await openMarket(database, clock)
    await using api = await startCommerceApi(database)
    await api.call('POST', '/api/households', townDesk, mistaken)
    await database.run((ctx) => insertRows(ctx.tables.warnings, [warningOf(1, ctx.now())]))
    const outcome = { outcome: 'HELP_ARRANGED', note: reason }
    await api.call('POST', `/api/warnings/${warningOf(1, 0).warningId}/outcome`, townDesk, outcome)

    const refused = await api.call('POST', `${ninth}/removal`, townDesk, { reason })

    expect(problem(refused).code).toBe('household.built_upon')
  })

  it('is no farmer’s household any more', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await openMarket(database, clock)
    await using api = await startCommerceApi(database)
    await api.call('POST', '/api/households', townDesk, mistaken)
    const buyer = { login: 'qian', displayName: '钱示丰', passwordHash: 'none', mustChangePassword: false }
    const [accountId = ''] = await database.run((ctx) => addAccounts(ctx, [{ ...buyer, roles: ['buyer'] }]))
    await api.call('POST', `${ninth}/removal`, townDesk, { reason })

    const farmer = { householdCode: householdCode(9), roles: ['farmer'] as const }
    const added = database.run((ctx) => addAccounts(ctx, [{ ...buyer, ...farmer, login: 'feng' }]))
    const changed = database.run((ctx) => changeAccess(ctx, { byAccountId: townDesk.accountId, accountId, ...farmer }))

    await expect(added).rejects.toMatchObject({ errors: [{ field: 'accounts.0.householdCode' }] })
    await expect(changed).rejects.toMatchObject({ code: 'household.code_taken_out', field: 'householdCode' })
  })

  it('stays once something was built on it', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await openMarket(database, clock)
    await using api = await startCommerceApi(database)
    const producer = `/api/households/${householdCode(1)}`

    const refused = await api.call('POST', `${producer}/removal`, townDesk, { reason })

    expect(problem(refused).code).toBe('household.built_upon')
    expect((await api.call('GET', producer, townDesk)).status).toBe(200)
  })
})
