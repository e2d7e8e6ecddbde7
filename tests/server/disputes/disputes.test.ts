// A buyer's word against a bill: raised once and in time, answered once by somebody else, refunded through the same graph.
import { describe, expect, it } from 'vitest'
import type { Dispute, SessionWeights } from '#shared/contracts/http/disputes.ts'
import type { Impact, Receipt } from '#shared/contracts/http/sessions.ts'
import { checkLedger } from '#server/ledger/check-ledger.ts'
import { type Caller, problem, startCommerceApi } from '#tests/support/commerce-api.ts'
import { openMarket, settled } from '#tests/support/market.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const finance = { accountId: '01900000-0000-7000-8000-0000000000c1', roles: ['finance'] } as const
const stranger = { accountId: '01900000-0000-7000-8000-0000000000c9', roles: ['buyer'] } as const

/** A settled session of two pieces whose weights are on record. */
async function buyTwo(dialect: (typeof dialects)[number]) {
  const clock = new TestClock()
  const database = await openTestDatabase(dialect, { clock })
  const market = await openMarket(database, clock)
  const api = await startCommerceApi(database, clock)
  const buyer = { accountId: market.buyerId, roles: ['buyer'] } as const
  const sessionId = await market.open()
  const bill = settled(market, sessionId, { count: 2 })
  const plateau = (levelMg: number) => ({ laneId: 'L01', levelMg, standardErrorMg: 400, sampleCount: 20 })
  const quiet = { laneId: 'L02', levelMg: 5_000_000, standardErrorMg: 400, sampleCount: 20 }
  await market.tell('session.settled', {
    ...bill,
    evidence: { ...bill.evidence, opening: [plateau(9_000_000), quiet], closing: [plateau(7_002_000), quiet] },
  })
  const path = `/api/sessions/${sessionId}`
  return {
    clock,
    database,
    buyer,
    sessionId,
    call: api.call.bind(api),
    raise: (who: typeof buyer | typeof stranger, complaint = '只拿了一份') =>
      api.call('POST', `${path}/dispute`, who, { complaint }),
    weights: async () => (await api.call('GET', `${path}/weights`, buyer)).body as SessionWeights,
    receipt: async () => (await api.call('GET', `${path}/receipt`, buyer)).body as Receipt,
    impact: async () => (await api.call('GET', '/api/me/impact', buyer)).body as Impact,
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]()
      await database.close()
    },
  }
}

describe.each(dialects)('a dispute on %s', (dialect) => {
  it('rests on the weights of the lanes that changed, and on no others', async () => {
    await using world = await buyTwo(dialect)

    const { lanes, disputeUntilMs } = await world.weights()

    expect(lanes).toEqual([
      {
        laneId: 'L01',
        name: '沃柑',
        beforeMg: 9_000_000,
        afterMg: 7_002_000,
        standardErrorMg: 566,
        amountFen: 2 * 1_280,
      },
    ])
    expect(disputeUntilMs).toBe((await world.receipt()).settledAtMs + 30 * 86_400_000)
  })

  it('is raised once, by the buyer only', async () => {
    await using world = await buyTwo(dialect)

    expect(problem(await world.raise(stranger)).code).toBe('session.unknown')
    const first = (await world.raise(world.buyer)).body as Dispute
    const again = (await world.raise(world.buyer, '别的话')).body as Dispute

    expect(again).toEqual(first)
    expect(first).toMatchObject({ complaint: '只拿了一份', totalFen: 2_560 })
    expect((await world.weights()).dispute).toEqual(first)
  })

  it('is about a session that staff see too, once they have the second factor their role demands', async () => {
    await using world = await buyTwo(dialect)
    const look = async (who: Caller, what: string) =>
      (await world.call('GET', `/api/sessions/${world.sessionId}${what}`, who)).status
    const parts = ['', '/receipt', '/receipt/proofs', '/weights']

    const seen = await Promise.all(parts.map((what) => look(finance, what)))
    const unseen = await Promise.all(parts.map((what) => look({ ...finance, mustAddSecondFactor: true }, what)))

    expect(seen).toEqual([200, 200, 200, 200])
    expect(unseen).toEqual([404, 404, 404, 404])
  })

  it('is too late after thirty days', async () => {
    await using world = await buyTwo(dialect)
    world.clock.advance(30 * 86_400_000 + 60_000)

    expect(problem(await world.raise(world.buyer)).code).toBe('dispute.too_late')
  })

  it('gives money back with its answer, once, and the books stay sound', async () => {
    await using world = await buyTwo(dialect)
    const { disputeId } = (await world.raise(world.buyer)).body as Dispute
    const [line] = (await world.receipt()).lines
    const before = await world.impact()
    const body = { answer: '看过称重曲线，少收一份', refunds: [{ saleLineId: line?.saleLineId, amountFen: 1_280 }] }

    const answered = await world.call('POST', `/api/disputes/${disputeId}/answer`, finance, body)
    const twice = await world.call('POST', `/api/disputes/${disputeId}/answer`, finance, body)

    expect(answered.body).toMatchObject({ refundedFen: 1_280, answer: body.answer })
    expect(problem(twice).code).toBe('dispute.answered')
    expect((await world.weights()).refunds).toMatchObject([{ amountFen: 1_280, reason: body.answer }])
    expect((await world.database.read(checkLedger)).problems).toEqual([])
    const after = await world.impact()
    expect(after.spentFen).toBe(before.spentFen - 1_280)
    expect(after.householdsFen).toBeLessThan(before.householdsFen)
  })

  it('gives nothing back when one of its refunds is refused', async () => {
    await using world = await buyTwo(dialect)
    const { disputeId } = (await world.raise(world.buyer)).body as Dispute
    const [line] = (await world.receipt()).lines
    const refunds = [{ saleLineId: line?.saleLineId, amountFen: 999_999 }]

    const answered = await world.call('POST', `/api/disputes/${disputeId}/answer`, finance, {
      answer: '退一份的钱',
      refunds,
    })

    expect(answered.status).toBeGreaterThanOrEqual(400)
    expect((await world.weights()).refunds).toEqual([])
    expect((await world.weights()).dispute?.answer).toBeUndefined()
  })

  it('is among the open ones until it is answered', async () => {
    await using world = await buyTwo(dialect)
    const { disputeId } = (await world.raise(world.buyer)).body as Dispute
    const listed = async (isOpen: boolean) =>
      ((await world.call('GET', `/api/disputes?isOpen=${isOpen}`, finance)).body as { rows: Dispute[] }).rows.length

    expect([await listed(true), await listed(false)]).toEqual([1, 0])
    await world.call('POST', `/api/disputes/${disputeId}/answer`, finance, { answer: '称重无误', refunds: [] })
    expect([await listed(true), await listed(false)]).toEqual([0, 1])
  })

  it('shows a buyer which villages earned, and a stranger nothing', async () => {
    await using world = await buyTwo(dialect)

    const { purchases, spentFen, villages, householdsFen, households } = await world.impact()

    expect({ purchases, spentFen }).toEqual({ purchases: 1, spentFen: 2_560 })
    expect(villages).toEqual([{ villageName: '青龙村', townName: '大盛镇', households, amountFen: householdsFen }])
    expect((await world.call('GET', '/api/me/impact', stranger)).body).toMatchObject({ purchases: 0, villages: [] })
    expect((await world.call('GET', `/api/sessions/${world.sessionId}/weights`, stranger)).status).toBe(404)
  })
})
