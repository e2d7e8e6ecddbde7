// The top-up channel beside the books over HTTP: a statement comes in, differences show, two people close one by a posting.
import { describe, expect, it } from 'vitest'
import type { Database } from '#server/db/database.ts'
import { rows } from '#server/db/unit.ts'
import { balanceOf } from '#server/ledger/balances.ts'
import { checkLedger } from '#server/ledger/check-ledger.ts'
import { topUpWallet } from '#server/payments/wallets.ts'
import { dueSubjects, findOpen, reconcileAll } from '#server/reconciliation/reconcile.ts'
import { problem, startCommerceApi } from '#tests/support/commerce-api.ts'
import type { CommerceApi } from '#tests/support/commerce-api.ts'
import { incomeCsv } from '#tests/support/income-files.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const ann = { accountId: '01900000-0000-7000-8000-0000000000c1', roles: ['finance'] } as const
const bob = { accountId: '01900000-0000-7000-8000-0000000000c2', roles: ['finance'] } as const
const buyer = '01900000-0000-7000-8000-0000000000d1'
const day = '2026-03-01'
const header = '流水号,交易日期,金额,摘要'

const topUp = (database: Database, reference: string, amountFen: number) =>
  database.run((ctx) => topUpWallet(ctx, { accountId: buyer, amountFen, reference, by: 'finance' }))
const state = (api: CommerceApi, lines: ReadonlyArray<readonly string[]>, channel = 'top-ups') =>
  api.call('POST', `/api/channel-statements?channel=${channel}`, ann, incomeCsv(lines, header))

interface Difference {
  readonly differenceId: string
  readonly reference: string
  readonly state: string
  readonly causes: readonly string[]
}
const differencesOf = async (api: CommerceApi) =>
  ((await api.call('GET', '/api/reconciliation-differences', ann)).body as { rows: Difference[] }).rows.toSorted(
    (a, b) => (a.reference < b.reference ? 1 : -1),
  )

