// Sales by category and channel, and the sales of the time before the books (domain.md, A3).
import { describe, expect, it } from 'vitest'
import { rows } from '#server/db/unit.ts'
import { problem, startCommerceApi } from '#tests/support/commerce-api.ts'
import type { Caller } from '#tests/support/commerce-api.ts'
import { householdCode, openMarket, settled, villageCode } from '#tests/support/market.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const ann = { accountId: '01900000-0000-7000-8000-0000000000c1', roles: ['finance'] } as const
const bob = { accountId: '01900000-0000-7000-8000-0000000000c2', roles: ['finance'] } as const
const desk = { ...ann, roles: ['desk'], areaCode: villageCode.slice(0, 9) } as const

async function openSales(dialect: (typeof dialects)[number]) {
  const clock = new TestClock()
  const database = await openTestDatabase(dialect, { clock })
  const market = await openMarket(database, clock)
  const api = await startCommerceApi(database, clock)
  const post = async (url: string, who: Caller, body?: unknown) =>
    (await api.call('POST', url, who, body)).body as Record<string, string>
  return {
    clock,
    database,
    market,
    api,
    post,
    async buyCitrus() {
      const sessionId = await market.open()
      await market.tell('session.settled', settled(market, sessionId, { count: 1 }))
      return sessionId
    },
    async sellSurplus(channel: string, massKg: number) {
      const { noticeId } = await post('/api/surplus/notices', desk, {
        householdCode: householdCode(1),
        productName: '白菜',
        category: 'vegetable',
        massMg: massKg * 1_000_000,
        deadlineAtMs: clock.now() + 86_400_000,
      })
      const lines = [{ noticeId, massMg: massKg * 1_000_000 }]
      const order = { channel, buyerName: '帮扶单位', pricePerKgFen: 100, lines }
      const { orderId } = await post('/api/surplus/orders', desk, order)
      await post(`/api/surplus/orders/${orderId}/delivery`, ann)
    },
    read: async (query = '') => (await api.call('GET', `/api/sales${query}`, ann)).body as Record<string, unknown>,
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]()
      await database.close()
    },
  }
}

const history = {
  documentNumber: '渝北扶贫 2020-3',
  throughDay: '2026-02-28',
  note: '系统上线前的累计销售',
  rows: [{ amountFen: 60_000_000 }, { category: 'fruit', channel: 'unit_order', amountFen: 40_000_001 }],
}

describe.each(dialects)('sales on %s', (dialect) => {
  it('are summed by category and channel, surplus through its own channel, refunds taken off', async () => {
    await using sales = await openSales(dialect)
    const sessionId = await sales.buyCitrus()
    await sales.buyCitrus()
    await sales.sellSurplus('UNIT_ORDER', 1_000)
    await sales.sellSurplus('DEALER', 30)
    const lines = await sales.database.read((ctx) => rows(ctx.db.select().from(ctx.tables.saleLines)))
    const [line] = lines.filter((one) => one.sessionId === sessionId)
    const refund = { saleLineId: line?.saleLineId, amountFen: 100, reason: '果子坏了', idempotencyKey: 'refund-1' }
    await sales.post(`/api/sessions/${sessionId}/refunds`, ann, refund)

    const shown = await sales.read()

    const priceFen = line?.amountFen ?? 0
    expect(shown['rows']).toEqual([
      { category: 'fruit', channel: 'cabinet', soldFen: 2 * priceFen, takenBackFen: 100, netFen: 2 * priceFen - 100 },
      { category: 'vegetable', channel: 'dealer', soldFen: 3_000, takenBackFen: 0, netFen: 3_000 },
      { category: 'vegetable', channel: 'unit_order', soldFen: 100_000, takenBackFen: 0, netFen: 100_000 },
    ])
    expect(shown).toMatchObject({ soldFen: 2 * priceFen + 103_000, openings: [], openingFen: 0 })
  })

  it('are of the span asked for', async () => {
    await using sales = await openSales(dialect)
    await sales.sellSurplus('OTHER', 10)
    sales.clock.advance(86_400_000)
    const fromMs = sales.clock.now()
    await sales.sellSurplus('CABINET', 20)

    expect(await sales.read(`?fromMs=${fromMs}`)).toMatchObject({
      rows: [{ channel: 'cabinet', soldFen: 2_000 }],
      netFen: 2_000,
    })
    expect(await sales.read(`?beforeMs=${fromMs}`)).toMatchObject({ rows: [{ channel: 'other', soldFen: 1_000 }] })
  })

  it('before the books count beside the others when a second person has approved the document', async () => {
    await using sales = await openSales(dialect)
    await sales.sellSurplus('DEALER', 10)

    const entered = await sales.post('/api/sales/openings', ann, history)
    const waiting = await sales.read()
    const approval = { documentNumber: history.documentNumber }
    const alone = await sales.api.call('POST', '/api/sales/opening-approvals', ann, approval)
    await sales.post('/api/sales/opening-approvals', bob, approval)
    const inForce = await sales.read()

    expect(entered['rows']).toHaveLength(2)
    expect(waiting).toMatchObject({ openings: [], openingFen: 0 })
    expect(problem(alone)).toEqual({ code: 'sales.same_person' })
    expect(inForce).toMatchObject({
      soldFen: 1_000,
      netFen: 1_000,
      openingFen: 100_000_001,
      openings: [
        { ordinal: 1, amountFen: 60_000_000, approvedBy: bob.accountId },
        { ordinal: 2, category: 'fruit', channel: 'unit_order', documentNumber: history.documentNumber },
      ],
    })
    expect((inForce['openings'] as object[])[0]).not.toHaveProperty('category')
  })

  it('are refused from a document that is known, or of days to come', async () => {
    await using sales = await openSales(dialect)
    await sales.post('/api/sales/openings', ann, history)

    const again = await sales.api.call('POST', '/api/sales/openings', ann, history)
    const later = { ...history, documentNumber: '另一号', throughDay: '2026-03-02' }
    const tomorrow = await sales.api.call('POST', '/api/sales/openings', ann, later)
    const unknown = await sales.api.call('POST', '/api/sales/opening-approvals', bob, { documentNumber: '没有' })
    await sales.post('/api/sales/opening-approvals', bob, { documentNumber: history.documentNumber })
    const twice = await sales.api.call('POST', '/api/sales/opening-approvals', bob, {
      documentNumber: history.documentNumber,
    })

    expect(problem(again)).toEqual({ code: 'sales.document_known', field: 'documentNumber' })
    expect(problem(tomorrow)).toEqual({ code: 'sales.day_wrong', field: 'throughDay' })
    expect(problem(unknown)).toEqual({ code: 'sales.document_unknown' })
    expect(problem(twice)).toEqual({ code: 'sales.document_approved' })
  })
})
