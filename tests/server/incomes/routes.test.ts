// Income files over HTTP: shown first, then imported, taken back with a reason, each step with its trail.
import { describe, expect, it } from 'vitest'
import { rows } from '#server/db/unit.ts'
import { writeXlsx } from '#server/tabular/write-xlsx.ts'
import { startCommerceApi } from '#tests/support/commerce-api.ts'
import { fund } from '#tests/support/income-files.ts'
import { householdCode, openMarket } from '#tests/support/market.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const clerk = { accountId: '01900000-0000-7000-8000-0000000000c1', roles: ['finance'] } as const
const farmer = { accountId: clerk.accountId, roles: ['farmer'], householdCode: householdCode(1) } as const
const header = ['户编号', '户主', '金额', '日期']
const file = writeXlsx('补助', header, [[householdCode(1), '王甲', '300.00', '2026-02-28']])
const query = new URLSearchParams({
  kind: 'grants',
  payer: 'relief-fund',
  title: '产业补助',
  documentNumber: '渝乡振 7',
})

describe.each(dialects)('income imports over HTTP on %s', (dialect) => {
  it('show their postings, book them, and are taken back', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await openMarket(database, clock)
    await fund(database, 'fund:relief', 50_000)
    await using api = await startCommerceApi(database, clock)

    const preview = await api.call('POST', `/api/income-imports/preview?${query}`, clerk, file)
    const imported = await api.call('POST', `/api/income-imports?${query}`, clerk, file)
    const again = await api.call('POST', `/api/income-imports?${query}`, clerk, file)
    const { importId } = (imported.body as { import: { importId: string } }).import
    const lines = await api.call('GET', `/api/income-imports/${importId}/lines`, clerk)
    const own = await api.call('GET', `/api/households/${householdCode(1)}/net-income`, farmer)
    const reversed = await api.call('POST', `/api/income-imports/${importId}/reversal`, clerk, { reason: '发错户' })
    const listed = await api.call('GET', '/api/income-imports', clerk)

    expect(preview).toMatchObject({
      status: 200,
      body: {
        rowCount: 1,
        totalsFen: { TRANSFER: 30_000 },
        postings: [
          { debitAccountId: 'fund:relief', creditAccountId: `household:${householdCode(1)}`, amountFen: 30_000 },
        ],
      },
    })
    expect(imported).toMatchObject({ status: 200, body: { outcome: 'imported', import: { totalFen: 30_000 } } })
    expect(again).toMatchObject({ status: 200, body: { outcome: 'already', import: { importId } } })
    expect(lines.body).toMatchObject({ rows: [{ row: 2, incomeKind: 'TRANSFER', isPosted: true }] })
    expect(own).toMatchObject({ status: 200, body: { netFen: 30_000, population: 1, perCapitaFen: 30_000 } })
    expect(reversed).toMatchObject({ status: 201, body: { reversesImportId: importId, totalFen: -30_000 } })
    expect((listed.body as { rows: unknown[] }).rows).toHaveLength(2)
    const audited = await database.read((ctx) =>
      rows(ctx.db.select({ action: ctx.tables.auditRows.action }).from(ctx.tables.auditRows)),
    )
    expect(audited.map(({ action }) => action)).toEqual(
      expect.arrayContaining(['income.imported', 'income.import_repeated', 'income.reversed']),
    )
  })

  it('answer a bad file with its rows, and enter nothing', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await openMarket(database, clock)
    await using api = await startCommerceApi(database, clock)
    const bad = writeXlsx('补助', header, [[householdCode(9), '', 'x', '2026-02-28']])

    const answer = await api.call('POST', `/api/income-imports?${query}`, clerk, bad)
    const listed = await api.call('GET', '/api/income-imports', clerk)

    expect(answer).toMatchObject({
      status: 422,
      body: { code: 'tabular.invalid', errors: [{ field: 'rows.2.金额' }] },
    })
    expect(listed.body).toEqual({ rows: [] })
  })
})
