// A household that takes back its consent to keep its account is paid by it no more (personal-data/consent-texts.ts), from the
// draft to the file.
import { and, eq, isNull } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { exec, rows } from '#server/db/unit.ts'
import { pauseTakenBack } from '#server/payouts/follow-consent.ts'
import { listAccounts } from '#server/payouts/payee-accounts.ts'
import { listSkips } from '#server/payouts/show-payouts.ts'
import { recordConsent } from '#server/personal-data/consents.ts'
import { attemptsOf, householdOf, openPayoutWorld } from '#tests/support/payout-world.ts'
import type { PayoutWorld } from '#tests/support/payout-world.ts'
import { dialects } from '#tests/support/test-database.ts'

const say = (world: PayoutWorld, serial: number, isGiven: boolean) =>
  world.run((ctx) =>
    recordConsent(
      ctx,
      householdOf(serial),
      { purpose: 'SENSITIVE_DATA', isGiven, textVersion: '2020-01', channel: 'paper' },
      'helper',
    ),
  )

const stateOf = async (world: PayoutWorld, serial: number) => {
  const query = { householdCode: householdOf(serial), limit: 10 }
  return (await world.run((ctx) => listAccounts(ctx, query))).map(({ state }) => state)
}

describe.each(dialects)('a consent taken back on %s', (dialect) => {
  it('keeps the account out of new payouts until it is given again', async () => {
    await using world = await openPayoutWorld(dialect)
    await say(world, 2, true)
    await say(world, 2, false)

    const without = await world.draft()
    const skipped = await world.run((ctx) => listSkips(ctx, without.batchId, { limit: 10 }))
    const refused = await world.giveAccount(2, { turn: 1 }).catch((error: unknown) => error)
    await say(world, 2, true)
    const again = await world.draft()

    expect(without).toMatchObject({ lineCount: 2, totalFen: 40_000 })
    expect(skipped.rows).toMatchObject([{ householdCode: householdOf(2), reason: 'account_paused' }])
    expect(refused).toMatchObject({ code: 'personal_data.consent_taken_back' })
    expect(again).toMatchObject({ lineCount: 1, totalFen: 20_000 })
    expect(await stateOf(world, 2)).toEqual(['active'])
  })

  it('takes the line out of a batch whose file is not made yet', async () => {
    await using world = await openPayoutWorld(dialect)
    const batch = await world.draft()
    await say(world, 1, true)
    await say(world, 1, false)

    await world.approve(batch.batchId)
    await world.export(batch.batchId)

    expect((await attemptsOf(world, batch.batchId)).map(({ outcome }) => outcome)).toEqual([
      'withdrawn',
      'exported',
      'exported',
    ])
    expect(await world.balance(1)).toBe(10_000)
  })

  it('lets no account go on by a consent that the bank refused before or meanwhile', async () => {
    await using world = await openPayoutWorld(dialect, { households: 2 })
    const batch = await world.draft()
    await world.approve(batch.batchId)
    await world.export(batch.batchId)
    await say(world, 1, true)
    await say(world, 1, false)
    await world.answer(batch, { 1: 'FAILED', 2: 'FAILED' })
    await say(world, 2, true)
    await say(world, 2, false)

    await say(world, 1, true)
    await say(world, 2, true)

    expect([await stateOf(world, 1), await stateOf(world, 2)]).toEqual([['paused'], ['paused']])
  })

  it('pauses at start what was taken back before a version did so by itself', async () => {
    await using world = await openPayoutWorld(dialect, { households: 4 })
    for (const serial of [1, 2, 3]) await say(world, serial, true)
    for (const serial of [1, 2]) await say(world, serial, false)
    // As an earlier version left them: the word is kept, the accounts go on. The third was given, of the fourth nothing is known.
    await world.run((ctx) => exec(ctx.db.update(ctx.tables.payeeAccounts).set({ state: 'active', pausedReason: null })))

    const paused = await pauseTakenBack(world.database)
    const again = await pauseTakenBack(world.database)
    const batch = await world.draft()
    await say(world, 1, true)

    expect([paused, again]).toEqual([2, 0])
    expect(batch).toMatchObject({ lineCount: 2, totalFen: 70_000 })
    const states = await Promise.all([1, 2, 3, 4].map((serial) => stateOf(world, serial)))
    expect(states.flat()).toEqual(['active', 'paused', 'active', 'active'])
    const audited = await world.run(({ db, tables: { auditRows: a } }) =>
      rows(
        db
          .select({ subjectId: a.subjectId })
          .from(a)
          .where(and(eq(a.action, 'payee_account.paused'), isNull(a.accountId))),
      ),
    )
    expect(audited.map(({ subjectId }) => subjectId).toSorted()).toEqual([householdOf(1), householdOf(2)])
  })
})
