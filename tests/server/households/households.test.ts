import { describe, expect, it } from 'vitest'
import type { Role } from '#shared/contracts/http/route.ts'
import { eq } from 'drizzle-orm'
import { exec, rows } from '#server/db/unit.ts'
import { changeHousehold } from '#server/households/change-household.ts'
import { enterHouseholds } from '#server/households/enter-households.ts'
import { findHouseholdIncome, listHouseholds } from '#server/households/list-households.ts'
import { lastFour, maskName } from '#server/households/masking.ts'
import { rollUpIncomes } from '#server/incomes/roll-up-incomes.ts'
import { admitMembers } from '#server/organisations/change-members.ts'
import { foundOrganisation } from '#server/organisations/found-organisation.ts'
import { importFile, incomeCsv } from '#tests/support/income-files.ts'
import { householdCode, openMarket, settled, villageCode, type Market } from '#tests/support/market.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const viewer = (
  roles: readonly Role[],
  own: { accountId?: string; householdCode?: string; areaCode?: string } = {},
) => ({
  accountId: own.accountId ?? 'somebody',
  roles,
  householdCode: own.householdCode,
  areaCode: own.areaCode,
})
const page = { limit: 50 }

async function sellOne(market: Market): Promise<string> {
  const sessionId = await market.open()
  await market.tell('session.settled', settled(market, sessionId, { count: 1 }))
  return sessionId
}

describe('masking', () => {
  it('leaves the first character of a name and the last four digits of a code', () => {
    expect(maskName('王小二')).toBe('王**')
    expect(maskName('𠮷野')).toBe('𠮷**')
    expect(lastFour('5001121422010007')).toBe('0007')
  })
})