describe.each(dialects)('top-ups beside a statement on %s', (dialect) => {
  it('agree when they are the same', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await using api = await startCommerceApi(database, clock)
    await topUp(database, 'T 1:a', 5_000)

    const answer = await state(api, [['T 1:a', day, '50.00', '充值']])

    expect(answer).toMatchObject({
      status: 200,
      body: { outcome: 'imported', reconciled: [{ subject: day, statementFen: 5_000, booksFen: 5_000, openCount: 0 }] },
    })
  })

  it('show each difference with what may be behind it, until its other side comes', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await using api = await startCommerceApi(database, clock)
    await topUp(database, 'booked', 3_000)

    const answer = await state(api, [['stated', day, '70.00', '']])
    const before = await differencesOf(api)
    await topUp(database, 'stated', 7_000)
    await reconcileAll(database, await database.read(dueSubjects))
    const again = await api.call('POST', '/api/reconciliations', ann, { channel: 'top-ups', subject: day })
    const after = await differencesOf(api)

    expect(answer.body).toMatchObject({ reconciled: [{ differenceFen: 4_000, openCount: 2 }] })
    expect(before.map(({ reference, causes }) => [reference, causes[0]])).toEqual([
      ['stated', 'not_booked_yet'],
      ['booked', 'statement_not_complete'],
    ])
    expect(again.body).toMatchObject({ differenceFen: -3_000, openCount: 1 })
    expect(after.map((it) => [it.reference, it.state])).toEqual([
      ['stated', 'matched'],
      ['booked', 'open'],
    ])
    expect(await database.read(findOpen)).toMatchObject([
      { channel: 'top-ups', openCount: 1, openFen: 3_000, newestFen: -3_000 },
      { channel: 'payouts', openCount: 0, openFen: 0 },
    ])
  })

  it('agree when the statement shows the money after a week of holidays', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await using api = await startCommerceApi(database, clock)
    await topUp(database, 'holiday', 5_000)
    const compare = (subject: string) => api.call('POST', '/api/reconciliations', ann, { channel: 'top-ups', subject })

    const answer = await state(api, [['holiday', '2026-03-09', '50.00', '充值']])

    expect(answer.body).toMatchObject({ reconciled: [{ subject: '2026-03-09', differenceFen: 0, openCount: 0 }] })
    expect((await compare(day)).body).toMatchObject({ statementFen: 0, booksFen: 0, openCount: 0 })
    expect((await compare('2026-03-09')).body).toMatchObject({ statementFen: 5_000, booksFen: 5_000, openCount: 0 })
  })

  it('are closed only by a posting that a second person approves', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await using api = await startCommerceApi(database, clock)
    await state(api, [['unknown', day, '12.34', '']])
    const [found] = await differencesOf(api)
    const path = `/api/reconciliation-differences/${found?.differenceId ?? ''}`
    const proposal = { otherAccountId: 'transit:unattributed', reason: '来款人不明，先挂账' }

    const early = await api.call('POST', `${path}/approval`, bob)
    const household = await api.call('POST', `${path}/proposal`, ann, { ...proposal, otherAccountId: 'household:1' })
    const nobody = await api.call('POST', `${path}/proposal`, ann, { ...proposal, otherAccountId: `wallet:${buyer}` })
    const proposed = await api.call('POST', `${path}/proposal`, ann, proposal)
    const alone = await api.call('POST', `${path}/approval`, ann)
    const closed = await api.call('POST', `${path}/approval`, bob)
    const again = await api.call('POST', `${path}/approval`, bob)
    const compared = await api.call('POST', '/api/reconciliations', ann, { channel: 'top-ups', subject: day })

    expect([early.status, problem(early).code]).toEqual([409, 'reconciliation.difference_not_open'])
    expect([household.status, problem(household).code]).toEqual([422, 'reconciliation.account_wrong'])
    expect([nobody.status, problem(nobody).code]).toEqual([422, 'reconciliation.account_wrong'])
    expect(proposed).toMatchObject({ status: 200, body: { state: 'proposed', proposedBy: ann.accountId } })
    expect([alone.status, problem(alone).code]).toEqual([403, 'reconciliation.same_person'])
    expect(closed).toMatchObject({ status: 200, body: { state: 'closed', approvedBy: bob.accountId } })
    expect(again.status).toBe(409)
    expect(await database.read((ctx) => balanceOf(ctx, 'transit:unattributed'))).toBe(1_234)
    expect(await database.read((ctx) => balanceOf(ctx, 'bank:main'))).toBe(-1_234)
    expect(compared.body).toMatchObject({ differenceFen: 0, openCount: 0 })
    expect(await database.read(checkLedger)).toMatchObject({ problems: [] })
    const audited = await database.read((ctx) =>
      rows(ctx.db.select({ action: ctx.tables.auditRows.action }).from(ctx.tables.auditRows)),
    )
    expect(audited.map(({ action }) => action)).toContain('reconciliation.difference_closed')
  })

  it('are open again as far as what closed them was too much, once their other side has come', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await using api = await startCommerceApi(database, clock)
    await topUp(database, 'late', 3_000)
    const compare = () => api.call('POST', '/api/reconciliations', ann, { channel: 'top-ups', subject: day })
    const openOnes = async () => (await differencesOf(api)).filter((it) => it.state === 'open')
    async function close() {
      const [found] = await openOnes()
      const path = `/api/reconciliation-differences/${found?.differenceId ?? ''}`
      await api.call('POST', `${path}/proposal`, ann, { otherAccountId: 'writeoff:top-ups', reason: '银行未到账' })
      await api.call('POST', `${path}/approval`, bob)
    }
    await compare()
    await close()
    const closed = await compare()

    await state(api, [['late', day, '30.00', '充值']])
    const [reopened] = await openOnes()
    const differing = await compare()
    await close()
    const settled = await compare()

    expect(closed.body).toMatchObject({ differenceFen: 0, openCount: 0 })
    expect(reopened).toMatchObject({ reference: 'late#2', causes: ['closed_too_early'] })
    expect(differing.body).toMatchObject({ statementFen: 3_000, booksFen: 3_000, differenceFen: 3_000, openCount: 1 })
    expect(settled.body).toMatchObject({ differenceFen: 0, openCount: 0 })
    expect(await database.read((ctx) => balanceOf(ctx, 'bank:main'))).toBe(-3_000)
    expect(await database.read((ctx) => balanceOf(ctx, 'writeoff:top-ups'))).toBe(0)
  })

  it('take a statement once, and refuse a reference that stands in an earlier one', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await using api = await startCommerceApi(database, clock)
    const lines = [['a', day, '1.00', '']]
    await state(api, lines)

    const same = await state(api, lines)
    const other = await state(api, [...lines, ['b', day, '2.00', ''], ['b', day, '0', '']])
    const repeated = await state(api, [...lines, ['b', day, '2.00', '']])

    expect(same).toMatchObject({ status: 200, body: { outcome: 'already' } })
    expect(other).toMatchObject({
      status: 422,
      body: { code: 'tabular.invalid', errors: [{ field: 'rows.4.流水号' }, { field: 'rows.4.金额' }] },
    })
    expect(repeated).toMatchObject({
      status: 422,
      body: { errors: [{ field: 'rows.2.流水号', message: 'stands in an earlier statement' }] },
    })
    expect(await differencesOf(api)).toHaveLength(1)
  })
})
