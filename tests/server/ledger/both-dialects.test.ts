// SQLite and PostgreSQL keep the same books: seeded histories of sales, refunds, payouts and returns, run on both, give the
// same journal to the byte, and each is sound at every step and every past instant.
import { describe, expect, it } from 'vitest'
import { nextBelow, seededRandom } from '#shared/ids/random.ts'
import type { Random } from '#shared/ids/random.ts'
import { attributeSaleLines } from '#server/attribution/attribute-sale-lines.ts'
import { checkAttribution } from '#server/attribution/check-attribution.ts'
import { refundSaleLine } from '#server/attribution/refund-sale-line.ts'
import { ensureDefaultPlan } from '#server/attribution/revenue-plans.ts'
import type { Database, Work } from '#server/db/database.ts'
import { RefusalError } from '#server/errors/refusal.ts'
import { accountIdOf, namedAccounts } from '#server/ledger/account-kinds.ts'
import type { AccountId } from '#server/ledger/account-kinds.ts'
import { balanceAt, balanceOf } from '#server/ledger/balances.ts'
import { checkLedger } from '#server/ledger/check-ledger.ts'
import { exportJournal } from '#server/ledger/export-journal.ts'
import { journalFormats } from '#server/ledger/journal-formats.ts'
import { postTransfers } from '#server/ledger/post-transfers.ts'
import { reverseCause } from '#server/ledger/reverse-transfers.ts'
import { rollUpAccounts, rollupMarginMs } from '#server/ledger/roll-up.ts'
import { auditHledger } from '../../support/plain-auditor.ts'
import { seedLot } from '../../support/seed-lot.ts'
import { TestClock } from '../../support/test-clock.ts'
import { dialects, openTestDatabase } from '../../support/test-database.ts'

const households = ['5001121422010001', '5001121422010002', '5001121422010003']
const channel = accountIdOf('channel', 'wallet')
const steps = 60
const seeds = [1, 2, 3, 4]

const payout = (household: string, amountFen: number, id: string) => ({
  debit: accountIdOf('household', household),
  credit: namedAccounts.payouts,
  amountFen,
  cause: { kind: 'payout-line' as const, id },
  leg: 'out',
})

/** One step of a history, chosen by the seed; may be refused. */
function chooseStep(random: Random, step: number, lots: readonly string[]): Work<unknown> {
  const sold = `s${nextBelow(random, step + 1)}`
  const amountFen = 1 + nextBelow(random, 3000)
  const household = households[nextBelow(random, households.length)] ?? ''
  const choice = nextBelow(random, 10)
  if (choice < 5) {
    const line = {
      saleLineId: `s${step}`,
      amountFen,
      isCertified: amountFen % 2 === 0,
      lotId: lots[amountFen % lots.length],
    }
    return (ctx) => attributeSaleLines(ctx, { lines: [line], channel, soldAtMs: ctx.now() })
  }
  if (choice < 7)
    return (ctx) => refundSaleLine(ctx, { refundId: `r${step}`, saleLineId: sold, amountFen, reason: 'seeded' })
  if (choice < 9) return (ctx) => postTransfers(ctx, [payout(household, amountFen, `p${step}`)])
  return (ctx) => reverseCause(ctx, { kind: 'payout-line', id: `p${nextBelow(random, step + 1)}` }, 'returned')
}

interface History {
  readonly journal: string
  readonly outcomes: readonly string[]
}

async function play(database: Database, clock: TestClock, seed: number): Promise<History> {
  const random = seededRandom(seed)
  const accounts: AccountId[] = [channel, ...households.map((code) => accountIdOf('household', code))]
  const lots = await database.run(function* (ctx) {
    yield* ensureDefaultPlan(ctx)
    const weights = [[3_200_000, 1_750_000, 900_000], [1_000_000, 1_000_000], [7]]
    const made: string[] = []
    for (const row of weights) {
      const sources = Object.fromEntries(row.map((weight, index) => [households[index] ?? '', weight]))
      made.push((yield* seedLot(ctx, { sources, legalType: 'cooperative' })).lotId)
    }
    return made
  })
  const outcomes: string[] = []
  const seen: Array<{ atMs: number; balances: number[] }> = []
  for (let step = 0; step < steps; step += 1) {
    clock.advance(1 + nextBelow(random, 3_600_000))
    const work = chooseStep(random, step, lots)
    outcomes.push(
      await database.run(work).then(
        () => 'done',
        (error: unknown) => (error instanceof RefusalError ? error.code : Promise.reject(error)),
      ),
    )
    if (step % 20 === 19) await database.run((ctx) => rollUpAccounts(ctx, clock.now() - rollupMarginMs))
    seen.push({ atMs: clock.now(), balances: await balancesOf(database, accounts) })
  }
  for (const { atMs, balances } of seen) expect(await balancesOf(database, accounts, atMs)).toEqual(balances)
  expect((await database.read(checkLedger)).problems).toEqual([])
  expect(await database.read(checkAttribution)).toEqual([])
  const pieces: string[] = []
  await database.read((ctx) => exportJournal(ctx, journalFormats.hledger, (text) => pieces.push(text)))
  return { journal: pieces.join(''), outcomes }
}

function balancesOf(database: Database, accounts: readonly AccountId[], atMs?: number): Promise<number[]> {
  return database.read(function* (ctx) {
    const found: number[] = []
    for (const account of accounts)
      found.push(atMs === undefined ? yield* balanceOf(ctx, account) : yield* balanceAt(ctx, account, atMs))
    return found
  })
}

describe('a seeded history', () => {
  it.each(seeds)('gives the same books on both dialects, seed %i', { timeout: 60_000 }, async (seed) => {
    const histories: History[] = []
    for (const dialect of dialects) {
      const clock = new TestClock()
      await using database = await openTestDatabase(dialect, { clock, random: seededRandom(seed) })
      histories.push(await play(database, clock, seed))
    }

    const [sqlite, postgres] = histories
    expect(postgres).toEqual(sqlite)
    expect(auditHledger(sqlite?.journal ?? '').problems).toEqual([])
    // Households whose money is gone are among the refusals: the history does meet the rule it must not break.
    expect(new Set(sqlite?.outcomes)).toContain('ledger.balance_insufficient')
  })
})
