import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '#shared/ids/random.ts'
import { countRows } from '#server/db/expressions.ts'
import type { Database } from '#server/db/database.ts'
import { one, rows } from '#server/db/unit.ts'
import { dayOf } from '#server/calendar/rules.ts'
import { planDay } from '#server/restock-tasks/plan-day.ts'
import { listLots } from '#server/catalog/list-lots.ts'
import { checkLedger } from '#server/ledger/check-ledger.ts'
import { inventDemoData } from '#server/demo/data/demo-data.ts'
import { seedDemo } from '#server/demo/seed-demo.ts'
import { testSealer } from '#tests/support/test-sealer.ts'
import { workOutDistribution } from '#server/distributions/draft-distribution.ts'
import { dayMs } from '#tests/support/share-union.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const data = inventDemoData(seededRandom(2020))

function count(
  database: Database,
  table:
    | 'households'
    | 'hostSites'
    | 'cabinets'
    | 'accounts'
    | 'skus'
    | 'suppliers'
    | 'payeeAccounts'
    | 'visits'
    | 'sixOnesTicks'
    | 'inKindGrants'
    | 'surplusNotices'
    | 'surplusPayments',
) {
  return database.read(function* ({ db, tables }) {
    return (yield* one(db.select({ rows: countRows() }).from(tables[table])))?.rows
  })
}

describe.each(dialects)('seeding on %s', (dialect) => {
  it('writes all of the invented data once, and the books are sound', async () => {
    await using database = await openTestDatabase(dialect)

    expect(await seedDemo(database, data, { random: seededRandom(1), sealer: testSealer })).toBe(true)
    expect(await seedDemo(database, data, { random: seededRandom(1), sealer: testSealer })).toBe(false)

    expect(await count(database, 'households')).toBe(data.households.length)
    expect(await count(database, 'hostSites')).toBe(1000)
    expect(await count(database, 'cabinets')).toBe(1000)
    expect(await count(database, 'accounts')).toBe(data.accounts.length)
    expect(await count(database, 'skus')).toBe(19)
    expect(await count(database, 'suppliers')).toBe(data.suppliers.length)
    expect(await count(database, 'payeeAccounts')).toBe(data.households.length)
    for (const table of ['visits', 'sixOnesTicks', 'inKindGrants', 'surplusNotices', 'surplusPayments'] as const)
      expect(await count(database, table)).toBeGreaterThan(0)
    expect(await database.read((ctx) => checkLedger(ctx))).toMatchObject({ problems: [] })
  })

  it('gives every certified lot the sources that add up to it', async () => {
    await using database = await openTestDatabase(dialect)
    await seedDemo(database, data, { random: seededRandom(1), sealer: testSealer })

    const { rows: lots } = await database.read((ctx) => listLots(ctx, { limit: 200 }))

    // One a SKU, and what the farmer brought on a call.
    expect(lots).toHaveLength(20)
    const traced = lots.filter(({ sources }) => sources.length > 0)
    expect(traced).toHaveLength(19)
    for (const { sources, unitsReceived } of traced) {
      expect(sources.reduce((sum, { units }) => sum + (units ?? 0), 0)).toBe(unitsReceived)
    }
  })

  it('plans a day for the restocker, and calls the farmer to harvest', async () => {
    await using database = await openTestDatabase(dialect)
    await seedDemo(database, data, { random: seededRandom(1), sealer: testSealer })
    const by = { accountId: 'operator', name: 'operator' }

    const planned = await database.run((ctx) =>
      planDay(ctx, { day: dayOf(ctx.now()), coverDays: 3, servicePercent: 95, by }),
    )

    // Six empty cabinets take more than one van holds.
    expect(planned).toMatchObject({ tasks: 6, routes: 2 })
    expect(planned.boundMetres).toBeGreaterThan(0)
    expect(planned.boundMetres).toBeLessThanOrEqual(planned.metres)
    const calls = await database.read(function* ({ db, tables: { harvestCalls: t } }) {
      const isFarmers = eq(t.householdCode, data.farmerHouseholdCode)
      return yield* rows(db.select({ state: t.state }).from(t).where(isFarmers).orderBy(t.seq))
    })
    expect(calls).toEqual([{ state: 'delivered' }, { state: 'called' }])
  })

  it('lets the citrus union distribute last year among its 517 households', async () => {
    await using database = await openTestDatabase(dialect)
    await seedDemo(database, data, { random: seededRandom(1), sealer: testSealer })

    const worked = await database.read(function* (ctx) {
      const { organisations: t } = ctx.tables
      const union = yield* one(ctx.db.select().from(t).where(eq(t.legalType, 'share_cooperative')))
      const [organisationId, nowMs] = [union?.organisationId ?? '', ctx.now()]
      const period = { periodFromMs: nowMs - 400 * dayMs, periodToMs: nowMs - dayMs, atMs: nowMs - dayMs }
      const figures = { incomeFen: 50_000_000, lossesFen: 0, documentNumber: '决算' }
      const request = { organisationId, template: 'SHARE' as const, title: '分红', ...period, ...figures }
      return yield* workOutDistribution(ctx, request)
    })

    expect(worked.lines.filter((line) => line.step === 'LAND')).toHaveLength(517)
    expect(worked.lines.reduce((sum, line) => sum + line.amountFen, 0)).toBe(50_000_000)
    expect(worked.availableFen).toBeGreaterThanOrEqual(worked.totalFen)
  })
})
