// No interleaving of sales, refunds, reversals, account changes, drafts, notices, objections, signatures, files, answers of the
// bank, follow-ups and settlements pays a fen twice or loses one. Each step is one use case, taken when the draw says so and refused
// where nothing allows it; after every step what a household was paid and is owed adds up to what it earned, money in transit is
// that of lines in transit, and the proofs of ledger and payouts hold.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkLedger } from '#server/ledger/check-ledger.ts'
import { proveAtOnce } from '#server/ledger/proof.ts'
import { findPayoutProblems } from '#server/payouts/check-payouts.ts'
import { payoutProofs } from '#server/payouts/prove-payouts.ts'
import type { BankResult } from '#server/payouts/rules.ts'
import { households, names, take } from '#tests/support/payout-steps.ts'
import type { Draw, Run, UseCase } from '#tests/support/payout-steps.ts'
import { attemptsOf, linesOf, openPayoutWorld, type PayoutWorld } from '#tests/support/payout-world.ts'
import { dialects } from '#tests/support/test-database.ts'

const drawn: fc.Arbitrary<Draw> = fc.record({
  name: fc.oneof({ weight: 1, arbitrary: fc.constantFrom(...names) }, { weight: 2, arbitrary: fc.constant(undefined) }),
  pick: fc.nat(5),
  serial: fc.constantFrom(...households),
  fen: fc.integer({ min: 1, max: 5_000 }),
  result: fc.constantFrom<BankResult>('PAID', 'PAID', 'FAILED', 'UNKNOWN', 'RETURNED'),
})

/** Every fen a household earned is on its account, in transit or paid by the bank, and only once. */
async function prove({ world, batches, earnedFen }: Run<PayoutWorld>): Promise<void> {
  for (const serial of households) {
    const lines = await linesOf(world, serial)
    const out = lines.filter(({ state }) => ['exported', 'unknown', 'paid'].includes(state))
    const owed = await world.balance(serial)
    expect(owed + out.reduce((sum, { amountFen }) => sum + amountFen, 0)).toBe(earnedFen.get(serial))
    expect(owed).toBeGreaterThanOrEqual(0)
  }
  const out = new Set<string>()
  for (const batchId of batches)
    for (const { lineId, outcome } of await attemptsOf(world, batchId)) {
      if (!['exported', 'unknown', 'paid'].includes(outcome)) continue
      expect(out).not.toContain(lineId)
      out.add(lineId)
    }
  const proofs = await world.database.read((ctx) => proveAtOnce(ctx, payoutProofs))
  expect(proofs.flatMap(({ problems }) => problems)).toEqual([])
  expect((await world.database.read(findPayoutProblems)).problems).toEqual([])
  expect((await world.database.read(checkLedger)).problems).toEqual([])
}

describe.each(dialects)('payouts in any order on %s', (dialect) => {
  it('pay no fen twice and lose none', async () => {
    const done = new Set<UseCase>()
    const everyStep = fc.array(drawn, { minLength: 30, maxLength: 60, size: 'max' })
    const play = async (steps: Draw[]) => {
      await using world = await openPayoutWorld(dialect, { maxRowsPerFile: 2 })
      const earnedFen = new Map(households.map((serial) => [serial, 10_000 * serial]))
      const run: Run<PayoutWorld> = { world, batches: [], earnedFen, sales: [], proposals: [], turn: 0 }
      for (const draw of steps) {
        const name = await take(run, draw)
        if (name !== undefined) done.add(name)
        await prove(run)
      }
    }

    await fc.assert(fc.asyncProperty(everyStep, play), { numRuns: dialect === 'sqlite' ? 40 : 4, seed: 20_260_301 })

    // A use case that is always refused would prove nothing; a few draws on PostgreSQL do not reach them all.
    const neverDone = dialect === 'sqlite' ? names.filter((name) => !done.has(name)) : []
    expect(neverDone).toEqual([])
  }, 300_000)
})
