// Organisations and distributions over HTTP, from the founding to the households' balances.
import { asc } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { rows } from '#server/db/unit.ts'
import { enterHouseholds, enterVillages } from '#server/households/enter-households.ts'
import { problem, startCommerceApi } from '#tests/support/commerce-api.ts'
import { dayMs, memberCode } from '#tests/support/share-union.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const ann = { accountId: '01900000-0000-7000-8000-0000000000c1', roles: ['finance', 'operator'] } as const
const bob = { accountId: '01900000-0000-7000-8000-0000000000c2', roles: ['finance'] } as const
const townCode = '500112143'
const terms = {
  reserveBp: 1_000,
  welfareBp: 0,
  reinvestmentBp: 0,
  classes: { LAND: 10_000, CAPITAL: 0, BASIC: 0, COLLECTIVE: 0 },
}

describe.each(dialects)('distributions over HTTP on %s', (dialect) => {
  it('go from the founding of an organisation to what its households hold', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await database.run(function* (ctx) {
      yield* enterVillages(ctx, [
        { villageCode: memberCode(1).slice(0, 12), name: '青龙村', townCode, townName: '大盛镇' },
      ])
      yield* enterHouseholds(
        ctx,
        [1, 2].map((serial) => ({
          householdCode: memberCode(serial),
          headName: '王甲',
          population: 1,
          kind: 'ORDINARY',
        })),
      )
    })
    await using api = await startCommerceApi(database)
    const post = async (url: string, body?: unknown, who: typeof ann | typeof bob = ann) => {
      const { status, body: reply } = await api.call('POST', url, who, body)
      return { status, reply: reply as Record<string, unknown> & { terms?: unknown } }
    }
    const nowMs = clock.now()

    const founded = await post('/api/organisations', { name: '青龙联合社', legalType: 'share_cooperative', townCode })
    const base = `/api/organisations/${String(founded.reply['organisationId'])}`
    const fromMs = nowMs - 300 * dayMs
    await post(`${base}/members`, { fromMs, householdCodes: [memberCode(1), memberCode(2)] })
    const land = { kind: 'LAND', unit: 'mu', quantityMilli: 1_000, sharesMilli: 1_000 }
    const held = await post(`${base}/holdings`, {
      fromMs,
      holdings: [
        { ...land, householdCode: memberCode(1) },
        { ...land, householdCode: memberCode(2), quantityMilli: 2_000, sharesMilli: 2_000 },
      ],
    })
    const drafted = await post(`${base}/charters`, { terms, effectiveFromMs: fromMs, note: '章程第一版' })
    const charter = `/api/charters/${String(drafted.reply['charterId'])}/approval`
    const alone = await post(charter)
    await post(charter, undefined, bob)
    await post(`${base}/receipts`, { amountFen: 100_000, reference: 'bank 1', note: '柑橘销售' })
    const request = {
      template: 'SHARE',
      title: '2025 年度分红',
      periodFromMs: fromMs,
      periodToMs: nowMs,
      atMs: nowMs,
      incomeFen: 100_000,
      documentNumber: '决算 1',
    }
    const preview = await post(`${base}/distribution-previews`, request)
    const plan = await post(`${base}/distributions`, request)
    const planUrl = `/api/distributions/${String(plan.reply['planId'])}`
    const early = await post(`${planUrl}/publication`, { meetingAtMs: nowMs + 9 * dayMs })
    await post(`${planUrl}/publication`, { meetingAtMs: nowMs + 10 * dayMs })
    clock.advance(10 * dayMs)
    const vote = { resolutionNumber: '1', isAdopted: true, presentCount: 2, votesFor: 2, votesAgainst: 0 }
    await post(`${planUrl}/resolution`, vote)
    const own = await post(`${planUrl}/run`)
    const run = await post(`${planUrl}/run`, undefined, bob)

    expect(held).toEqual({ status: 201, reply: { begun: 2, ended: 0, unchanged: 0 } })
    expect(alone.status).toBe(403)
    expect(preview.reply).toMatchObject({
      distributableFen: 90_000,
      totalFen: 100_000,
      isFunded: true,
      explanation: ['收入 1000.00 元', '公积金 1000.00 元 × 10.00 % = 100.00 元', '可分配 900.00 元'],
      basisHash: plan.reply['basisHash'],
    })
    expect(early).toMatchObject({ status: 422, reply: { code: 'distribution.notice_too_short', noticeDays: 10 } })
    expect(own).toMatchObject({ status: 403, reply: { code: 'distribution.same_person' } })
    expect(run).toMatchObject({
      status: 200,
      reply: { state: 'run', runBy: bob.accountId, resolution: { votesFor: 2 } },
    })
    const lines = await api.call('GET', `${planUrl}/lines?limit=2`, ann)
    expect(lines.body).toMatchObject({
      rows: [
        { step: 'reserve', amountFen: 10_000, bookedFen: 10_000 },
        { step: 'LAND', householdCode: memberCode(1), amountFen: 30_000, bookedFen: 30_000, borneFen: 0 },
      ],
      nextCursor: expect.any(String),
    })
    expect((await api.call('GET', base, ann)).body).toMatchObject({ memberCount: 2, balanceFen: 0 })
    const audited = await database.read(({ db, tables: { auditRows: t } }) =>
      rows(db.select({ action: t.action }).from(t).orderBy(asc(t.seq))),
    )
    expect(audited.map((row) => row.action).filter((action) => action.startsWith('distribution.'))).toEqual([
      'distribution.drafted',
      'distribution.published',
      'distribution.adopted',
      'distribution.run',
    ])
  })

  it('refuse what the registers do not bear, naming the field, and change nothing', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await using api = await startCommerceApi(database)
    const call = (url: string, body: unknown) => api.call('POST', url, ann, body)

    const untyped = await call('/api/organisations', { name: '无类型', townCode })
    const founded = await call('/api/organisations', { name: '合作社', legalType: 'cooperative', townCode })
    const again = await call('/api/organisations', { name: '合作社', legalType: 'enterprise', townCode })
    const base = `/api/organisations/${(founded.body as { organisationId: string }).organisationId}`
    const stranger = await call(`${base}/members`, { fromMs: 0, householdCodes: [memberCode(1)] })
    const outsider = await call(`${base}/holdings`, {
      fromMs: 0,
      holdings: [{ householdCode: memberCode(1), kind: 'LAND', unit: 'mu', quantityMilli: 1, sharesMilli: 1 }],
    })
    const wrongUnit = await call(`${base}/holdings`, {
      fromMs: 0,
      holdings: [{ householdCode: memberCode(1), kind: 'LAND', unit: 'yuan', quantityMilli: 1, sharesMilli: 1 }],
    })
    const charter = { terms: { ...terms, patronageBp: 5_999, classes: undefined }, effectiveFromMs: 0, note: '章程' }
    const tooLittle = await call(`${base}/charters`, { ...charter, note: '章程一' })

    expect([untyped.status, problem(untyped).field]).toEqual([422, 'legalType'])
    expect([again.status, problem(again)]).toEqual([409, { code: 'organisation.name_taken', field: 'name' }])
    expect(problem(stranger)).toEqual({ code: 'household.unknown', field: 'householdCodes.0' })
    expect(problem(outsider)).toEqual({ code: 'organisation.member_unknown', field: 'holdings.0.householdCode' })
    expect(problem(wrongUnit)).toEqual({ code: 'organisation.holding_wrong', field: 'holdings.0.unit' })
    expect(problem(tooLittle)).toEqual({ code: 'organisation.charter_invalid', field: 'terms.patronageBp' })
    const kept = await database.read((ctx) => rows(ctx.db.select().from(ctx.tables.shareHoldings)))
    expect(kept).toEqual([])
  })
})
