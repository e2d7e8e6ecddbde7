import { describe, expect, it } from 'vitest'
import { ensureDefaultPlan } from '#server/attribution/revenue-plans.ts'
import { checkLedger } from '#server/ledger/check-ledger.ts'
import { walletPayments } from '#server/payments/wallet-payments.ts'
import { walletOf } from '#server/payments/wallets.ts'
import { decideReview } from '#server/sessions/decide-review.ts'
import { expireSessions } from '#server/sessions/expire-sessions.ts'
import { findEvidence } from '#server/sessions/find-evidence.ts'
import { makeReceipt } from '#server/sessions/receipt.ts'
import { refundLine } from '#server/sessions/refund-line.ts'
import { findSession } from '#server/sessions/store.ts'
import { noEvidence, openMarket, settled, takenLines, versions, type Market } from '#tests/support/market.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const wallet = ({ database, buyerId }: Market) => database.read((ctx) => walletOf(ctx, buyerId))

async function openInReview(market: Market, count = 2): Promise<string> {
  const sessionId = await market.open()
  await market.tell('session.review', {
    sessionId,
    reason: 'ambiguous',
    detail: 'two pieces or three',
    lowestLines: takenLines(market, { count }),
    flags: [],
    versions,
    evidence: noEvidence,
  })
  return sessionId
}

describe.each(dialects)('a session in review on %s', (dialect) => {
  it('keeps the money held and shows its evidence', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)

    const sessionId = await openInReview(market)

    expect(await database.read(() => findSession(sessionId))).toMatchObject({ state: 'review', reason: 'ambiguous' })
    expect(await wallet(market)).toEqual({ balanceFen: 40_000, heldFen: 10_000 })
    expect(await database.read((ctx) => findEvidence(ctx, sessionId))).toMatchObject({ evidence: noEvidence, versions })
  })

  it.each([
    [{ count: 2 }, 2_560],
    [{ count: 1 }, 1_280],
    [{}, 0],
  ])('is settled by a person at %o', async (taken, totalFen) => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const sessionId = await openInReview(market)
    const lines = takenLines(market, taken).map(({ laneId, count }) => ({ laneId, count }))

    await database.run((ctx) =>
      decideReview(ctx, walletPayments, { sessionId, lines, reason: 'seen on the scale', byAccountId: 'operator' }),
    )

    expect(await wallet(market)).toEqual({ balanceFen: 50_000 - totalFen, heldFen: 0 })
    const receipt = await database.read((ctx) => makeReceipt(ctx, sessionId))
    expect(receipt).toMatchObject({ totalFen, flags: ['reviewed'] })
  })

  it('is settled at the money held when the least that was taken costs more, and not with more goods', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const sessionId = await openInReview(market, 8)
    const decide = (count: number) =>
      database.run((ctx) =>
        decideReview(ctx, walletPayments, {
          sessionId,
          lines: [{ laneId: 'L01', count }],
          reason: 'seen on the scale',
          byAccountId: 'operator',
        }),
      )

    expect(await database.read((ctx) => findEvidence(ctx, sessionId))).toMatchObject({ mostFen: 10_240 })
    await expect(decide(9)).rejects.toMatchObject({ code: 'session.decision_too_high', facts: { lowestFen: 10_000 } })
    await decide(8)

    expect(await wallet(market)).toEqual({ balanceFen: 40_000, heldFen: 0 })
    expect(await database.read(() => findSession(sessionId))).toMatchObject({ totalFen: 10_000, shortfallFen: 240 })
  })

  it('is never decided upwards, twice, or on a lane that is none', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const sessionId = await openInReview(market)
    const decide = (laneId: string, count: number) =>
      database.run((ctx) =>
        decideReview(ctx, walletPayments, {
          sessionId,
          lines: [{ laneId, count }],
          reason: 'seen on the scale',
          byAccountId: 'operator',
        }),
      )

    await expect(decide('L01', 3)).rejects.toMatchObject({ code: 'session.decision_too_high', field: 'lines' })
    await expect(decide('L09', 1)).rejects.toMatchObject({ code: 'session.lane_unknown', field: 'lines.0.laneId' })
    expect(await wallet(market)).toEqual({ balanceFen: 40_000, heldFen: 10_000 })
    await decide('L01', 1)
    await expect(decide('L01', 1)).rejects.toMatchObject({ code: 'session.not_in_review' })
  })
})

describe.each(dialects)('a report that no plan could split on %s', (dialect) => {
  it('is kept, and a person settles what was reported once there is a plan', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock, { hasPlan: false })
    const sessionId = await market.open()
    const commandId = '01900000-0000-7000-8000-000000000009'
    await market.tell('session.started', { sessionId, kind: 'sale', commandId, versions, opening: [] })
    const { flags } = await market.tell('session.settled', settled(market, sessionId, { count: 2 }))
    expect(flags).toEqual(['attribution.plan_missing'])
    clock.advance(20 * 60_000)
    await database.run((ctx) => expireSessions(ctx, walletPayments))
    expect(await wallet(market)).toEqual({ balanceFen: 40_000, heldFen: 10_000 })
    await database.run(ensureDefaultPlan)
    const decide = (count: number) =>
      database.run((ctx) =>
        decideReview(ctx, walletPayments, {
          sessionId,
          lines: [{ laneId: 'L01', count }],
          reason: 'as reported',
          byAccountId: 'operator',
        }),
      )

    await expect(decide(3)).rejects.toMatchObject({ code: 'session.decision_too_high' })
    await decide(2)

    expect(await wallet(market)).toEqual({ balanceFen: 50_000 - 2_560, heldFen: 0 })
  })
})

describe.each(dialects)('refunding a line on %s', (dialect) => {
  async function sell(market: Market) {
    const sessionId = await market.open()
    await market.tell('session.settled', settled(market, sessionId, { count: 2 }))
    const receipt = await market.database.read((ctx) => makeReceipt(ctx, sessionId))
    return { sessionId, saleLineId: receipt?.lines[0]?.saleLineId ?? '' }
  }

  it('gives the money back once per key, and the books stay sound', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const sold = await sell(market)
    const refund = { ...sold, amountFen: 1_280, reason: 'bruised', idempotencyKey: 'refund-01', byAccountId: 'finance' }

    const first = await database.run((ctx) => refundLine(ctx, walletPayments, refund))
    const again = await database.run((ctx) => refundLine(ctx, walletPayments, refund))

    expect(again).toEqual(first)
    expect(await wallet(market)).toEqual({ balanceFen: 50_000 - 1_280, heldFen: 0 })
    expect((await database.read(checkLedger)).problems).toEqual([])
  })

  it('never gives back more than was charged, and names the field', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const sold = await sell(market)
    const refund = { ...sold, amountFen: 2_561, reason: 'bruised', idempotencyKey: 'refund-01', byAccountId: 'finance' }

    const refused = database.run((ctx) => refundLine(ctx, walletPayments, refund))

    await expect(refused).rejects.toMatchObject({ code: 'session.refund_exceeds', field: 'amountFen' })
    const foreign = database.run((ctx) => refundLine(ctx, walletPayments, { ...refund, saleLineId: market.cabinetId }))
    await expect(foreign).rejects.toMatchObject({ code: 'session.sale_line_unknown', field: 'saleLineId' })
    expect(await wallet(market)).toEqual({ balanceFen: 50_000 - 2_560, heldFen: 0 })
  })
})
