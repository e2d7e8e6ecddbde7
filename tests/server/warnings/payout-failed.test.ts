// Payouts that do not arrive, one after the other, warn (domain.md, programme rules), whichever way the bank says so.
import { describe, expect, it } from 'vitest'
import { rows } from '#server/db/unit.ts'
import { reissueFailed } from '#server/payouts/reissue-failed.ts'
import { raiseWarnings } from '#server/warnings/raise-warnings.ts'
import { householdOf, openPayoutWorld, people } from '#tests/support/payout-world.ts'
import type { PayoutWorld } from '#tests/support/payout-world.ts'
import { dialects } from '#tests/support/test-database.ts'

async function send(world: PayoutWorld, batchId: string): Promise<void> {
  await world.approve(batchId)
  await world.export(batchId)
}

const warningsOf = ({ database }: PayoutWorld) =>
  database.read(({ db, tables: { warnings: w } }) =>
    rows(db.select({ rule: w.rule, householdCode: w.householdCode, evidence: w.evidence }).from(w)),
  )

describe.each(dialects)('payouts that fail on %s', (dialect) => {
  it('warn when one came back and the next was refused, and not when one was paid between', async () => {
    await using world = await openPayoutWorld(dialect, { households: 2 })
    const first = await world.draft()
    await send(world, first.batchId)
    await world.answer(first, { 1: 'PAID', 2: 'FAILED' })
    await world.answer(first, { 1: 'RETURNED' })
    await world.giveAccount(1, { turn: 1 })
    await world.giveAccount(2, { turn: 1 })
    const retry = await world.run((ctx) => reissueFailed(ctx, first.batchId, people.preparer))
    await send(world, retry.batchId)
    await world.answer(retry, { 1: 'PAID' })
    await world.earn(2, 500)
    await raiseWarnings(world.database)
    const before = await warningsOf(world)

    const second = await world.draft()
    await send(world, second.batchId)
    await world.answer(second, { 1: 'FAILED', 2: 'FAILED' })
    await raiseWarnings(world.database)
    await raiseWarnings(world.database)

    expect(before).toEqual([])
    expect(await warningsOf(world)).toMatchObject([
      {
        rule: 'PAYOUT_FAILED',
        householdCode: householdOf(1),
        evidence: [{ value: '100.00 元' }, { value: '2 次' }, {}],
      },
    ])
  })
})
