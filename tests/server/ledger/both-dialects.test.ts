// SQLite and PostgreSQL keep the same books: seeded histories of sales, refunds, distributions, payouts, bank answers and
// returns, run on both, agree to the hash; each is sound, at every past instant too, and pays no fen twice.
import { describe, expect, it } from 'vitest'
import { seededRandom } from '#shared/ids/random.ts'
import { checkAttribution } from '#server/attribution/check-attribution.ts'
import type { Database } from '#server/db/database.ts'
import type { AccountId } from '#server/ledger/account-kinds.ts'
import { balanceAt } from '#server/ledger/balances.ts'
import { checkLedger } from '#server/ledger/check-ledger.ts'
import { exportJournal } from '#server/ledger/export-journal.ts'
import { journalFormats } from '#server/ledger/journal-formats.ts'
import { incomeAndPaid, playHistories } from '../../support/money-histories.ts'
import type { PlayedHistories } from '../../support/money-histories.ts'
import { auditHledger } from '../../support/plain-auditor.ts'
import { TestClock } from '../../support/test-clock.ts'
import { dialects, openTestDatabase } from '../../support/test-database.ts'

const steps = 16
/** Every so many households are followed through every instant; all are in the hash. */
const followedEvery = 15

/** The histories of one database: 1…75, 101…175 and so on, three hundred in all. */
const batches = [0, 100, 200, 300].map((first) => Array.from({ length: 75 }, (_, index) => first + index + 1))

async function expectSound(database: Database, { snapshots }: PlayedHistories): Promise<void> {
  expect((await database.read(checkLedger)).problems).toEqual([])
  expect(await database.read(checkAttribution)).toEqual([])
  for (const { balances } of snapshots) expect(Math.min(...balances.values())).toBeGreaterThanOrEqual(0)
  const last = snapshots.at(-1)?.balances ?? new Map<AccountId, number>()
  const followed = [...last.keys()].filter((_, index) => index % followedEvery === 0)
  await database.read(function* (ctx) {
    for (const household of followed) {
      for (const { atMs, balances } of snapshots)
        expect(yield* balanceAt(ctx, household, atMs)).toBe(balances.get(household) ?? 0)
      const { incomeFen, paidFen } = yield* incomeAndPaid(ctx, household)
      expect(paidFen).toBeGreaterThanOrEqual(0)
      expect(incomeFen - paidFen).toBe(last.get(household))
    }
  })
}

async function journalOf(database: Database): Promise<string> {
  const pieces: string[] = []
  await database.read((ctx) => exportJournal(ctx, journalFormats.hledger, (text) => pieces.push(text)))
  return pieces.join('')
}

describe('seeded histories', () => {
  it.each(batches)('give the same books on both dialects, seeds %i and on', { timeout: 240_000 }, async (...seeds) => {
    const played: PlayedHistories[] = []
    for (const dialect of dialects) {
      const clock = new TestClock()
      await using database = await openTestDatabase(dialect, { clock, random: seededRandom(1) })
      const histories = await playHistories(database, clock, { seeds, steps })
      await expectSound(database, histories)
      expect(auditHledger(await journalOf(database)).problems).toEqual([])
      played.push(histories)
    }

    const [sqlite, postgres] = played
    expect(postgres?.outcomes).toEqual(sqlite?.outcomes)
    expect(postgres?.hash).toBe(sqlite?.hash)
    // Histories do meet the rules that they must not break.
    const outcomes = new Set(sqlite?.outcomes.flat())
    for (const code of ['done', 'ledger.balance_insufficient', 'attribution.refund_exceeds', 'ledger.cause_unknown'])
      expect(outcomes).toContain(code)
  })
})
