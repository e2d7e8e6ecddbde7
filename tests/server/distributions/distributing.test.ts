// A distribution from the draft to the books and back, on both dialects.
import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import type { Database } from '#server/db/database.ts'
import { exec, rows } from '#server/db/unit.ts'
import {
  publishDistribution,
  recordResolution,
  withdrawDistribution,
} from '#server/distributions/decide-distribution.ts'
import { draftDistribution, workOutDistribution } from '#server/distributions/draft-distribution.ts'
import type { DistributionRequest } from '#server/distributions/draft-distribution.ts'
import { reverseDistribution } from '#server/distributions/reverse-distribution.ts'
import { runDistribution } from '#server/distributions/run-distribution.ts'
import { showPreview } from '#server/distributions/show-distribution.ts'
import { accountIdOf, namedAccounts } from '#server/ledger/account-kinds.ts'
import { balanceOf } from '#server/ledger/balances.ts'
import { checkLedger } from '#server/ledger/check-ledger.ts'
import { proveAtOnce } from '#server/ledger/proof.ts'
import { distributionProofs } from '#server/distributions/check-distributions.ts'
import { postTransfers } from '#server/ledger/post-transfers.ts'
import { endHolding, enterHoldings } from '#server/organisations/enter-holdings.ts'
import { landOnly, noDeductions } from '#tests/support/distribution-terms.ts'
import { dayMs, memberCode, openUnion } from '#tests/support/share-union.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const landMilli = [3200, 1750, 900, 5000, 2150]
const second = { rateBp: 500, split: 'equal' as const }
const charter = { ...noDeductions, classes: landOnly, guaranteeFenPerMu: 1, second }

/** A union with 15,000.00 yuan, and a request that shares 10,000.00 of them: vector V1. */
async function openV1(database: Database, clock: TestClock) {
  const organisationId = await openUnion(database, clock.now(), { terms: charter, landMilli, balanceFen: 1_500_000 })
  const request: DistributionRequest = {
    organisationId,
    template: 'SHARE',
    title: '2025 年度分红',
    periodFromMs: clock.now() - 365 * dayMs,
    periodToMs: clock.now() - dayMs,
    atMs: clock.now() - dayMs,
    incomeFen: 1_000_000,
    lossesFen: 0,
    documentNumber: '决算 2025-1',
  }
  return { organisationId, request }
}

const vote = { resolutionNumber: '2026-1', presentCount: 5, votesFor: 4, votesAgainst: 1, isAdopted: true }

/** Drafts, publishes and adopts; time passes for it. */
async function adopt(database: Database, clock: TestClock, request: DistributionRequest): Promise<string> {
  const { planId } = await database.run((ctx) => draftDistribution(ctx, request, 'ann'))
  const meetingAtMs = clock.now() + 10 * dayMs
  await database.run((ctx) => publishDistribution(ctx, { planId, meetingAtMs, publishedBy: 'ann' }))
  clock.advance(10 * dayMs)
  await database.run((ctx) => recordResolution(ctx, planId, { ...vote, resolvedBy: 'ann' }))
  return planId
}

const balancesOf = (database: Database) =>
  database.read(function* (ctx) {
    const balances = []
    for (const serial of landMilli.keys())
      balances.push(yield* balanceOf(ctx, accountIdOf('household', memberCode(serial + 1))))
    return balances
  })
const v1 = [246_154, 134_615, 69_231, 384_615, 165_385]

