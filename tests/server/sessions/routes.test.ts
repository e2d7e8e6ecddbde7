import { describe, expect, it } from 'vitest'
import { walletPayments } from '#server/payments/wallet-payments.ts'
import { walletOf } from '#server/payments/wallets.ts'
import { openForRestock } from '#server/restock/open-for-restock.ts'
import { expireSessions } from '#server/sessions/expire-sessions.ts'
import { problem, startCommerceApi } from '#tests/support/commerce-api.ts'
import { noEvidence, openDeps, openMarket, settled, versions } from '#tests/support/market.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const stranger = { accountId: '01900000-0000-7000-8000-0000000000bb', roles: ['buyer'] } as const
const operator = { accountId: '01900000-0000-7000-8000-0000000000aa', roles: ['operator'] } as const
const nothing = { lines: [], reason: '柜机失联' }
const finance = { accountId: '01900000-0000-7000-8000-0000000000cc', roles: ['finance'] } as const

describe.each(dialects)('sessions and money over HTTP on %s', (dialect) => {
  it('open, settle, show a receipt to its buyer and to nobody else', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    await using api = await startCommerceApi(database)
    const buyer = { accountId: market.buyerId, roles: ['buyer'] } as const
    const opened = await api.call('POST', '/api/sessions', buyer, {
      cabinetCode: 'YB-0001',
      idempotencyKey: 'key-0001',
    })
    const { sessionId } = opened.body as { sessionId: string }
    expect(opened).toMatchObject({ status: 201, body: { state: 'authorised', heldFen: 10_000 } })
    expect(api.performed.map((effect) => effect.kind)).toEqual(['command', 'live'])
    const early = await api.call('GET', `/api/sessions/${sessionId}/receipt`, buyer)
    expect([early.status, problem(early)]).toEqual([404, { code: 'session.no_receipt' }])

    await market.tell('session.settled', settled(market, sessionId, { count: 1, massMg: 250_000 }))

    const receipt = await api.call('GET', `/api/sessions/${sessionId}/receipt`, buyer)
    expect(receipt).toMatchObject({
      status: 200,
      body: { totalFen: 1_280 + 249, lines: [{ count: 1 }, { massMg: 250_000 }] },
    })
    expect((await api.call('GET', `/api/sessions/${sessionId}/receipt`, stranger)).status).toBe(404)
    expect((await api.call('GET', '/api/sessions', stranger)).status).toBe(403)
    expect(await api.call('GET', '/api/me/sessions', buyer)).toMatchObject({ body: { rows: [{ sessionId }] } })
    expect(await api.call('GET', '/api/sessions?state=settled', finance)).toMatchObject({
      body: { rows: [{ sessionId }] },
    })
    expect(await api.call('GET', '/api/ledger/self-check', finance)).toMatchObject({ body: { isSound: true } })
  })

  it('show staff what a cabinet reported and no rule could use, page by page', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    await using api = await startCommerceApi(database)
    const unknown = ['01900000-0000-7000-8000-0000000000d1', '01900000-0000-7000-8000-0000000000d2']
    for (const sessionId of unknown) await market.tell('session.settled', settled(market, sessionId, { count: 1 }))
    const list = (query: string, who: typeof stranger | typeof finance = finance) =>
      api.call('GET', `/api/session-findings${query}`, who)

    const first = (await list('?limit=1')).body as { rows: unknown[]; nextCursor: string }
    const second = await list(`?limit=1&cursor=${first.nextCursor}`)
    const ofOne = await list(`?sessionId=${unknown[0]}`)

    expect(first.rows).toMatchObject([{ finding: 'unknown_session', sessionId: unknown[1], cabinetCode: 'YB-0001' }])
    expect(second.body).toMatchObject({ rows: [{ finding: 'unknown_session', sessionId: unknown[0] }] })
    expect(ofOne.body).toMatchObject({ rows: [{ sessionId: unknown[0] }] })
    expect((await list('', stranger)).status).toBe(403)
  })

  it('let a person give up the money held for a visit whose cabinet fell silent', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    await using api = await startCommerceApi(database)
    const sessionId = await market.open()
    const evidence = () => api.call('GET', `/api/sessions/${sessionId}/evidence`, operator)
    const running = await evidence()
    clock.advance(20 * 60_000)
    await market.tell('door.opened', { sessionId })
    clock.advance(20 * 60_000)
    await database.run((ctx) => expireSessions(ctx, walletPayments))

    const silent = await evidence()
    const decided = await api.call('POST', `/api/sessions/${sessionId}/review-decision`, operator, nothing)

    expect(running.body).toEqual({ sessionId })
    expect(silent.body).toMatchObject({ mostFen: 0 })
    expect(decided).toMatchObject({ status: 200, body: { totalFen: 0, flags: ['cabinet_silent', 'reviewed'] } })
    expect((await evidence()).body).not.toHaveProperty('mostFen')
    expect(await database.read((ctx) => walletOf(ctx, market.buyerId))).toEqual({ balanceFen: 50_000, heldFen: 0 })
  })

  it('take a decision about a restocking, which has no receipt', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    await using api = await startCommerceApi(database)
    const loads = [
      { laneId: 'L01', lotId: market.citrus.lotId, skuId: market.citrus.skuId, count: 1, isReplacement: false },
    ]
    const who = { accountId: 'keeper', accountName: 'keeper', idempotencyKey: 'restock-01' }
    const request = { ...who, cabinetCode: market.cabinetCode, loads }
    const { sessionId } = (await database.run((ctx) => openForRestock(ctx, openDeps, request))).session
    await market.tell('session.review', {
      sessionId,
      reason: 'ambiguous',
      detail: '',
      lowestLines: [],
      flags: [],
      versions,
      evidence: noEvidence,
    })

    const decided = await api.call('POST', `/api/sessions/${sessionId}/review-decision`, operator, nothing)

    expect(decided).toMatchObject({ status: 200, body: null })
    expect((await api.call('GET', `/api/sessions?state=settled`, finance)).body).toMatchObject({
      rows: [{ sessionId }],
    })
  })

  it('list sessions from either end, page by page', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    await using api = await startCommerceApi(database)
    const sold: string[] = []
    for (let sale = 0; sale < 3; sale += 1) {
      const sessionId = await market.open()
      await market.tell('session.settled', settled(market, sessionId, {}))
      sold.push(sessionId)
      clock.advance(1_000)
    }
    const idsOf = async (order: string) => {
      const ids: string[] = []
      let cursor: string | undefined
      do {
        const query = `?limit=2&order=${order}${cursor === undefined ? '' : `&cursor=${cursor}`}`
        const { body } = await api.call('GET', `/api/sessions${query}`, finance)
        const page = body as { rows: Array<{ sessionId: string }>; nextCursor?: string }
        ids.push(...page.rows.map(({ sessionId }) => sessionId))
        cursor = page.nextCursor
      } while (cursor !== undefined)
      return ids
    }

    expect(await idsOf('oldest')).toEqual(sold)
    expect(await idsOf('newest')).toEqual(sold.toReversed())
  })

  it('tops a wallet up once per reference, and only a wallet that there is', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    await using api = await startCommerceApi(database)
    const topUp = (accountId: string, amountFen: number) =>
      api.call('POST', `/api/wallets/${accountId}/top-ups`, finance, { amountFen, reference: 'bank 0001' })

    const first = await topUp(market.buyerId, 5_000)
    const again = await topUp(market.buyerId, 5_000)
    const other = await topUp(market.buyerId, 6_000)
    const nobody = await topUp(stranger.accountId, 5_000)

    expect(first).toMatchObject({ status: 201, body: { balanceFen: 55_000 } })
    expect(again.body).toEqual(first.body)
    expect([other.status, problem(other)]).toEqual([409, { code: 'ledger.cause_conflict' }])
    expect([nobody.status, problem(nobody)]).toEqual([404, { code: 'payment.wallet_unknown', field: 'accountId' }])
    const buyer = { accountId: market.buyerId, roles: ['buyer'] } as const
    expect(await api.call('GET', '/api/me/wallet', buyer)).toMatchObject({ body: { balanceFen: 55_000, heldFen: 0 } })
  })

  it('show the books by account, each entry with the other side', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    await using api = await startCommerceApi(database)
    const sessionId = await market.open()
    await market.tell('session.settled', settled(market, sessionId, { count: 1 }))

    const households = await api.call('GET', '/api/ledger/accounts?kind=household', finance)
    const wallet = encodeURIComponent(`wallet:${market.buyerId}`)
    const entries = await api.call('GET', `/api/ledger/accounts/${wallet}/entries?limit=2`, finance)

    expect(households).toMatchObject({
      body: { rows: [{ balanceFen: 149 }, { balanceFen: 299 }, { balanceFen: 448, normalSide: 'credit' }] },
    })
    const { rows, nextCursor } = entries.body as { rows: Array<{ causeKind: string }>; nextCursor?: string }
    expect(rows).toHaveLength(2)
    expect(nextCursor).toBeDefined()
    const nowhere = await api.call('GET', '/api/ledger/accounts/wallet%3Anobody/entries', finance)
    expect([nowhere.status, problem(nowhere)]).toEqual([404, { code: 'ledger.account_unknown' }])
  })

  it.each([
    ['cabinetCode', { cabinetCode: 'nonsense', idempotencyKey: 'key-0001' }],
    ['idempotencyKey', { cabinetCode: 'YB-0001', idempotencyKey: 'short' }],
  ])('refuse a bad %s and hold nothing', async (field, body) => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    await using api = await startCommerceApi(database)
    const buyer = { accountId: market.buyerId, roles: ['buyer'] } as const

    const refused = await api.call('POST', '/api/sessions', buyer, body)

    expect([refused.status, problem(refused)]).toEqual([422, { code: 'request.invalid', field }])
    expect(await api.call('GET', '/api/me/wallet', buyer)).toMatchObject({ body: { balanceFen: 50_000, heldFen: 0 } })
  })
})
