// Revenue plans over HTTP: one person drafts, another approves, sales follow.
import { describe, expect, it } from 'vitest'
import { rows } from '#server/db/unit.ts'
import { problem, startCommerceApi } from '#tests/support/commerce-api.ts'
import { openMarket, settled } from '#tests/support/market.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const ann = { accountId: '01900000-0000-7000-8000-0000000000c1', roles: ['finance'] } as const
const bob = { accountId: '01900000-0000-7000-8000-0000000000c2', roles: ['finance'] } as const
const shares = { householdBp: 8000, supplierBp: 1000, organisationBp: 0, operatorBp: 1000, fundBp: 100 }

describe.each(dialects)('revenue plans over HTTP on %s', (dialect) => {
  it('take two people, and hold for sales from then on', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    await using api = await startCommerceApi(database)
    const draft = { supplierId: market.supplierId, shares, effectiveFromMs: clock.now(), note: '八成归农户' }

    const drafted = await api.call('POST', '/api/revenue-plans', ann, draft)
    const { planId } = drafted.body as { planId: string }
    const alone = await api.call('POST', `/api/revenue-plans/${planId}/approval`, ann)
    const approved = await api.call('POST', `/api/revenue-plans/${planId}/approval`, bob)
    const sessionId = await market.open()
    await market.tell('session.settled', settled(market, sessionId, { count: 1 }))

    expect(drafted).toMatchObject({ status: 201, body: { state: 'draft', version: 1, shares } })
    expect([alone.status, problem(alone)]).toEqual([403, { code: 'attribution.plan_same_person' }])
    expect(approved).toMatchObject({ status: 200, body: { state: 'approved', approvedBy: bob.accountId } })
    const buyer = { accountId: market.buyerId, roles: ['buyer'] } as const
    const receipt = await api.call('GET', `/api/sessions/${sessionId}/receipt`, buyer)
    const { lines } = receipt.body as { lines: Array<{ parts: Array<{ payeeKind: string; amountFen: number }> }> }
    const households = lines[0]?.parts.filter((part) => part.payeeKind === 'household') ?? []
    expect(households.reduce((sum, part) => sum + part.amountFen, 0)).toBe(1024)
    const audited = await database.read((ctx) =>
      rows(ctx.db.select({ action: ctx.tables.auditRows.action }).from(ctx.tables.auditRows)),
    )
    expect(audited.map((row) => row.action)).toEqual(
      expect.arrayContaining(['revenue_plan.drafted', 'revenue_plan.approved']),
    )
  })

  it('refuse shares that do not add up and suppliers nobody knows, and change nothing', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await openMarket(database, clock)
    await using api = await startCommerceApi(database)
    const draft = { shares, effectiveFromMs: clock.now(), note: 'a plan' }

    const wrong = await api.call('POST', '/api/revenue-plans', ann, {
      ...draft,
      shares: { ...shares, supplierBp: 999 },
    })
    const stranger = await api.call('POST', '/api/revenue-plans', ann, { ...draft, supplierId: ann.accountId })
    const listed = await api.call('GET', '/api/revenue-plans', ann)

    expect([wrong.status, problem(wrong)]).toEqual([422, { code: 'attribution.plan_invalid', field: 'shares' }])
    expect([stranger.status, problem(stranger)]).toEqual([
      422,
      { code: 'attribution.plan_invalid', field: 'supplierId' },
    ])
    expect(listed).toMatchObject({ body: { rows: [{ version: 1, state: 'approved' }] } })
  })
})
