// A statement that was imported wrongly is taken back, and its file comes in again; not while a posting rests on it.
import { asc, eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import type { Database } from '#server/db/database.ts'
import { rows } from '#server/db/unit.ts'
import { balanceOf } from '#server/ledger/balances.ts'
import { topUpWallet } from '#server/payments/wallets.ts'
import { problem, startCommerceApi } from '#tests/support/commerce-api.ts'
import type { CommerceApi } from '#tests/support/commerce-api.ts'
import { incomeCsv } from '#tests/support/income-files.ts'
import { openPayoutWorld } from '#tests/support/payout-world.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const ann = { accountId: '01900000-0000-7000-8000-0000000000c1', roles: ['finance'] } as const
const bob = { accountId: '01900000-0000-7000-8000-0000000000c2', roles: ['finance'] } as const
const eve = { accountId: '01900000-0000-7000-8000-0000000000c3', roles: ['auditor'] } as const
const day = '2026-03-01'

const topUp = (database: Database, reference: string, amountFen: number) =>
  database.run((ctx) => topUpWallet(ctx, { accountId: ann.accountId, amountFen, reference, by: 'finance' }))

interface Statement {
  readonly statementId: string
  readonly outcome: string
}
async function state(api: CommerceApi, lines: ReadonlyArray<readonly string[]>, channel = 'top-ups') {
  const file = incomeCsv(lines, '流水号,交易日期,金额')
  return (await api.call('POST', `/api/channel-statements?channel=${channel}`, ann, file)).body as Statement
}
const takeBack = (api: CommerceApi, { statementId }: Statement, who: typeof ann | typeof eve = ann) =>
  api.call('POST', `/api/channel-statements/${statementId}/reversal`, who, { reason: '传错了账户的对账单' })

interface Difference {
  readonly differenceId: string
  readonly reference: string
  readonly state: string
}
async function differencesOf(api: CommerceApi): Promise<Difference[]> {
  return ((await api.call('GET', '/api/reconciliation-differences?order=oldest', ann)).body as { rows: Difference[] })
    .rows
}
async function close(api: CommerceApi, reference: string): Promise<void> {
  const found = (await differencesOf(api)).find((it) => it.reference === reference && it.state === 'open')
  const path = `/api/reconciliation-differences/${found?.differenceId ?? reference}`
  await api.call('POST', `${path}/proposal`, ann, { otherAccountId: 'writeoff:top-ups', reason: '查不到来款人' })
  expect(await api.call('POST', `${path}/approval`, bob)).toMatchObject({ status: 200 })
}

describe.each(dialects)('a statement taken back on %s', (dialect) => {
  it('counts no more, stays on record with who and why, and may come in again', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await using api = await startCommerceApi(database, clock)
    await topUp(database, 'booked', 3_000)
    const lines = [
      ['booked', day, '30.00'],
      ['foreign', day, '70.00'],
    ]
    const first = await state(api, lines)

    const taken = await takeBack(api, first)
    const again = await takeBack(api, first)
    const between = await differencesOf(api)
    clock.advance(1_000)
    const second = await state(api, lines)
    const listed = await api.call('GET', '/api/channel-statements?channel=top-ups', eve)

    expect(taken).toMatchObject({ status: 200, body: { reconciled: [{ subject: day, differenceFen: -3_000 }] } })
    expect([again.status, problem(again).code]).toEqual([409, 'reconciliation.statement_taken_back'])
    expect(new Map(between.map((it) => [it.reference, it.state]))).toEqual(
      new Map([
        ['foreign', 'matched'],
        ['booked', 'open'],
      ]),
    )
    expect(second).toMatchObject({ outcome: 'imported', reconciled: [{ differenceFen: 7_000, openCount: 1 }] })
    expect(listed.body).toMatchObject({
      rows: [
        { statementId: second.statementId, rowCount: 2 },
        { statementId: first.statementId, takenBack: { by: ann.accountId, reason: '传错了账户的对账单' } },
      ],
    })
    const { audited, kept } = await database.read(function* ({ db, tables: { auditRows: a, takenBackLines: l } }) {
      return {
        audited: yield* rows(
          db.select({ why: a.why }).from(a).where(eq(a.action, 'reconciliation.statement_taken_back')),
        ),
        kept: yield* rows(db.select({ reference: l.reference }).from(l).orderBy(asc(l.row))),
      }
    })
    expect(audited).toEqual([{ why: '传错了账户的对账单' }])
    expect(kept.map(({ reference }) => reference)).toEqual(['booked', 'foreign'])
  })

  it('is refused by name while a posting rests on it, and leaves everything as it was', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await using api = await startCommerceApi(database, clock)
    const statement = await state(api, [
      ['stray', day, '12.34'],
      ['other', day, '1.00'],
    ])
    await close(api, 'stray')
    const before = await differencesOf(api)

    const refused = await takeBack(api, statement)

    expect(refused).toMatchObject({ status: 409, body: { detail: `${day} stray` } })
    expect(problem(refused).code).toBe('reconciliation.statement_rests')
    expect(await differencesOf(api)).toEqual(before)
    expect(
      await state(api, [
        ['stray', day, '12.34'],
        ['other', day, '1.00'],
      ]),
    ).toMatchObject({ outcome: 'already' })
    expect(await database.read((ctx) => balanceOf(ctx, 'bank:main'))).toBe(-1_234)
  })

  it('goes though a posting closed what it only came to contradict', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await using api = await startCommerceApi(database, clock)
    await topUp(database, 'late', 3_000)
    await api.call('POST', '/api/reconciliations', ann, { channel: 'top-ups', subject: day })
    await close(api, 'late')
    const statement = await state(api, [['late', day, '30.00']])
    const contradicted = await differencesOf(api)

    const taken = await takeBack(api, statement)

    expect(contradicted.map((it) => [it.reference, it.state])).toContainEqual(['late#2', 'open'])
    expect(taken).toMatchObject({ status: 200, body: { reconciled: [{ openCount: 0, differenceFen: 0 }] } })
  })

  it('is done by who keeps the books only, and only of what there is', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await using api = await startCommerceApi(database, clock)
    const statement = await state(api, [['a', day, '1.00']])

    const auditor = await takeBack(api, statement, eve)
    const unknown = await takeBack(api, { ...statement, statementId: ann.accountId })

    expect(auditor.status).toBe(403)
    expect([unknown.status, problem(unknown).code]).toEqual([404, 'reconciliation.statement_unknown'])
  })

  it('opens the payout run again that it agreed with', async () => {
    await using world = await openPayoutWorld(dialect, { households: 1 })
    await using api = await startCommerceApi(world.database, world.clock)
    const batch = await world.draft()
    await world.approve(batch.batchId)
    await world.export(batch.batchId)
    await world.answer(batch, { 1: 'PAID' })
    const lines = [
      [`S${batch.batchNo}-1`, '2026-03-20', '-100.00'],
      ['foreign', '2026-03-20', '-5.00'],
    ]
    const statement = await state(api, lines, 'payouts')

    const taken = await takeBack(api, statement)

    const { reconciled } = taken.body as { reconciled: Array<{ subject: string; openCount: number }> }
    expect(new Map(reconciled.map(({ subject, openCount }) => [subject, openCount]))).toEqual(
      new Map([
        [batch.batchNo, 1],
        ['2026-03-20', 0],
      ]),
    )
  })
})
