// What the public sees of a distribution plan: a masked notice that opens with its publication.
import { describe, expect, it } from 'vitest'
import { publishDistribution, withdrawDistribution } from '#server/distributions/decide-distribution.ts'
import { draftDistribution } from '#server/distributions/draft-distribution.ts'
import { recordConsent } from '#server/personal-data/consents.ts'
import { startCommerceApi } from '#tests/support/commerce-api.ts'
import { landOnly, noDeductions } from '#tests/support/distribution-terms.ts'
import { dayMs, memberCode, openUnion } from '#tests/support/share-union.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const nobody = { accountId: '01900000-0000-7000-8000-0000000000ff', roles: [] } as const
/** Phone, identity and bank numbers and whole household codes; ids and instants are not read by people. */
const longNumber = /(?<![\d-])(\d{11}|\d{15,})(?![\d-])/

async function publishPlan(dialect: (typeof dialects)[number], title: string) {
  const clock = new TestClock()
  const database = await openTestDatabase(dialect, { clock })
  const terms = { ...noDeductions, welfareBp: 1_000, classes: landOnly }
  const organisationId = await openUnion(database, clock.now(), { terms, landMilli: [1_000, 2_000], balanceFen: 300 })
  const change = { purpose: 'PUBLICATION', isGiven: true, textVersion: '2020-01', channel: 'paper' } as const
  await database.run((ctx) => recordConsent(ctx, memberCode(2), change, 'somebody'))
  const period = { periodFromMs: clock.now() - dayMs, periodToMs: clock.now(), atMs: clock.now() }
  const figures = { incomeFen: 300, lossesFen: 0, documentNumber: '决算' }
  const request = { organisationId, template: 'SHARE' as const, title, ...period, ...figures }
  const { planId } = await database.run((ctx) => draftDistribution(ctx, request, 'ann'))
  const meetingAtMs = clock.now() + 10 * dayMs
  const publish = () => database.run((ctx) => publishDistribution(ctx, { planId, meetingAtMs, publishedBy: 'ann' }))
  const api = await startCommerceApi(database, clock)
  return {
    meetingAtMs,
    publish,
    withdraw: () => database.run((ctx) => withdrawDistribution(ctx, planId, '决算有误')),
    page: async (url: string) => (await api.download(url, nobody)).bytes.toString(),
    read: async (url: string) => (await api.call('GET', url, nobody)).body as { rows: Array<Record<string, unknown>> },
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]()
      await database.close()
    },
  }
}

describe.each(dialects)('the notice of a distribution on %s', (dialect) => {
  it('opens with the plan’s publication until the members meet, and counts every household once', async () => {
    await using plan = await publishPlan(dialect, '2025 年度分红')
    const before = await plan.read('/api/notices')

    await plan.publish()

    const { rows: notices } = await plan.read('/api/notices')
    const lines = await plan.read(`/api/notices/${String(notices[0]?.['noticeId'])}/lines`)
    expect(before.rows).toEqual([])
    expect(notices).toMatchObject([
      { kind: 'distribution', title: '2025 年度分红', lineCount: 2, totalFen: 270, openUntilMs: plan.meetingAtMs },
    ])
    expect(lines.rows).toEqual([
      { ordinal: 1, name: '***', codeLast4: '****', amountFen: 90 },
      { ordinal: 2, name: '王**', codeLast4: '0002', amountFen: 180 },
    ])
    expect(JSON.stringify(lines)).not.toMatch(longNumber)
  })

  it('says that its plan was withdrawn, in the list and on the page', async () => {
    await using plan = await publishPlan(dialect, '2025 年度分红')
    await plan.publish()
    const before = await plan.read('/api/notices')

    await plan.withdraw()

    const { rows: notices } = await plan.read('/api/notices')
    const list = await plan.page('/notices')
    const page = await plan.page(`/notices/${String(notices[0]?.['noticeId'])}`)
    expect(before.rows[0]).not.toHaveProperty('endedAs')
    expect(notices).toMatchObject([{ title: '2025 年度分红', endedAs: 'withdrawn' }])
    expect(list).toContain('已撤回')
    expect(page).toContain('本公示已撤回，不再按此兑付。')
  })

  it('is refused under a title with somebody’s number in it, and the plan stays a draft', async () => {
    await using plan = await publishPlan(dialect, '分红，垂询 13800001234')

    await expect(plan.publish()).rejects.toMatchObject({ code: 'disclosure.title_reveals' })

    expect((await plan.read('/api/notices')).rows).toEqual([])
  })
})
