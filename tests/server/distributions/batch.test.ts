// The batch job shows a plan's lines, and books an adopted one for the person named.
import { describe, expect, it } from 'vitest'
import { seededRandom } from '#shared/ids/random.ts'
import type { BatchContext } from '#server/batch/job.ts'
import { batchJobs } from '#server/batch/jobs.ts'
import { publishDistribution, recordResolution } from '#server/distributions/decide-distribution.ts'
import { draftDistribution } from '#server/distributions/draft-distribution.ts'
import { accountIdOf } from '#server/ledger/account-kinds.ts'
import { balanceOf } from '#server/ledger/balances.ts'
import { landOnly, noDeductions } from '#tests/support/distribution-terms.ts'
import { seedAccount } from '#tests/support/seed-account.ts'
import { dayMs, memberCode, openUnion } from '#tests/support/share-union.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'
import { testSealer } from '#tests/support/test-sealer.ts'

describe.each(dialects)('the job distribute on %s', (dialect) => {
  it('shows every line and books nothing until it is told who runs the plan', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const terms = { ...noDeductions, classes: landOnly }
    const organisationId = await openUnion(database, clock.now(), { terms, landMilli: [1, 2], balanceFen: 300 })
    const period = { periodFromMs: clock.now() - dayMs, periodToMs: clock.now(), atMs: clock.now() }
    const figures = { incomeFen: 300, lossesFen: 0, documentNumber: '决算' }
    const request = { organisationId, template: 'SHARE' as const, title: '分红', ...period, ...figures }
    const ann = await database.run(function* (ctx) {
      yield* seedAccount(ctx, 'bob', 'finance')
      yield* seedAccount(ctx, 'eve', 'operator')
      return yield* seedAccount(ctx, 'ann', 'finance')
    })
    const { planId } = await database.run((ctx) => draftDistribution(ctx, request, ann))
    const meetingAtMs = clock.now() + 10 * dayMs
    await database.run((ctx) => publishDistribution(ctx, { planId, meetingAtMs, publishedBy: ann }))
    clock.advance(10 * dayMs)
    const vote = { resolutionNumber: '1', presentCount: 2, votesFor: 2, votesAgainst: 0, isAdopted: true }
    await database.run((ctx) => recordResolution(ctx, planId, { ...vote, resolvedBy: ann }))
    const batch: BatchContext = { database, sealer: testSealer, commandKeyFile: '', clock, random: seededRandom(1) }
    const job = batchJobs.find(({ name }) => name === 'distribute')
    const shown: number[] = []
    const distribute = (args: Record<string, string>) => job?.run(batch, args, (done) => shown.push(done))
    const balance = () => database.read((ctx) => balanceOf(ctx, accountIdOf('household', memberCode(2))))

    const preview = await distribute({ plan: planId })
    const before = await balance()
    await expect(distribute({ plan: planId, by: 'ann' })).rejects.toMatchObject({ code: 'distribution.same_person' })
    await expect(distribute({ plan: planId, by: 'eve' })).rejects.toMatchObject({ code: 'identity.role_missing' })
    await expect(distribute({ plan: planId, by: 'nobody' })).rejects.toMatchObject({
      code: 'identity.account_unknown',
      message: 'there is no open account with the login nobody',
    })
    const booked = await distribute({ plan: planId, by: 'bob' })

    expect(preview?.slice(1)).toEqual([
      '收入 3.00 元',
      '可分配 3.00 元',
      `household:${memberCode(1)}  土地股 3.00 元 × 0.001 股 ÷ 0.003 股 = 1.00 元`,
      `household:${memberCode(2)}  土地股 3.00 元 × 0.002 股 ÷ 0.003 股 = 2.00 元`,
      '2 lines, 3.00 yuan; nothing is booked.',
    ])
    expect(before).toBe(0)
    expect(booked).toEqual(['分红: 2 lines, 3.00 yuan are booked.'])
    expect(await balance()).toBe(200)
    expect(shown).toEqual([0, 1, 0, 0, 0, 0, 1])
  })
})
