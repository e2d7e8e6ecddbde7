// How the sweep, the opening and the desk find the few sessions that are not over among all that are: by partial indexes, whose
// conditions are written so that SQLite takes each for its own question. PostgreSQL's plan depends on how full the tables are.
import { sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import type { Work } from '#server/db/database.ts'
import { placeholders, planStatement } from '#server/db/plan.ts'
import { BoundStatement, sqlRows } from '#server/db/unit.ts'
import { countSessions } from '#server/sessions/count-sessions.ts'
import { findLive, findOverdue } from '#server/sessions/store.ts'
import { openTestDatabase } from '#tests/support/test-database.ts'

/** What SQLite says of each select of a unit that would find nothing. */
async function plansOf(work: Work<unknown>): Promise<string[]> {
  await using database = await openTestDatabase('sqlite')
  return await database.read(function* (ctx) {
    const plans: string[] = []
    const unit = work(ctx)
    let step = unit.next()
    while (step.done !== true) {
      const { query } = step.value as unknown as { query: unknown }
      const built = query instanceof BoundStatement ? query.statement.build(ctx, placeholders) : query
      const { text } = planStatement(built as Parameters<typeof planStatement>[0])
      const plan = yield* sqlRows<{ detail: string }>(sql.raw(`explain query plan ${text.replaceAll('?', `'1'`)}`))
      plans.push(...plan.map(({ detail }) => detail))
      step = unit.next(yield step.value)
    }
    return plans
  })
}

describe('sessions that are not over', () => {
  it('are found in the order of their deadlines by the sweep', async () => {
    const plans = await plansOf(() => findOverdue(1))

    expect(plans).toEqual(['SEARCH shopping_session USING INDEX shopping_session_overdue (deadline_at_ms<?)'])
  })

  it('are found as those of a buyer or a cabinet when another is opened', async () => {
    const plans = await plansOf(() => findLive({ accountId: 'buyer', cabinetId: 'cabinet' }))

    expect(plans).toEqual(
      expect.arrayContaining([
        'SEARCH shopping_session USING INDEX shopping_session_live_of_buyer (account_id=?)',
        'SEARCH shopping_session USING INDEX shopping_session_live_of_cabinet (cabinet_id=?)',
      ]),
    )
  })

  it('are counted from their index alone', async () => {
    const plans = await plansOf(countSessions)

    expect([...new Set(plans)]).toEqual([
      'SEARCH shopping_session USING COVERING INDEX shopping_session_unfinished (state=?)',
    ])
  })
})
