import { describe, expect, it } from 'vitest'
import { countRows } from '#server/db/expressions.ts'
import { one } from '#server/db/unit.ts'
import { problem, startCommerceApi } from '#tests/support/commerce-api.ts'
import { householdCode, openMarket, type Market } from '#tests/support/market.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const operator = { accountId: '01900000-0000-7000-8000-0000000000aa', roles: ['operator'] } as const
const buyer = { accountId: '01900000-0000-7000-8000-0000000000bb', roles: ['buyer'] } as const

const lotCount = ({ database }: Market) =>
  database.read((ctx) => one(ctx.db.select({ count: countRows() }).from(ctx.tables.lots)))

function lotOf(market: Market, clock: TestClock, overrides: object = {}) {
  return {
    skuId: market.citrus.skuId,
    supplierId: market.supplierId,
    harvestedAtMs: clock.now() - 3_600_000,
    unitsReceived: 100,
    certificateNumber: 'YSCN-0009',
    sources: [
      { householdCode: householdCode(1), units: 60 },
      { householdCode: householdCode(2), units: 40 },
    ],
    ...overrides,
  }
}

describe.each(dialects)('the catalog over HTTP on %s', (dialect) => {
  it('registers suppliers and SKUs, and pages through them by name', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await openMarket(database, clock)
    await using api = await startCommerceApi(database)
    const supplier = {
      name: '茨竹镇梨农合作社',
      kind: 'cooperative',
      isCertified: true,
      townCode: '500112140',
      address: '茨竹镇',
      contact: '023',
    }
    const benefitLinks = [
      { householdCode: householdCode(1), kind: 'OPERATING', documentNumber: '联结-2', signedAtMs: clock.now() },
    ]

    const unbound = await api.call('POST', '/api/suppliers', operator, supplier)
    const made = await api.call('POST', '/api/suppliers', operator, { ...supplier, benefitLinks })
    const taken = await api.call('POST', '/api/suppliers', operator, { ...supplier, benefitLinks })

    expect(problem(unbound)).toEqual({ code: 'catalog.benefit_link_missing', field: 'benefitLinks' })
    expect(made).toMatchObject({ status: 201, body: supplier })
    expect([taken.status, problem(taken)]).toEqual([409, { code: 'catalog.name_taken', field: 'name' }])
    const first = await api.call('GET', '/api/skus?limit=1', operator)
    const { nextCursor = '', rows } = first.body as { nextCursor?: string; rows: Array<{ name: string }> }
    const second = await api.call('GET', `/api/skus?limit=1&cursor=${nextCursor}`, operator)
    const names = [...rows, ...(second.body as { rows: typeof rows }).rows].map(({ name }) => name)
    expect(names.toSorted()).toEqual(['时令叶菜', '沃柑'])
    const bent = await api.call('GET', '/api/skus?cursor=bent', operator)
    expect([bent.status, problem(bent)]).toEqual([422, { code: 'request.invalid', field: 'cursor' }])
  })

  it('receives a lot and shows it with its sources, trace code and what is left', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    await using api = await startCommerceApi(database)

    const received = await api.call('POST', '/api/lots', operator, lotOf(market, clock))

    expect(received).toMatchObject({ status: 201, body: { unitsReceived: 100, unitsLeft: 100, skuName: '沃柑' } })
    const listed = await api.call('GET', `/api/lots?skuId=${market.citrus.skuId}`, operator)
    const { rows } = listed.body as { rows: Array<{ lotId: string; unitsLeft: number; sources: unknown[] }> }
    expect(rows).toHaveLength(2)
    expect(rows.find((row) => row.lotId === market.citrus.lotId)).toMatchObject({ unitsLeft: 600 })
    expect(rows.every((row) => row.sources.length > 0)).toBe(true)
  })

  it.each([
    ['catalog.sku_unknown', 'skuId', { skuId: '01900000-0000-7000-8000-00000000000a' }],
    ['catalog.supplier_unknown', 'supplierId', { supplierId: '01900000-0000-7000-8000-00000000000a' }],
    ['catalog.lot_date_wrong', 'harvestedAtMs', { harvestedAtMs: 9_000_000_000_000 }],
    ['catalog.lot_sources_wrong', 'sources.1.units', { unitsReceived: 99 }],
    ['household.unknown', 'sources.0.householdCode', { sources: [{ householdCode: householdCode(9), units: 100 }] }],
    ['request.invalid', 'sources.0.massMg', { sources: [{ householdCode: householdCode(1) }] }],
    ['request.invalid', 'sources.0.householdCode', { sources: [{ householdCode: '12', units: 100 }] }],
    ['request.invalid', 'unitsReceived', { unitsReceived: 1.5 }],
  ])('refuses a bad lot with %s at %s and stores nothing', async (code, field, wrong) => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    await using api = await startCommerceApi(database)
    const before = await lotCount(market)

    const refused = await api.call('POST', '/api/lots', operator, lotOf(market, clock, wrong))

    expect([refused.status, problem(refused)]).toEqual([422, { code, field }])
    expect(await lotCount(market)).toEqual(before)
  })

  it('lets buyers look at SKUs only', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    await using api = await startCommerceApi(database)

    expect((await api.call('GET', '/api/skus', buyer)).status).toBe(200)
    expect((await api.call('GET', '/api/lots', buyer)).status).toBe(403)
    expect((await api.call('POST', '/api/lots', buyer, lotOf(market, clock))).status).toBe(403)
  })
})