describe.each(dialects)('households on %s', (dialect) => {
  it('explain each income down to the sale, with a sum that computes again', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const sessionId = await sellOne(market)

    const income = await database.read((ctx) => findHouseholdIncome(ctx, viewer(['admin']), householdCode(2), page))

    expect(income.household).toMatchObject({ headName: '李乙', villageName: '青龙村', incomeFen: 299 })
    expect(income.totalFen).toBe(299)
    expect(income.rows).toHaveLength(1)
    expect(income.rows[0]).toMatchObject({
      incomeKind: 'OPERATING',
      amountFen: 299,
      sessionId,
      skuName: '沃柑',
      cabinetCode: 'YB-0001',
    })
    const text = income.rows[0]?.explanation.join('\n') ?? ''
    expect(text).toContain('销售额 12.80 元')
    expect(text).toContain('12.80 元 × 70.00 % = 8.96 元')
    const [, own = '', whole = '', share = '', amount = ''] =
      /(\d+) 件 ÷ 批次 (\d+) 件 × ([\d.]+) 元 = ([\d.]+) 元/.exec(text) ?? []
    const exactFen = (Number(share) * 100 * Number(own)) / Number(whole)
    expect(Math.abs(exactFen - Number(amount) * 100)).toBeLessThan(1)
  })

  it('are seen by staff all, by a helper the own ones, by a desk those of its area, by a farmer the own one', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await openMarket(database, clock)
    await database.run((ctx) =>
      exec(
        ctx.db
          .update(ctx.tables.households)
          .set({ helperAccountId: 'helper-1', helperName: '赵帮扶' })
          .where(eq(ctx.tables.households.householdCode, householdCode(3))),
      ),
    )
    const codes = async (who: ReturnType<typeof viewer>) => {
      const found = await database.read((ctx) => listHouseholds(ctx, who, page))
      return found.rows.map((row) => row.householdCode)
    }

    expect(await codes(viewer(['finance']))).toEqual([1, 2, 3].map(householdCode))
    expect(await codes(viewer(['helper'], { accountId: 'helper-1' }))).toEqual([householdCode(3)])
    expect(await codes(viewer(['helper'], { accountId: 'helper-2' }))).toEqual([])
    for (const areaCode of ['500112', '500112142', villageCode])
      expect(await codes(viewer(['desk'], { areaCode }))).toHaveLength(3)
    expect(await codes(viewer(['desk'], { areaCode: '500112143' }))).toEqual([])
    expect(await codes(viewer(['desk']))).toEqual([])
    const farmer = viewer(['farmer'], { householdCode: householdCode(1) })
    const own = await database.read((ctx) => findHouseholdIncome(ctx, farmer, householdCode(1), page))
    expect(own.household.headName).toBe('王甲')
    const other = database.read((ctx) => findHouseholdIncome(ctx, farmer, householdCode(2), page))
    await expect(other).rejects.toMatchObject({ code: 'household.not_found' })
  })

  it('can be searched, and filtered by income', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const list = (query: object) =>
      database.read((ctx) => listHouseholds(ctx, viewer(['admin']), { ...page, ...query }))

    expect((await list({ search: '王' })).rows).toHaveLength(1)
    expect((await list({ townCode: '500112999' })).rows).toEqual([])
    expect((await list({ hasIncome: true })).rows).toEqual([])
    await sellOne(market)
    expect((await list({ hasIncome: true })).rows).toHaveLength(3)
    const first = await list({ limit: 2 })
    const second = await list({ limit: 2, cursor: first.nextCursor })
    expect([...first.rows, ...second.rows].map((row) => row.householdCode)).toEqual([1, 2, 3].map(householdCode))
  })

  it('can be sorted by income, of which some is rolled up, some newer and some paid by other ways', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    await sellOne(market)
    clock.advance(86_400_000)
    await rollUpIncomes({ database, clock })
    await sellOne(market)
    const outside = incomeCsv([[householdCode(3), '张丙', '900.00', '2026-02-28', '修枝', 'G-1']])
    await importFile(database, outside, { kind: 'wages', payer: 'outside' })
    const list = (query: object) =>
      database.read((ctx) => listHouseholds(ctx, viewer(['admin']), { ...page, ...query }))
    const byCode = await list({})
    const ranked = byCode.rows.toSorted((a, b) => b.incomeFen - a.incomeFen)

    const first = await list({ order: 'income-highest', limit: 2 })
    const second = await list({ order: 'income-highest', limit: 2, cursor: first.nextCursor })
    const lowest = await list({ order: 'income-lowest' })

    expect([...first.rows, ...second.rows]).toEqual(ranked)
    expect(lowest.rows).toEqual(ranked.toReversed())
    expect(ranked[0]?.householdCode).toBe(householdCode(3))
    expect(ranked[0]?.incomeFen).toBeGreaterThan(90_000)
    await expect(list({ order: 'income-lowest', cursor: 'WyJhIiwiYiJd' })).rejects.toMatchObject({
      code: 'request.invalid',
      field: 'cursor',
    })
  })

  it('keep the history of their kind', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await openMarket(database, clock)
    clock.advance(86_400_000)

    await database.run((ctx) =>
      changeHousehold(ctx, {
        viewer: viewer(['operator']),
        householdCode: householdCode(1),
        change: { kind: 'UNSTABLE_EXITED' },
        reason: '2021 年监测认定',
      }),
    )

    const changes = await database.read((ctx) => {
      const { householdChanges: c } = ctx.tables
      return rows(
        ctx.db
          .select({ value: c.value })
          .from(c)
          .where(eq(c.householdCode, householdCode(1)))
          .orderBy(c.atMs),
      )
    })
    expect(changes).toEqual([{ value: 'EXITED' }, { value: 'UNSTABLE_EXITED' }])
  })

  it('are entered all or none; a wrong row is named', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await openMarket(database, clock)
    const row = (code: string) => ({ householdCode: code, headName: '钱丁', population: 2, kind: 'EXITED' as const })

    const wrong = database.run((ctx) => enterHouseholds(ctx, [row(householdCode(8)), row('9999999999999999')]))

    await expect(wrong).rejects.toMatchObject({
      code: 'household.village_unknown',
      field: 'households.1.householdCode',
    })
    const found = await database.read((ctx) => listHouseholds(ctx, viewer(['admin']), page))
    expect(found.rows).toHaveLength(3)
  })

  it('can be members of an organisation', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await openMarket(database, clock)

    const admitted = await database.run(function* (ctx) {
      const organisationId = yield* foundOrganisation(ctx, {
        name: '联合社',
        legalType: 'share_cooperative',
        townCode: '500112142',
      })
      const householdCodes = [1, 2].map(householdCode)
      return yield* admitMembers(ctx, { organisationId, householdCodes, fromMs: clock.now() })
    })

    expect(admitted).toBe(2)
  })
})
