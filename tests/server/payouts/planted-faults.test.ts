// Each fault planted into the payouts is caught by the nightly proof, which names what is wrong.
import { and, eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { exec } from '#server/db/unit.ts'
import type { UnitContext } from '#server/db/unit.ts'
import { proveAtOnce } from '#server/ledger/proof.ts'
import { payoutProofs } from '#server/payouts/prove-payouts.ts'
import { householdOf, openPayoutWorld } from '#tests/support/payout-world.ts'
import { dialects } from '#tests/support/test-database.ts'

/** Of three lines the first is paid, the second refused, the third paid and returned. */
async function openPaid(dialect: (typeof dialects)[number]) {
  const world = await openPayoutWorld(dialect)
  const batch = await world.draft()
  await world.approve(batch.batchId)
  await world.export(batch.batchId)
  await world.answer(batch, { 1: 'PAID', 2: 'FAILED', 3: 'PAID' })
  await world.answer(batch, { 3: 'RETURNED' })
  return {
    world,
    batch,
    isFirst: ({ tables: { payoutAttempts: a } }: UnitContext) => and(eq(a.batchId, batch.batchId), eq(a.seq, 1)),
    problems: async () =>
      (await world.database.read((ctx) => proveAtOnce(ctx, payoutProofs))).flatMap(({ problems }) => problems),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  }
}

describe.each(dialects)('the proof of payouts on %s', (dialect) => {
  it('finds nothing in payouts as they were made', async () => {
    await using paid = await openPaid(dialect)

    expect(await paid.problems()).toEqual([])
  })

  it('catches one fen off, in the line and in the batch', async () => {
    await using paid = await openPaid(dialect)

    await paid.world.run(({ db, tables: { payoutAttempts: a } }) =>
      exec(
        db
          .update(a)
          .set({ amountFen: 10_001 })
          .where(eq(a.householdCode, householdOf(1))),
      ),
    )

    expect(await paid.problems()).toEqual([
      expect.stringMatching(/^attempt 1 of payout line .* is not booked as it says$/),
      expect.stringMatching(/^payout line .* is paid, and not booked so$/),
      `payout batch ${paid.batch.batchNo} does not sum to its lines`,
    ])
  })

  it('catches the wrong household, debited and given back to', async () => {
    await using paid = await openPaid(dialect)

    await paid.world.run(({ db, tables: { payoutAttempts: a } }) =>
      exec(
        db
          .update(a)
          .set({ householdCode: householdOf(9) })
          .where(eq(a.householdCode, householdOf(2))),
      ),
    )

    expect(await paid.problems()).toEqual([expect.stringMatching(/^payout line .* is failed, and not booked so$/)])
  })

  it('catches a line that the books lack', async () => {
    await using paid = await openPaid(dialect)

    await paid.world.run((ctx) =>
      exec(ctx.db.update(ctx.tables.payoutAttempts).set({ attempt: 2 }).where(paid.isFirst(ctx))),
    )

    expect(await paid.problems()).toEqual([
      expect.stringMatching(/^attempt 2 of payout line .* is not booked as it says$/),
      expect.stringMatching(/^payout line .* is paid, and not booked so$/),
    ])
  })

  it('catches a batch whose sum is off', async () => {
    await using paid = await openPaid(dialect)

    await paid.world.run(({ db, tables: { payoutBatches: b } }) => exec(db.update(b).set({ totalFen: 59_999 })))

    expect(await paid.problems()).toEqual([`payout batch ${paid.batch.batchNo} does not sum to its lines`])
  })

  it('catches money said to be given back that was not', async () => {
    await using paid = await openPaid(dialect)

    await paid.world.run((ctx) =>
      exec(ctx.db.update(ctx.tables.payoutAttempts).set({ outcome: 'returned' }).where(paid.isFirst(ctx))),
    )

    expect(await paid.problems()).toEqual([expect.stringMatching(/^payout line .* is returned, and not booked so$/)])
  })

  it('catches a line that forgot what the bank has answered', async () => {
    await using paid = await openPaid(dialect)

    await paid.world.run((ctx) =>
      exec(
        ctx.db.update(ctx.tables.payoutAttempts).set({ outcome: 'unanswered', isLive: true }).where(paid.isFirst(ctx)),
      ),
    )

    expect(await paid.problems()).toEqual([expect.stringMatching(/^payout line .* is unanswered, and not booked so$/)])
  })
})
