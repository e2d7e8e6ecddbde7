// Dividends are paid in batches of the kind of income that they count as, which a paper may change (domain.md, income kinds). What
// is booked keeps its kind: a paper dated back pays nothing twice.
import { describe, expect, it } from 'vitest'
import { reverseDistribution } from '#server/distributions/reverse-distribution.ts'
import { setMapping } from '#server/incomes/income-mapping.ts'
import { explainLine } from '#server/payouts/explain-line.ts'
import { landOnly, noDeductions } from '#tests/support/distribution-terms.ts'
import { openPayoutWorld, people } from '#tests/support/payout-world.ts'
import type { PayoutWorld } from '#tests/support/payout-world.ts'
import { dayMs, memberCode, openUnion, runSecond } from '#tests/support/share-union.ts'
import { dialects } from '#tests/support/test-database.ts'

const householdCodes = [memberCode(1), memberCode(2)]

async function openCollective(world: PayoutWorld): Promise<string> {
  const { database, clock } = world
  const terms = { ...noDeductions, classes: landOnly, second: { rateBp: 500, split: 'equal' as const } }
  const union = { terms, landMilli: [1, 1, 1, 1, 1], balanceFen: 500_000 }
  const organisationId = await openUnion(database, clock.now(), union)
  for (const [index, householdCode] of householdCodes.entries())
    await world.giveAccount(index + 1, { householdCode, turn: 7 })
  return organisationId
}

const countAsTransfer = (world: PayoutWorld, effectiveFromMs: number) =>
  world.run((ctx) =>
    setMapping(ctx, {
      source: 'second-distribution',
      incomeKind: 'TRANSFER',
      documentNumber: '渝 1 号',
      effectiveFromMs,
      byAccountId: 'admin',
    }),
  )

/** What a draft of each kind would pay now, fen. */
async function dueByKind(world: PayoutWorld): Promise<Record<string, number>> {
  const due: Record<string, number> = {}
  for (const incomeKind of ['OPERATING', 'PROPERTY', 'WAGE', 'TRANSFER'] as const) {
    const { totalFen } = await world.draft({ incomeKind, scopePrefix: memberCode(1).slice(0, 12) })
    if (totalFen > 0) due[incomeKind] = totalFen
  }
  return due
}

async function pay(world: PayoutWorld, incomeKind: 'PROPERTY' | 'TRANSFER') {
  const batch = await world.draft({ incomeKind, scopePrefix: memberCode(1).slice(0, 12) })
  await world.approve(batch.batchId)
  await world.export(batch.batchId)
  await world.answer(batch, { 1: 'PAID', 2: 'PAID' })
  return batch
}

describe.each(dialects)('dividends on %s', (dialect) => {
  it('of a second distribution are paid as property by themselves', async () => {
    await using world = await openPayoutWorld(dialect, { households: 0 })
    const organisationId = await openCollective(world)

    await runSecond(world.database, world.clock, { organisationId, title: '2025', householdCodes })

    expect(await dueByKind(world)).toEqual({ PROPERTY: 5_000 })
  })

  it('are paid as a transfer when a paper says so, each with its own explanation', async () => {
    await using world = await openPayoutWorld(dialect, { households: 0 })
    const organisationId = await openCollective(world)
    await countAsTransfer(world, world.clock.now())
    const planId = await runSecond(world.database, world.clock, { organisationId, title: '2025', householdCodes })

    const batch = await pay(world, 'TRANSFER')

    expect(batch).toMatchObject({ totalFen: 5_000, lineCount: 2 })
    expect(batch.batchNo).toMatch(/^T-/)
    const lineId = `${batch.batchNo}-0000001`
    const explained = await world.database.read((ctx) => explainLine(ctx, batch.batchId, lineId, { limit: 10 }))
    expect(explained).toMatchObject({ amountFen: 2_500, carriedInFen: 0, heldBackFen: 0 })
    expect(explained.rows.map((row) => row.transferId)).toEqual([expect.stringContaining(planId)])
    expect(await dueByKind(world)).toEqual({})
  })

  it('keep the kind they were paid as when a paper is dated back before them', async () => {
    await using world = await openPayoutWorld(dialect, { households: 0 })
    const organisationId = await openCollective(world)
    await runSecond(world.database, world.clock, { organisationId, title: '2025', householdCodes })
    await pay(world, 'PROPERTY')
    world.clock.advance(dayMs)

    await countAsTransfer(world, world.clock.now() - 100 * dayMs)

    expect(await dueByKind(world)).toEqual({})
    await runSecond(world.database, world.clock, { organisationId, title: '2026', householdCodes })
    expect(await dueByKind(world)).toEqual({ TRANSFER: 5_000 })
  })

  it('are owed in no kind any more once their distribution is taken back', async () => {
    await using world = await openPayoutWorld(dialect, { households: 0 })
    const organisationId = await openCollective(world)
    await countAsTransfer(world, world.clock.now())
    const planId = await runSecond(world.database, world.clock, { organisationId, title: '2025', householdCodes })

    await world.run((ctx) => reverseDistribution(ctx, { planId, byAccountId: people.approver, reason: '算错' }))

    expect(await dueByKind(world)).toEqual({})
  })
})
