// How sums over sale lines find their rows: by indexes that hold what is summed, of which ten million lines make no difference to
// a day or a lot. SQLite says its plan in words; PostgreSQL's depends on how full the tables are.
import { sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import type { Database, Work } from '#server/db/database.ts'
import { sqlRows } from '#server/db/unit.ts'
import { trackLots } from '#server/replenishment/track-lots.ts'
import { sumSales } from '#server/sales/sum-sales.ts'
import { householdCode, openMarket } from '#tests/support/market.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { openTestDatabase } from '#tests/support/test-database.ts'

/** Runs a unit; returns what SQLite says of each of its selects over sale lines. */
const plansOf = (database: Database, work: Work<unknown>): Promise<string[]> =>
  database.read(function* (ctx) {
    const plans: string[] = []
    const unit = work(ctx)
    let step = unit.next()
    while (step.done !== true) {
      const { query } = step.value as unknown as { query: { toSQL(): { sql: string; params: unknown[] } } }
      const { sql: text, params } = query.toSQL()
      if (text.includes('"sale_line"')) {
        const parts = text.split('?').flatMap((part, place) => [sql.raw(part), sql`${params[place]}`])
        const plan = yield* sqlRows<{ detail: string }>(sql`explain query plan ${sql.join(parts.slice(0, -1))}`)
        plans.push(...plan.map(({ detail }) => detail))
      }
      step = unit.next(yield step.value)
    }
    return plans
  })

describe('sums over sale lines', () => {
  it('take the lines of a time from the index alone', async () => {
    await using database = await openTestDatabase('sqlite')

    const plans = await plansOf(database, (ctx) => sumSales(ctx, { fromMs: 1, beforeMs: 2 }))

    expect(plans).toContain('SEARCH sale_line USING COVERING INDEX sale_line_by_time (at_ms>? AND at_ms<?)')
    expect(plans.filter((detail) => detail.startsWith('SCAN sale_line'))).toEqual([])
  })

  it('take the lines of a lot from the index alone', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase('sqlite', { clock })
    const market = await openMarket(database, clock)
    const farmer = {
      accountId: 'farmer',
      roles: ['farmer'],
      householdCode: householdCode(1),
      areaCode: undefined,
    } as const

    const plans = await plansOf(database, (ctx) =>
      trackLots(ctx, farmer, { householdCode: householdCode(1), limit: 10 }),
    )

    expect(market.citrus.lotId).toBeDefined()
    expect(plans).toContain('SEARCH sale_line USING COVERING INDEX sale_line_by_lot (lot_id=?)')
  })
})
