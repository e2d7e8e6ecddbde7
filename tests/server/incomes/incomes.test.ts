import { describe, expect, it } from 'vitest'
import { checkAttribution } from '#server/attribution/check-attribution.ts'
import type { Database } from '#server/db/database.ts'
import { rows } from '#server/db/unit.ts'
import { listIncome } from '#server/incomes/list-income.ts'
import { findNetIncome } from '#server/incomes/net-income.ts'
import { reverseImport } from '#server/incomes/reverse-import.ts'
import { balanceOf } from '#server/ledger/balances.ts'
import { checkLedger } from '#server/ledger/check-ledger.ts'
import { postTransfers } from '#server/ledger/post-transfers.ts'
import { foundOrganisation } from '#server/organisations/found-organisation.ts'
import { fund, importFile, incomeCsv } from '#tests/support/income-files.ts'
import { householdCode, openMarket, settled } from '#tests/support/market.ts'
import { TestClock, testEpochMs } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const [first, second, third] = [householdCode(1), householdCode(2), householdCode(3)]
const wages = [
  [first, '王甲', '1200.00', '2026-02-28', '修枝', 'G-1'],
  [second, '李乙', '800.55', '2026-02-28', '采摘', 'G-2'],
]
const dayMs = 86_400_000
const admin = { accountId: 'admin', roles: ['admin'], householdCode: undefined, areaCode: undefined } as const

async function openBooks(dialect: (typeof dialects)[number]) {
  const clock = new TestClock()
  const database = await openTestDatabase(dialect, { clock })
  const market = await openMarket(database, clock)
  const organisationId = await database.run((ctx) =>
    foundOrganisation(ctx, { name: '果园', legalType: 'enterprise', townCode: '500112142' }),
  )
  await fund(database, `organisation:${organisationId}`, 500_000)
  await fund(database, 'fund:relief', 100_000)
  return { clock, database, market, organisationId, [Symbol.asyncDispose]: () => database.close() }
}

const balances = (database: Database, ...codes: string[]) =>
  database.read(function* (ctx) {
    const found: number[] = []
    for (const code of codes) found.push(yield* balanceOf(ctx, `household:${code}`))
    return found
  })

const isSound = (database: Database) =>
  database.read(function* (ctx) {
    return [...(yield* checkLedger(ctx)).problems, ...(yield* checkAttribution(ctx))]
  })

const incomeOf = (database: Database, code: string, limit = 50, cursor?: string) =>
  database.read((ctx) => listIncome(ctx, code, { limit, cursor }))

const refusal = async (work: Promise<unknown>) => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  const { code, errors } = error as { code: string; errors?: unknown[] }
  return errors === undefined ? { code } : { code, errors }
}

