// Many cabinets, partitions, lost acknowledgements and buyers who show one pass wherever it opens: real journals, the agent's
// own verification and the server's own ingest, ledger and closing.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkAttribution } from '#server/attribution/check-attribution.ts'
import { sumOf } from '#server/db/expressions.ts'
import { one, rows } from '#server/db/unit.ts'
import { balanceOf } from '#server/ledger/balances.ts'
import { checkLedger } from '#server/ledger/check-ledger.ts'
import { closePasses } from '#server/offline-passes/close-passes.ts'
import { defaultPassSettings } from '#server/offline-passes/settings.ts'
import { walletPayments } from '#server/payments/wallet-payments.ts'
import { limits, openPassMarket, type PassMarket } from '#tests/support/pass-market.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { openTestDatabase } from '#tests/support/test-database.ts'

const cabinetCount = 6
const buyerCount = 5
const capFen = 4_000
const walletFen = 30_000

type Move =
  | { kind: 'show'; buyer: number; cabinet: number; count: number }
  | { kind: 'meet'; cabinet: number; isAckLost: boolean }
  | { kind: 'issue'; buyer: number }
  | { kind: 'wait'; minutes: number }

const cabinet = fc.nat(cabinetCount - 1)
const buyer = fc.nat(buyerCount - 1)
const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('show' as const), buyer, cabinet, count: fc.nat(4) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('meet' as const), cabinet, isAckLost: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('issue' as const), buyer }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('wait' as const), minutes: fc.integer({ min: 1, max: 400 }) }),
    },
  ),
  { minLength: 30, maxLength: 120 },
)

async function play(market: PassMarket, clock: TestClock, played: readonly Move[]): Promise<void> {
  const buyers = await Promise.all(
    Array.from({ length: buyerCount }, (_, index) => market.addBuyer(`guest-${index}`, walletFen)),
  )
  const codes = new Map<number, string>()
  let intents = 0
  const issue = async (index: number) => {
    intents += 1
    const pass = await market.issue(buyers[index] ?? '', capFen, `intent-${intents}`).catch(() => undefined)
    if (pass !== undefined) codes.set(index, pass.code)
  }
  for (let index = 0; index < buyerCount; index += 1) await issue(index)
  for (const move of played) {
    if (move.kind === 'wait') clock.advance(move.minutes * 60_000)
    else if (move.kind === 'issue') await issue(move.buyer)
    else if (move.kind === 'meet') await market.cabinets[move.cabinet]?.meetServer(move)
    else market.cabinets[move.cabinet]?.sell(codes.get(move.buyer) ?? '', move.count)
    for (const { journal } of market.cabinets) {
      const open = journal.openPassUses()
      expect(open.capFen).toBeLessThanOrEqual(limits.maxOpenFen)
      expect(open.sessions).toBeLessThanOrEqual(limits.maxOpenSessions)
    }
  }
  for (const one of market.cabinets) await one.meetServer()
}

describe('offline passes in a fleet that is often cut off', () => {
  it('are never spent twice beyond the bound, and every fen has its bearer', async () => {
    await fc.assert(
      fc.asyncProperty(moves, async (played) => {
        const clock = new TestClock()
        await using database = await openTestDatabase('sqlite', { clock })
        const market = await openPassMarket(database, clock, cabinetCount)

        await play(market, clock, played)

        const opened = market.cabinets.flatMap((one, at) => one.opened.map((sale) => ({ ...sale, at })))
        // A cabinet opens once for a pass.
        expect(new Set(opened.map(({ passId, at }) => `${passId} ${at}`)).size).toBe(opened.length)
        const intents = await database.read(({ db, tables: { paymentIntents: t } }) => rows(db.select().from(t)))
        const shortOf = new Map(intents.map(({ intentId, shortFen }) => [intentId, shortFen]))
        // In each of its absences a cabinet can lose what its configuration allows, and no more.
        for (const [at, one] of market.cabinets.entries()) {
          for (let absence = 0; absence <= one.absence; absence += 1) {
            const sales = opened.filter((sale) => sale.at === at && sale.absence === absence)
            const lostFen = sales.reduce((sum, { sessionId }) => sum + (shortOf.get(sessionId) ?? 0), 0)
            expect(lostFen).toBeLessThanOrEqual(limits.maxOpenFen)
          }
        }
        // Of each pass: charged up to its cap, short by exactly what was billed beyond it.
        let shortFen = 0
        for (const passId of new Set(opened.map((sale) => sale.passId))) {
          const billed = opened.filter((sale) => sale.passId === passId).map(({ billFen }) => Math.min(billFen, capFen))
          shortFen += Math.max(0, billed.reduce((sum, fen) => sum + fen, 0) - capFen)
        }
        const sold = await database.read(({ db, tables: { saleLines: t } }) =>
          one(db.select({ fen: sumOf(t.amountFen) }).from(t)),
        )
        expect(sold?.fen).toBe(opened.reduce((sum, { billFen }) => sum + Math.min(billFen, capFen), 0))
        expect(await database.read((ctx) => balanceOf(ctx, 'writeoff:offline-risk'))).toBe(0 - shortFen)
        clock.advance(defaultPassSettings.validMs + defaultPassSettings.graceMs + 1)
        await database.run((ctx) => closePasses(ctx, walletPayments, defaultPassSettings.graceMs))
        const problems = await database.read(function* (ctx) {
          return [...(yield* checkLedger(ctx)).problems, ...(yield* checkAttribution(ctx))]
        })
        expect(problems).toEqual([])
        expect(await database.read((ctx) => balanceOf(ctx, 'channel:wallet'))).toBe(0)
      }),
      { numRuns: 15, seed: 20_261_127, endOnFailure: true },
    )
  }, 120_000)
})
