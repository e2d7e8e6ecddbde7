// Households entered by mistake, taken out over HTTP while nothing is built on them.
import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { one } from '#server/db/unit.ts'
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
