// Members and what they hold, day by day: nobody holds shares outside the time of their membership, and no two memberships overlap.
import { describe, expect, it } from 'vitest'
import type { Database } from '#server/db/database.ts'
import { rows } from '#server/db/unit.ts'
import { admitMembers, endMembership } from '#server/organisations/change-members.ts'
import { endHolding, enterHoldings } from '#server/organisations/enter-holdings.ts'
import { landOnly, noDeductions } from '#tests/support/distribution-terms.ts'
import { dayMs, memberCode, openUnion } from '#tests/support/share-union.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const land = { kind: 'LAND', quantityMilli: 1_000, unit: 'mu', sharesMilli: 1_000 } as const
const [leaver, stayer] = [memberCode(1), memberCode(2)]

/** A union of two members with 1 mu each, of which the first gave its share back 60 days ago. */
async function openWithLeaver(database: Database, clock: TestClock): Promise<string> {
  const terms = { ...noDeductions, classes: landOnly }
  const organisationId = await openUnion(database, clock.now(), { terms, landMilli: [1_000, 1_000], balanceFen: 100 })
  await database.run(function* (ctx) {
    const holdings = yield* rows(ctx.db.select().from(ctx.tables.shareHoldings))
    const holdingId = holdings.find(({ householdCode }) => householdCode === leaver)?.holdingId ?? ''
    yield* endHolding(ctx, { organisationId, holdingId, toMs: ctx.now() - 60 * dayMs })
  })
  return organisationId
}

describe.each(dialects)('days of membership and of shares on %s', (dialect) => {
  it('do not let a household leave before it gave its shares back', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const organisationId = await openWithLeaver(database, clock)
    const leave = (toMs: number) =>
      database.run((ctx) => endMembership(ctx, { organisationId, householdCode: leaver, toMs }))

    await expect(leave(clock.now() - 90 * dayMs)).rejects.toMatchObject({
      code: 'organisation.date_wrong',
      field: 'toMs',
    })
    expect(await leave(clock.now() - 60 * dayMs)).toMatchObject({ toMs: clock.now() - 60 * dayMs })
  })

  it('do not let a household that comes back be a member twice on one day, nor hold shares of before', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const organisationId = await openWithLeaver(database, clock)
    const leftMs = clock.now() - 60 * dayMs
    await database.run((ctx) => endMembership(ctx, { organisationId, householdCode: leaver, toMs: leftMs }))
    const admit = (fromMs: number) =>
      database.run((ctx) => admitMembers(ctx, { organisationId, householdCodes: [leaver], fromMs }))
    const enter = (fromMs: number) =>
      database.run((ctx) =>
        enterHoldings(ctx, { organisationId, fromMs, holdings: [{ ...land, householdCode: leaver }] }),
      )

    for (const fromMs of [clock.now() - 400 * dayMs, leftMs - 1])
      await expect(admit(fromMs)).rejects.toMatchObject({ code: 'organisation.date_wrong', field: 'householdCodes.0' })
    await admit(leftMs + dayMs)
    await expect(enter(leftMs)).rejects.toMatchObject({ code: 'organisation.date_wrong', field: 'holdings.0' })
    expect(await enter(leftMs + dayMs)).toMatchObject({ begun: 1 })
    const unchanged = await database.run((ctx) =>
      enterHoldings(ctx, { organisationId, fromMs: leftMs, holdings: [{ ...land, householdCode: stayer }] }),
    )
    expect(unchanged).toMatchObject({ begun: 0, unchanged: 1 })
  })
})
