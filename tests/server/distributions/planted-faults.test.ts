// Each fault planted into the books of a distribution is caught by the nightly proof, which names the line.
import { describe, expect, it } from 'vitest'
import { seededRandom } from '#shared/ids/random.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { distributionProofs } from '#server/distributions/check-distributions.ts'
import { publishDistribution, recordResolution } from '#server/distributions/decide-distribution.ts'
import { draftDistribution } from '#server/distributions/draft-distribution.ts'
import { reverseDistribution } from '#server/distributions/reverse-distribution.ts'
import { runDistribution } from '#server/distributions/run-distribution.ts'
import { accountIdOf, namedAccounts } from '#server/ledger/account-kinds.ts'
import { postTransfers } from '#server/ledger/post-transfers.ts'
import { proveAtOnce } from '#server/ledger/proof.ts'
import { landOnly, noDeductions } from '#tests/support/distribution-terms.ts'
import { forgeRows } from '#tests/support/forge-rows.ts'
import { dayMs, memberCode, openUnion } from '#tests/support/share-union.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, makeDatabasePlace } from '#tests/support/test-database.ts'

/** 3.00 yuan over two households, run and taken back when the second has been paid 0.50 of its 2.00. */
async function openReversed(dialect: (typeof dialects)[number]) {
  const clock = new TestClock()
  const place = await makeDatabasePlace(dialect)
  const database = await openDatabase({ url: place.url, clock, random: seededRandom(1) })
  const terms = { ...noDeductions, classes: landOnly }
  const organisationId = await openUnion(database, clock.now(), { terms, landMilli: [1, 2], balanceFen: 300 })
  const period = { periodFromMs: clock.now() - dayMs, periodToMs: clock.now(), atMs: clock.now() }
  const figures = { incomeFen: 300, lossesFen: 0, documentNumber: '决算' }
  const request = { organisationId, template: 'SHARE' as const, title: '分红', ...period, ...figures }
  const { planId } = await database.run((ctx) => draftDistribution(ctx, request, 'ann'))
  const meetingAtMs = clock.now() + 10 * dayMs
  await database.run((ctx) => publishDistribution(ctx, { planId, meetingAtMs, publishedBy: 'ann' }))
  clock.advance(10 * dayMs)
  const vote = { resolutionNumber: '1', presentCount: 2, votesFor: 2, votesAgainst: 0, isAdopted: true }
  await database.run((ctx) => recordResolution(ctx, planId, { ...vote, resolvedBy: 'ann' }))
  await database.run((ctx) => runDistribution(ctx, planId, 'bob'))
  const debit = accountIdOf('household', memberCode(2))
  const cause = { kind: 'payout-line', id: 'P-1' } as const
  await database.run((ctx) =>
    postTransfers(ctx, [{ debit, credit: namedAccounts.payouts, amountFen: 50, cause, leg: 'out' }]),
  )
  await database.run((ctx) => reverseDistribution(ctx, { planId, byAccountId: 'bob', reason: '决算有误' }))
  return {
    /** Runs statements behind the product's back, and says what the proof finds then. */
    async findAfter(table: string, ...statements: string[]) {
      if (statements.length > 0) await forgeRows(place.url, table, statements)
      const proofs = await database.read((ctx) => proveAtOnce(ctx, distributionProofs))
      return proofs.flatMap(({ problems }) => problems).map((problem) => problem.replaceAll(planId, 'P'))
    },
    async [Symbol.asyncDispose]() {
      await database.close()
      await place[Symbol.asyncDispose]()
    },
  }
}

const second = "id like 'distribution-line:%.1:"

describe.each(dialects)('the proof of distributions on %s', (dialect) => {
  it('finds nothing in a run and its reversal as they were made', async () => {
    await using books = await openReversed(dialect)

    expect(await books.findAfter('ledger_transfer')).toEqual([])
  })

  it('catches the wrong household credited', async () => {
    await using books = await openReversed(dialect)
    const first = accountIdOf('household', memberCode(1))

    const found = await books.findAfter(
      'ledger_transfer',
      `update ledger_transfer set credit_account_id = '${first}' where ${second}run'`,
    )

    expect(found).toEqual(['line 1 of distribution P is not booked as it says'])
  })

  it('catches the wrong household credited by run and books alike', async () => {
    await using books = await openReversed(dialect)
    const first = accountIdOf('household', memberCode(1))
    await books.findAfter(
      'ledger_transfer',
      `update ledger_transfer set credit_account_id = '${first}' where ${second}run'`,
    )

    const found = await books.findAfter(
      'distribution_booking',
      `update distribution_booking set account_id = '${first}' where ordinal = 1 and amount_fen > 0`,
    )

    expect(found).toContain('line 1 of distribution P is not the one of its plan')
  })

  it('catches one fen off', async () => {
    await using books = await openReversed(dialect)

    const found = await books.findAfter(
      'ledger_transfer',
      `update ledger_transfer set amount_fen = 199 where ${second}run'`,
    )

    expect(found).toEqual(['line 1 of distribution P is not booked as it says'])
  })

  it('catches a line missing from a run', async () => {
    await using books = await openReversed(dialect)

    const found = await books.findAfter(
      'distribution_booking',
      `delete from distribution_booking where ordinal = 1 and amount_fen > 0`,
    )

    expect(found).toEqual([expect.stringMatching(/^run .* does not sum to its plan P$/)])
  })

  it('catches a reversal that took back another sum than it says, or left a line out', async () => {
    await using books = await openReversed(dialect)

    const borne = await books.findAfter(
      'ledger_transfer',
      `update ledger_transfer set amount_fen = 51 where ${second}reversal.borne'`,
    )
    const leftOut = await books.findAfter(
      'distribution_booking',
      `delete from distribution_booking where ordinal = 0 and amount_fen < 0`,
    )

    expect(borne).toEqual(['line 1 of distribution P is not taken back as it says'])
    expect(leftOut).toEqual([
      'line 0 of distribution P is not taken back as it says',
      'line 1 of distribution P is not taken back as it says',
    ])
  })
})
