// Whatever order cabinets' reports, people's decisions and refunds come in: each session is billed once, no wallet falls below
// zero, and every balance equals its replay.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkAttribution } from '#server/attribution/check-attribution.ts'
import { rows } from '#server/db/unit.ts'
import { RefusalError } from '#server/errors/refusal.ts'
import { checkLedger } from '#server/ledger/check-ledger.ts'
import { walletPayments } from '#server/payments/wallet-payments.ts'
import { walletOf } from '#server/payments/wallets.ts'
import { decideReview } from '#server/sessions/decide-review.ts'
import { expireSessions } from '#server/sessions/expire-sessions.ts'
import { makeReceipt } from '#server/sessions/receipt.ts'
import { refundLine } from '#server/sessions/refund-line.ts'
import { noEvidence, openMarket, settled, takenLines, versions, type Market } from '#tests/support/market.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

type Move =
  | { readonly kind: 'open' | 'door' | 'not-opened' | 'silence' }
  | { readonly kind: 'settle' | 'review' | 'decide'; readonly session: number; readonly count: number }
  | { readonly kind: 'refund'; readonly session: number; readonly amountFen: number; readonly key: number }

const session = fc.integer({ min: 0, max: 3 })
const count = fc.integer({ min: 0, max: 12 })
const anyMove: fc.Arbitrary<Move> = fc.oneof(
  fc.record({ kind: fc.constantFrom('open' as const, 'door' as const, 'not-opened' as const, 'silence' as const) }),
  fc.record({ kind: fc.constantFrom('settle' as const, 'review' as const, 'decide' as const), session, count }),
  fc.record({
    kind: fc.constant('refund' as const),
    session,
    amountFen: fc.integer({ min: 1, max: 6_000 }),
    key: fc.integer({ min: 0, max: 4 }),
  }),
)

/** Plays one move; a rule's "no" is an outcome like any other. */
async function play(market: Market, clock: TestClock, sessions: string[], move: Move): Promise<void> {
  const { database } = market
  const latest = sessions.at(-1) ?? market.cabinetId
  switch (move.kind) {
    case 'open':
      sessions.push(await market.open())
      return
    case 'door':
      await market.tell('door.opened', { sessionId: latest })
      return
    case 'not-opened':
      await market.tell('session.not_opened', { sessionId: latest, outcome: 'NOT_OPENED', detail: '' })
      return
    case 'silence':
      clock.advance(20 * 60_000)
      await database.run((ctx) => expireSessions(ctx, walletPayments))
      return
    case 'refund':
      return await refund(market, sessions[move.session], move)
    default:
      return await report(market, sessions[move.session] ?? latest, move)
  }
}

async function report(market: Market, sessionId: string, move: Extract<Move, { count: number }>): Promise<void> {
  const taken = move.count === 0 ? {} : { count: move.count }
  if (move.kind === 'settle') {
    await market.tell('session.settled', settled(market, sessionId, taken))
  } else if (move.kind === 'review') {
    const lowestLines = takenLines(market, taken)
    const rest = { reason: 'ambiguous', detail: '', flags: [], versions, evidence: noEvidence } as const
    await market.tell('session.review', { sessionId, lowestLines, ...rest, flags: [] })
  } else {
    const lines = move.count === 0 ? [] : [{ laneId: 'L01', count: move.count }]
    await market.database.run((ctx) =>
      decideReview(ctx, walletPayments, { sessionId, lines, reason: 'decided', byAccountId: 'operator' }),
    )
  }
}

async function refund(market: Market, sessionId: string | undefined, move: Extract<Move, { kind: 'refund' }>) {
  if (sessionId === undefined) return
  const receipt = await market.database.read((ctx) => makeReceipt(ctx, sessionId))
  const saleLineId = receipt?.lines[0]?.saleLineId
  if (saleLineId === undefined) return
  const { amountFen, key } = move
  const request = { sessionId, saleLineId, amountFen, reason: 'any', idempotencyKey: `refund-${key}`, byAccountId: 'f' }
  await market.database.run((ctx) => refundLine(ctx, walletPayments, request))
}

/** Σ charged − Σ refunded over all sessions. */
async function netChargedFen({ database }: Market): Promise<number> {
  return await database.read(function* (ctx) {
    const { shoppingSessions: s, saleRefunds: r } = ctx.tables
    const charged = yield* rows(ctx.db.select({ fen: s.totalFen }).from(s))
    const refunded = yield* rows(ctx.db.select({ fen: r.amountFen }).from(r))
    const sum = (all: ReadonlyArray<{ fen: number | null }>) => all.reduce((total, { fen }) => total + (fen ?? 0), 0)
    return sum(charged) - sum(refunded)
  })
}

describe.each(dialects)('any interleaving of reports, decisions and refunds on %s', (dialect) => {
  it('bills each session once and keeps the books sound', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyMove, { minLength: 5, maxLength: 25 }), async (moves) => {
        const clock = new TestClock()
        await using database = await openTestDatabase(dialect, { clock })
        const market = await openMarket(database, clock)
        const sessions: string[] = []
        for (const move of moves) {
          await play(market, clock, sessions, move).catch((error: unknown) => {
            if (!(error instanceof RefusalError)) throw error
          })
          clock.advance(1_000)
        }

        const { balanceFen, heldFen } = await database.read((ctx) => walletOf(ctx, market.buyerId))
        expect(balanceFen).toBeGreaterThanOrEqual(0)
        expect(balanceFen + heldFen).toBe(50_000 - (await netChargedFen(market)))
        const problems = await database.read(function* (ctx) {
          return [...(yield* checkLedger(ctx)).problems, ...(yield* checkAttribution(ctx))]
        })
        expect(problems).toEqual([])
      }),
      { numRuns: dialect === 'sqlite' ? 40 : 10, seed: 20261125 },
    )
  }, 120_000)
})
