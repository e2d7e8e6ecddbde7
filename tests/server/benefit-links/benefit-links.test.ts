// Certification rests on a signed benefit link.
import { describe, expect, it } from 'vitest'
import { problem, startCommerceApi } from '#tests/support/commerce-api.ts'
import { householdCode, openMarket } from '#tests/support/market.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const accountId = '01900000-0000-7000-8000-0000000000aa'
const operator = { accountId, roles: ['operator'] } as const

describe.each(dialects)('benefit links on %s', (dialect) => {
  it('hold a certification, which is given on them only', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const { supplierId } = await openMarket(database, clock)
    await using api = await startCommerceApi(database)
    const list = async (who: Parameters<typeof api.call>[2]) =>
      ((await api.call('GET', '/api/benefit-links', who)).body as { rows: Array<{ linkId: string }> }).rows
    const [link] = await list(operator)
    const end = () => api.call('POST', `/api/benefit-links/${link?.linkId ?? ''}/end`, operator, { reason: '协议期满' })
    const certify = (isCertified: boolean) =>
      api.call('PUT', `/api/suppliers/${supplierId}/certification`, operator, { isCertified, reason: '年度复核' })

    const last = await end()
    await certify(false)
    const ended = await end()
    const unbound = await certify(true)
    const terms = { householdCode: householdCode(2), kind: 'WAGE', documentNumber: '联结-9', signedAtMs: clock.now() }
    const signed = await api.call('POST', `/api/suppliers/${supplierId}/benefit-links`, operator, { links: [terms] })
    const bound = await certify(true)

    expect(problem(last)).toEqual({ code: 'benefit_link.last' })
    expect(ended.status).toBe(204)
    expect(problem(unbound)).toEqual({ code: 'catalog.benefit_link_missing' })
    expect(signed).toMatchObject({ status: 201, body: { signed: 1 } })
    expect(bound).toMatchObject({ status: 200, body: { supplierId, isCertified: true } })
    const farmer = { accountId, roles: ['farmer'], householdCode: householdCode(2) } as const
    expect(await list(farmer)).toMatchObject([{ kind: 'WAGE', headName: '李乙' }])
  })

  it('name registered households and agreements that are signed already', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const { supplierId } = await openMarket(database, clock)
    await using api = await startCommerceApi(database)
    const sign = (terms: object) =>
      api.call('POST', `/api/suppliers/${supplierId}/benefit-links`, operator, {
        links: [
          {
            householdCode: householdCode(2),
            kind: 'ASSET',
            documentNumber: '联结-9',
            signedAtMs: clock.now(),
            ...terms,
          },
        ],
      })

    const unknown = await sign({ householdCode: householdCode(99) })
    const ahead = await sign({ signedAtMs: clock.now() + 86_400_000 })

    expect(problem(unknown)).toEqual({ code: 'household.unknown', field: 'links.0.householdCode' })
    expect(problem(ahead)).toEqual({ code: 'benefit_link.not_signed', field: 'links.0.signedAtMs' })
  })
})