describe.each(dialects)('imported income on %s', (dialect) => {
  it('of wages that an organisation pays is owed to each household and explains itself', async () => {
    await using books = await openBooks(dialect)
    const { database, organisationId } = books

    const { row, isNew } = await importFile(database, incomeCsv(wages), {
      kind: 'wages',
      payer: 'organisation',
      organisationId,
    })

    expect(isNew).toBe(true)
    expect(row).toMatchObject({ rowCount: 2, totalFen: 200_055 })
    expect(await balances(database, first, second)).toEqual([120_000, 80_055])
    expect(await incomeOf(database, first)).toMatchObject({
      totalFen: 120_000,
      totalsFen: { WAGE: 120_000 },
      rows: [
        {
          incomeKind: 'WAGE',
          source: 'wage',
          amountFen: 120_000,
          importId: row.importId,
          explanation: ['二月工资（发 2026-02）第 2 行，2026-02-28', '事由：修枝', '凭证号：G-1', '金额 1200.00 元'],
        },
      ],
    })
    expect(await isSound(database)).toEqual([])
  })

  it('does nothing when the same file comes again, and refuses the same lines of another file', async () => {
    await using books = await openBooks(dialect)
    const { database, organisationId } = books
    const what = { kind: 'wages', payer: 'organisation', organisationId } as const
    const { row } = await importFile(database, incomeCsv(wages), what)

    const again = await importFile(database, incomeCsv(wages), what)
    const other = incomeCsv([[third, '张丙', '10', '2026-02-28', '', ''], ...wages.slice(1)])
    const refused = await refusal(importFile(database, other, what))

    expect(again).toMatchObject({ isNew: false, row: { importId: row.importId } })
    expect(refused).toEqual({
      code: 'tabular.invalid',
      errors: [{ field: 'rows.3', message: 'is imported already: row 3 of “二月工资”' }],
    })
    expect(await balances(database, first, second, third)).toEqual([120_000, 80_055, 0])
  })

  it('is all or nothing: unknown households, wrong heads and repeats are named row by row', async () => {
    await using books = await openBooks(dialect)
    const { database, organisationId } = books
    const file = incomeCsv([
      ...wages,
      ['5001121422019999', '', '10', '2026-02-28', '', ''],
      [third, '王甲', '10', '2026-02-28', '', ''],
    ])

    const refused = await refusal(importFile(database, file, { kind: 'wages', payer: 'organisation', organisationId }))
    const twice = await refusal(
      importFile(database, incomeCsv([...wages, ...wages]), { kind: 'wages', payer: 'outside' }),
    )

    expect(refused).toEqual({
      code: 'tabular.invalid',
      errors: [
        { field: 'rows.4.户编号', message: 'there is no household 5001121422019999' },
        { field: 'rows.5.户主', message: `household ${third} has another head` },
      ],
    })
    expect(twice.errors).toEqual([
      { field: 'rows.4', message: 'repeats row 2' },
      { field: 'rows.5', message: 'repeats row 3' },
    ])
    expect(await balances(database, first, second)).toEqual([0, 0])
    const left = await database.read((ctx) => rows(ctx.db.select().from(ctx.tables.incomeImports)))
    expect(left).toEqual([])
  })

  it('is refused when the payer may not pay it or holds too little', async () => {
    await using books = await openBooks(dialect)
    const { database } = books
    const grant = incomeCsv([[first, '王甲', '1000.01', '2026-02-28', '产业补助', '']])

    expect(await refusal(importFile(database, grant, { kind: 'grants', payer: 'relief-fund' }))).toEqual({
      code: 'income.payer_short',
    })
    expect(await refusal(importFile(database, grant, { kind: 'costs', payer: 'relief-fund' }))).toEqual({
      code: 'income.payer_wrong',
    })
    expect(await refusal(importFile(database, grant, { kind: 'wages', payer: 'organisation' }))).toEqual({
      code: 'income.payer_wrong',
    })
  })

  it('that was paid by other ways is recorded and owed by nobody', async () => {
    await using books = await openBooks(dialect)
    const { database } = books

    await importFile(database, incomeCsv([[first, '', '300', '2026-01-15', '化肥', '']]), {
      kind: 'costs',
      payer: 'outside',
    })
    await importFile(database, incomeCsv([[first, '', '900', '2025-06-01', '', '']]), {
      kind: 'grants',
      payer: 'outside',
    })
    const header = '户编号,金额,日期,收入类型'
    await importFile(database, incomeCsv([[first, '50', '2019-06-01', '财产性']], header), {
      kind: 'history',
      payer: 'outside',
    })

    const income = await incomeOf(database, first)
    expect(income.totalsFen).toEqual({ OPERATING_COST: 30_000, TRANSFER: 90_000, PROPERTY: 5_000 })
    expect(income.totalFen).toBe(95_000)
    expect(income.rows.map(({ incomeKind, source }) => [incomeKind, source])).toEqual([
      ['OPERATING_COST', 'cost'],
      ['TRANSFER', 'grant'],
      ['PROPERTY', 'history'],
    ])
    expect(await balances(database, first)).toEqual([0])
  })

  it('stands with sales in one list, page after page', async () => {
    await using books = await openBooks(dialect)
    const { database, market, organisationId } = books
    const sessionId = await market.open()
    await market.tell('session.settled', settled(market, sessionId, { count: 1 }))
    await importFile(database, incomeCsv(wages), { kind: 'wages', payer: 'organisation', organisationId })
    await importFile(database, incomeCsv([[second, '', '9', '2025-06-01', '', '']]), {
      kind: 'grants',
      payer: 'outside',
    })

    const whole = await incomeOf(database, second)
    const paged = []
    let cursor: string | undefined
    do {
      const page = await incomeOf(database, second, 1, cursor)
      paged.push(...page.rows)
      cursor = page.nextCursor
    } while (cursor !== undefined)

    expect(whole.rows.map(({ source }) => source).toSorted()).toEqual(['grant', 'sale', 'wage'])
    expect(whole.totalsFen).toEqual({ OPERATING: 299, WAGE: 80_055, TRANSFER: 900 })
    expect(paged).toEqual(whole.rows)
  })

  it('is taken back by a negative import, and no household falls below zero', async () => {
    await using books = await openBooks(dialect)
    const { database, organisationId } = books
    const what = { kind: 'wages', payer: 'organisation', organisationId } as const
    const { row } = await importFile(database, incomeCsv(wages), what)
    await database.run((ctx) =>
      postTransfers(ctx, [
        {
          debit: `household:${first}`,
          credit: 'transit:payouts',
          amountFen: 100_000,
          cause: { kind: 'payout-line', id: 'W-1' },
          leg: 'out',
        },
      ]),
    )

    const reversal = await database.run((ctx) =>
      reverseImport(ctx, { importId: row.importId, byAccountId: 'clerk', reason: '重复发放' }),
    )

    expect(reversal).toMatchObject({ reversesImportId: row.importId, totalFen: -100_055 })
    expect(await balances(database, first, second)).toEqual([0, 0])
    expect(await database.read((ctx) => balanceOf(ctx, 'writeoff:incomes-borne'))).toBe(-100_000)
    expect(await database.read((ctx) => balanceOf(ctx, `organisation:${organisationId}`))).toBe(500_000)
    const income = await incomeOf(database, second)
    expect(income).toMatchObject({ totalFen: 0, totalsFen: { WAGE: 0 } })
    expect(income.rows.flatMap(({ explanation }) => explanation)).toContain('冲销 二月工资 第 3 行：重复发放')
    expect(await isSound(database)).toEqual([])
  })

  it('can be taken back once only, and the file and its lines may then come again', async () => {
    await using books = await openBooks(dialect)
    const { database } = books
    const what = { kind: 'grants', payer: 'outside' } as const
    const { row } = await importFile(database, incomeCsv(wages), what)
    const reverse = (importId: string) =>
      database.run((ctx) => reverseImport(ctx, { importId, byAccountId: 'clerk', reason: '文号写错' }))
    const reversal = await reverse(row.importId)

    expect(await refusal(reverse(row.importId))).toEqual({ code: 'income.import_reversed' })
    expect(await refusal(reverse(reversal.importId))).toEqual({ code: 'income.import_is_reversal' })
    expect((await incomeOf(database, first)).totalsFen).toEqual({ TRANSFER: 0 })
    const again = await importFile(database, incomeCsv(wages), what)
    expect([again.isNew, (await importFile(database, incomeCsv(wages), what)).isNew]).toEqual([true, false])
    await reverse(again.row.importId)
    expect((await importFile(database, incomeCsv(wages.slice(1)), what)).isNew).toBe(true)
    expect((await incomeOf(database, first)).totalsFen).toEqual({ TRANSFER: 0 })
    expect((await incomeOf(database, second)).totalsFen).toEqual({ TRANSFER: 80_055 })
  })

  it('comes to so much per head over the twelve months before any day', async () => {
    await using books = await openBooks(dialect)
    const { database, organisationId } = books
    await importFile(database, incomeCsv(wages), { kind: 'wages', payer: 'organisation', organisationId })
    const others = [
      [second, '', '100.01', '2025-03-01', '', 'a'],
      [second, '', '55', '2025-02-28', '', 'b'],
    ]
    await importFile(database, incomeCsv(others), { kind: 'grants', payer: 'outside' })
    await importFile(database, incomeCsv([[second, '', '300', '2026-01-15', '', '']]), {
      kind: 'costs',
      payer: 'outside',
    })
    // 2026-03-01T00:00 in the district; the wages are booked eight hours later.
    const beforeMs = testEpochMs - 8 * 3_600_000

    const now = await database.read((ctx) => findNetIncome(ctx, admin, second, beforeMs + dayMs))
    const earlier = await database.read((ctx) => findNetIncome(ctx, admin, second, beforeMs))

    expect(now).toMatchObject({
      totalsFen: { WAGE: 80_055, OPERATING_COST: 30_000 },
      population: 2,
      netFen: 50_055,
      perCapitaFen: 25_028,
    })
    expect(earlier).toMatchObject({ grossFen: 10_001, netFen: -19_999, perCapitaFen: -9_999 })
  })
})
