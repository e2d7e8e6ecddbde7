import { describe, expect, it } from 'vitest'
import { booksProofs } from '#server/ledger/check-books.ts'
import { proveInSlices } from '#server/ledger/proof.ts'
import { openMarket } from '#tests/support/market.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'
import { fuzzEvents } from './events.ts'

describe.each(dialects)('a cabinet that tells anything, on %s', (dialect) => {
  it('is heard to the end, and moves no fen that the books cannot explain', { timeout: 120_000 }, async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)

    const { flagged, sessions } = await fuzzEvents(market, {
      seed: 5,
      events: 600,
      beforeEach: () => clock.advance(1_000),
    })

    const proofs = await proveInSlices(database, booksProofs)
    expect(proofs.flatMap(({ problems }) => problems)).toEqual([])
    // Some events meant something and some did not: otherwise this run would show nothing.
    expect(sessions).toBeGreaterThan(10)
    expect(flagged).toBeGreaterThan(10)
  })
})
