// As which kind of income a source counts is a table that papers change; past income keeps its kind.
import { describe, expect, it } from 'vitest'
import { setMapping } from '#server/incomes/income-mapping.ts'
import { listIncome } from '#server/incomes/list-income.ts'
import { landOnly, noDeductions } from '#tests/support/distribution-terms.ts'
import { dayMs, memberCode, openUnion, runSecond } from '#tests/support/share-union.ts'
import { TestClock, testEpochMs } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

describe.each(dialects)('income on %s', (dialect) => {
  it('of a second distribution is property, or a transfer once a paper says so, even one that is dated back', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const charter = { ...noDeductions, classes: landOnly, second: { rateBp: 500, split: 'equal' as const } }
    const organisationId = await openUnion(database, clock.now(), {
      terms: charter,
      landMilli: [1, 1, 1, 1, 1],
      balanceFen: 500_000,
    })
    const householdCodes = [memberCode(1)]
    await runSecond(database, clock, { organisationId, title: '2025', householdCodes })
    clock.advance(dayMs)
    const decision = { source: 'second-distribution', incomeKind: 'TRANSFER', documentNumber: '渝 1 号' } as const
    await database.run((ctx) =>
      setMapping(ctx, { ...decision, effectiveFromMs: clock.now() - 30 * dayMs, byAccountId: 'admin' }),
    )

    await runSecond(database, clock, { organisationId, title: '2026', householdCodes })

    const income = await database.read((ctx) => listIncome(ctx, memberCode(1), { limit: 10 }))
    expect(income.totalsFen).toEqual({ PROPERTY: 5_000, TRANSFER: 5_000 })
    expect(income.rows.map(({ source }) => source)).toEqual(['second-distribution', 'second-distribution'])
    expect(income.rows[0]?.explanation[0]).toContain('二次分配')
  })

  it('counts as another kind from the day that is decided, and not before', async () => {
    await using database = await openTestDatabase(dialect)
    const map = (source: 'patronage' | 'wage', incomeKind: 'OPERATING' | 'TRANSFER') =>
      database.run((ctx) =>
        setMapping(ctx, {
          source,
          incomeKind,
          effectiveFromMs: testEpochMs,
          documentNumber: '渝农 1 号',
          byAccountId: 'admin',
        }),
      )

    expect(await map('patronage', 'OPERATING')).toMatchObject({ source: 'patronage', incomeKind: 'OPERATING' })
    await expect(map('patronage', 'OPERATING')).rejects.toMatchObject({ code: 'income.mapping_wrong' })
    await expect(map('wage', 'TRANSFER')).rejects.toMatchObject({ code: 'income.mapping_wrong' })
  })
})