describe.each(dialects)('distributions on %s', (dialect) => {
  it('preview every line and posting, and post nothing', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const { request } = await openV1(database, clock)

    const preview = showPreview(await database.read((ctx) => workOutDistribution(ctx, request)), request)

    expect(preview).toMatchObject({ totalFen: 1_000_000, availableFen: 1_500_000, isFunded: true })
    expect(preview.lines.map((line) => line.amountFen)).toEqual(v1)
    expect(preview.lines[0]?.explanation).toBe(
      '土地股 10000.00 元 × 3.200 股 ÷ 13.000 股 = 2461.54 元（最大余数法进 1 分）',
    )
    expect(preview.postings[1]).toMatchObject({
      debitAccountId: `organisation:${request.organisationId}`,
      creditAccountId: `household:${memberCode(2)}`,
      amountFen: 134_615,
    })
    expect(await balancesOf(database)).toEqual([0, 0, 0, 0, 0])
    const kept = await database.read((ctx) => rows(ctx.db.select().from(ctx.tables.distributionPlans)))
    expect(kept).toEqual([])
  })

  it('run once, from the organisation’s account to the households, with their arithmetic', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const { organisationId, request } = await openV1(database, clock)
    const planId = await adopt(database, clock, request)

    await database.run((ctx) => runDistribution(ctx, planId, 'bob'))

    expect(await balancesOf(database)).toEqual(v1)
    await expect(database.run((ctx) => runDistribution(ctx, planId, 'bob'))).rejects.toMatchObject({
      code: 'distribution.move_impossible',
    })
    const left = await database.read((ctx) => balanceOf(ctx, accountIdOf('organisation', organisationId)))
    expect(left).toBe(500_000)
    expect(await database.read(checkLedger)).toMatchObject({ problems: [] })
    for (const { checked, problems } of await database.read((ctx) => proveAtOnce(ctx, distributionProofs)))
      expect([checked > 0, problems]).toEqual([true, []])
  })

  it('count shares as they stood at the distribution date, whatever is registered later', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const { organisationId, request } = await openV1(database, clock)
    const before = await database.read((ctx) => workOutDistribution(ctx, request))
    await database.run((ctx) =>
      enterHoldings(ctx, {
        organisationId,
        fromMs: clock.now(),
        holdings: [{ householdCode: memberCode(1), kind: 'LAND', quantityMilli: 1, unit: 'mu', sharesMilli: 1 }],
      }),
    )

    const after = await database.read((ctx) => workOutDistribution(ctx, request))
    const today = await database.read((ctx) => workOutDistribution(ctx, { ...request, atMs: clock.now() }))

    expect(after.basisHash).toBe(before.basisHash)
    expect(after.lines).toEqual(before.lines)
    expect(today.basisHash).not.toBe(before.basisHash)
    expect(today.lines[0]?.weight).toBe(1)
  })

  it('count no share twice: a holding begins when the household’s last one has ended', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const { organisationId, request } = await openV1(database, clock)
    const householdCode = memberCode(1)
    const again = {
      householdCode,
      kind: 'LAND' as const,
      quantityMilli: 3_200,
      unit: 'mu' as const,
      sharesMilli: 3_200,
    }
    const enter = (fromMs: number) =>
      database.run((ctx) => enterHoldings(ctx, { organisationId, fromMs, holdings: [again] }))
    await database.run(function* (ctx) {
      const held = yield* rows(ctx.db.select().from(ctx.tables.shareHoldings))
      const holdingId = held.find((row) => row.householdCode === householdCode)?.holdingId ?? ''
      yield* endHolding(ctx, { organisationId, holdingId, toMs: clock.now() })
    })

    const early = enter(clock.now() - 10 * dayMs)
    await expect(early).rejects.toMatchObject({ code: 'organisation.date_wrong', field: 'holdings.0' })
    await enter(clock.now())

    const { lines } = await database.run((ctx) => workOutDistribution(ctx, request))
    expect(lines.map(({ amountFen }) => amountFen)).toEqual([246_154, 134_615, 69_231, 384_615, 165_385])
  })

  it('reverse by a negative run; what a household no longer holds a named account bears', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const { organisationId, request } = await openV1(database, clock)
    const planId = await adopt(database, clock, request)
    await database.run((ctx) => runDistribution(ctx, planId, 'bob'))
    // The first household has been paid all but 46,154 fen already.
    await database.run((ctx) =>
      postTransfers(ctx, [
        {
          debit: accountIdOf('household', memberCode(1)),
          credit: namedAccounts.payouts,
          amountFen: 200_000,
          cause: { kind: 'payout-line', id: 'p1' },
          leg: 'x',
        },
      ]),
    )

    const reversed = await database.run((ctx) =>
      reverseDistribution(ctx, { planId, byAccountId: 'bob', reason: '决算有误' }),
    )

    expect(reversed).toMatchObject({ takenFen: 800_000, borneFen: 200_000, plan: { state: 'reversed' } })
    expect(await balancesOf(database)).toEqual([0, 0, 0, 0, 0])
    const [organisationFen, borneFen] = await database.read(function* (ctx) {
      const held = yield* balanceOf(ctx, accountIdOf('organisation', organisationId))
      return [held, yield* balanceOf(ctx, namedAccounts.distributionsBorne)]
    })
    expect([organisationFen, borneFen]).toEqual([1_500_000, -200_000])
    expect(await database.read(checkLedger)).toMatchObject({ problems: [] })
    await expect(
      database.run((ctx) => reverseDistribution(ctx, { planId, byAccountId: 'bob', reason: 'again' })),
    ).rejects.toMatchObject({ code: 'distribution.move_impossible' })
    // The period is free again, and the corrected plan runs.
    const again = await adopt(database, clock, { ...request, incomeFen: 900_000 })
    await database.run((ctx) => runDistribution(ctx, again, 'bob'))
    expect((await balancesOf(database)).reduce((sum, fen) => sum + fen, 0)).toBe(900_000)
  })

  it('give five percent a second time to relief households, each as the charter splits it', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const { request } = await openV1(database, clock)
    const payees = landMilli.map((_, index) => ({ householdCode: memberCode(5 - index) }))

    const worked = await database.read((ctx) =>
      workOutDistribution(ctx, { ...request, template: 'SECOND', incomeFen: 123_400, payees }),
    )

    expect(worked.lines.map((line) => line.amountFen)).toEqual([1234, 1234, 1234, 1234, 1234])
    const wrong = { ...request, template: 'SECOND' as const, payees: [{ householdCode: memberCode(9) }] }
    await expect(database.read((ctx) => workOutDistribution(ctx, wrong))).rejects.toMatchObject({
      code: 'distribution.impossible',
      field: 'payees.0',
    })
  })

  it('keep to notice, meeting, people and money', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const { request } = await openV1(database, clock)
    const { planId } = await database.run((ctx) => draftDistribution(ctx, { ...request, incomeFen: 1_500_001 }, 'ann'))
    const publish = (meetingAtMs: number) =>
      database.run((ctx) => publishDistribution(ctx, { planId, meetingAtMs, publishedBy: 'ann' }))
    const resolve = (of = vote) => database.run((ctx) => recordResolution(ctx, planId, { ...of, resolvedBy: 'ann' }))
    const run = (by: string) => database.run((ctx) => runDistribution(ctx, planId, by))

    await expect(run('bob')).rejects.toMatchObject({ code: 'distribution.move_impossible' })
    await expect(publish(clock.now() + 10 * dayMs - 1)).rejects.toMatchObject({ code: 'distribution.notice_too_short' })
    await publish(clock.now() + 10 * dayMs)
    await expect(resolve()).rejects.toMatchObject({ code: 'distribution.meeting_ahead' })
    clock.advance(10 * dayMs)
    await expect(resolve({ ...vote, votesFor: 2 })).rejects.toMatchObject({ code: 'distribution.resolution_wrong' })
    await resolve()
    await expect(run('ann')).rejects.toMatchObject({ code: 'distribution.same_person' })
    await expect(run('bob')).rejects.toMatchObject({
      code: 'distribution.not_funded',
      facts: { availableFen: 1_500_000, neededFen: 1_500_001 },
    })
    // The same income is not distributed again by another template either; a second distribution of it may stand beside.
    const payees = [{ householdCode: memberCode(1) }]
    for (const template of ['SHARE', 'GUARANTEE_FLOAT'] as const)
      await expect(
        database.run((ctx) => draftDistribution(ctx, { ...request, template }, 'ann')),
      ).rejects.toMatchObject({ code: 'distribution.period_taken' })
    await database.run((ctx) => draftDistribution(ctx, { ...request, template: 'SECOND', payees }, 'ann'))
    await database.run((ctx) => withdrawDistribution(ctx, planId, '资金不足'))
    await database.run((ctx) => draftDistribution(ctx, request, 'ann'))
    expect(await balancesOf(database)).toEqual([0, 0, 0, 0, 0])
  })

  it('do not run when the snapshot no longer gives the lines that were shown', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const { request } = await openV1(database, clock)
    const planId = await adopt(database, clock, request)
    await database.run(({ db, tables: { distributionPlans: t } }) =>
      exec(db.update(t).set({ incomeFen: 999_999 }).where(eq(t.planId, planId))),
    )

    await expect(database.run((ctx) => runDistribution(ctx, planId, 'bob'))).rejects.toMatchObject({
      code: 'distribution.snapshot_broken',
    })
    expect(await balancesOf(database)).toEqual([0, 0, 0, 0, 0])
  })
})
