// What the database itself refuses, by raw SQL past every use case: who may have which part, live lines, attempts.
import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { sqlExec } from '#server/db/unit.ts'
import { dialects } from '#tests/support/test-database.ts'
import { attemptsOf, householdOf, openPayoutWorld, people } from '#tests/support/payout-world.ts'
import type { PayoutWorld } from '#tests/support/payout-world.ts'

const tell = (world: PayoutWorld, statement: SQL) => world.run(() => sqlExec(statement))

const takePart = (batchId: string, person: string, step: string) =>
  sql`insert into payout_part (batch_id, account_id, step, at_ms) values (${batchId}, ${person}, ${step}, 1)`

/** A second attempt at the only line of a batch, for so much more than the first. */
const nextAttempt = (batchId: string, moreFen: number) => sql`
  insert into payout_attempt (batch_id, seq, line_id, attempt, household_code, income_kind, amount_fen, is_live,
    payee_account_id, changed_by, confirmed_by, outcome)
  select batch_id, 2, line_id, 2, household_code, income_kind, amount_fen + cast(${moreFen} as bigint), 1 = 1,
    payee_account_id, changed_by, confirmed_by, 'unanswered'
  from payout_attempt where batch_id = ${batchId}`

/** A batch in NOTICE_CLOSED, drafted by the usual people. */
async function closedBatch(world: PayoutWorld): Promise<string> {
  const { batchId } = await world.draft()
  await world.run(() =>
    sqlExec(sql`update payout_batch set state = 'NOTICE_CLOSED', notice_from_ms = 1, notice_until_ms = 2, notice_closed_at_ms = 3
      where batch_id = ${batchId}`),
  )
  return batchId
}

describe.each(dialects)('the database on %s', (dialect) => {
  it('gives nobody two parts in a batch', async () => {
    await using world = await openPayoutWorld(dialect)
    const batchId = await closedBatch(world)

    const preparerApproves = tell(world, takePart(batchId, people.preparer, 'approve'))
    await expect(preparerApproves).rejects.toMatchObject({ kind: 'unique' })
    await tell(world, takePart(batchId, people.approver, 'approve'))
    const approverReleases = tell(world, takePart(batchId, people.approver, 'release'))

    await expect(approverReleases).rejects.toMatchObject({ kind: 'unique' })
  })

  it.each(['approve', 'release', 'review'])('lets nobody who changed an account in the run %s it', async (step) => {
    await using world = await openPayoutWorld(dialect)
    const batchId = await closedBatch(world)

    for (const person of [people.changer, people.confirmer])
      await expect(tell(world, takePart(batchId, person, step))).rejects.toMatchObject({ kind: 'unique' })
  })

  it('leaves out what goes to an account that the preparer confirmed', async () => {
    await using world = await openPayoutWorld(dialect, { households: 1 })

    const batch = await world.draft({}, people.confirmer)

    expect(batch).toMatchObject({ lineCount: 0, skippedCount: 1 })
  })

  it('lets nobody pay to an account whose changers are not entered in the batch', async () => {
    await using world = await openPayoutWorld(dialect, { households: 1 })
    const { batchId } = await world.draft()
    await world.earn(1, 5)
    await world.giveAccount(1, { by: people.approver, turn: 1 })

    const attempt = (changedBy: string, confirmedBy: string = people.confirmer) => sql`
      insert into payout_attempt (batch_id, seq, line_id, attempt, household_code, income_kind, amount_fen, is_live,
        payee_account_id, changed_by, confirmed_by, outcome)
      select cast(${batchId} as text), 2, 'extra', 1, cast(${householdOf(1)} as text), 'WAGE', 1, 1 = 1,
        p.payee_account_id, cast(${changedBy} as text), cast(${confirmedBy} as text), 'unanswered'
      from payee_account p where p.changed_by = ${people.approver}`
    const enter = (changedBy: string, confirmedBy: string) =>
      tell(
        world,
        sql`insert into payout_changer (batch_id, changed_by, confirmed_by, step)
          values (${batchId}, ${changedBy}, ${confirmedBy}, 'account-change')`,
      )

    const smuggled = tell(world, attempt(people.approver))
    await expect(smuggled).rejects.toMatchObject({ kind: 'foreign-key' })
    const underAnotherName = tell(world, attempt(people.changer))
    await expect(underAnotherName).rejects.toMatchObject({ kind: 'foreign-key' })
    await tell(world, takePart(batchId, people.approver, 'account-change'))
    await enter(people.approver, people.changer)
    const underAnotherConfirmer = tell(world, attempt(people.approver, people.changer))
    await expect(underAnotherConfirmer).rejects.toMatchObject({ kind: 'foreign-key' })
    const confirmerWithoutPart = enter(people.approver, people.releaser)
    await expect(confirmerWithoutPart).rejects.toMatchObject({ kind: 'foreign-key' })
    await enter(people.approver, people.confirmer)

    await expect(tell(world, attempt(people.approver))).resolves.toBe(1)
  })

  it('approves and releases nothing without the signatures', async () => {
    await using world = await openPayoutWorld(dialect)
    const batchId = await closedBatch(world)
    const setState = (state: string) => sql`update payout_batch set state = ${state} where batch_id = ${batchId}`

    await expect(tell(world, setState('APPROVED'))).rejects.toMatchObject({ kind: 'immutable' })
    await tell(world, takePart(batchId, people.approver, 'approve'))
    await tell(world, setState('APPROVED'))
    await expect(tell(world, setState('EXPORTED'))).rejects.toMatchObject({ kind: 'immutable' })
    const file = sql`insert into payout_file (batch_id, file_no, from_seq, through_seq, row_count, total_fen, sha_256, byte_count, created_at_ms)
      values (${batchId}, 1, 1, 1, 1, 1, 'x', 1, 1)`
    await expect(tell(world, file)).rejects.toMatchObject({ kind: 'immutable' })
    await tell(world, takePart(batchId, people.releaser, 'release'))

    await expect(tell(world, file)).resolves.toBe(1)
  })

  it('closes no notice before its time', async () => {
    await using world = await openPayoutWorld(dialect)
    const { batchId } = await world.draft()

    const early = tell(
      world,
      sql`update payout_batch set state = 'NOTICE_CLOSED', notice_from_ms = 1, notice_until_ms = 9, notice_closed_at_ms = 8
        where batch_id = ${batchId}`,
    )

    await expect(early).rejects.toMatchObject({ kind: 'check' })
  })

  it('keeps no part, file or return from being rewritten', async () => {
    await using world = await openPayoutWorld(dialect)
    await world.draft()

    await expect(tell(world, sql`delete from payout_part`)).rejects.toMatchObject({ kind: 'immutable' })
    await expect(tell(world, sql`update payout_changer set changed_by = 'x'`)).rejects.toMatchObject({
      kind: 'immutable',
    })
  })

  it('lets one attempt of a household and kind live at a time', async () => {
    await using world = await openPayoutWorld(dialect, { households: 1 })
    const { batchId } = await world.draft()
    const another = (kind: string) => sql`
      insert into payout_attempt (batch_id, seq, line_id, attempt, household_code, income_kind, amount_fen, is_live,
        payee_account_id, changed_by, confirmed_by, outcome)
      select batch_id, 2, 'another', 1, household_code, ${kind}, 1, 1 = 1, payee_account_id, changed_by, confirmed_by,
        'unanswered'
      from payout_attempt where batch_id = ${batchId}`

    await expect(tell(world, another('OPERATING'))).rejects.toMatchObject({ kind: 'unique' })

    await expect(tell(world, another('WAGE'))).resolves.toBe(1)
  })

  it.each(['unanswered', 'unknown'])('keeps what is %s from being given up as not live', async (outcome) => {
    await using world = await openPayoutWorld(dialect, { households: 1 })
    const { batchId } = await world.draft()

    const dropped = tell(
      world,
      sql`update payout_attempt set outcome = ${outcome}, is_live = null where batch_id = ${batchId}`,
    )

    await expect(dropped).rejects.toMatchObject({ kind: 'check' })
  })

  it.each(['unanswered', 'unknown', 'paid', 'returned', 'withdrawn'])(
    'makes no further attempt after one that is %s',
    async (outcome) => {
      await using world = await openPayoutWorld(dialect, { households: 1 })
      const { batchId } = await world.draft()
      const isOpen = outcome === 'unanswered' || outcome === 'unknown'
      await tell(
        world,
        sql`update payout_attempt set outcome = ${outcome}, is_live = ${isOpen ? sql`1 = 1` : sql`null`}
          where batch_id = ${batchId}`,
      )

      await expect(tell(world, nextAttempt(batchId, 0))).rejects.toMatchObject({ kind: 'immutable' })
    },
  )

  it('makes the next attempt after a refusal, of the same debt only and in place of the one before', async () => {
    await using world = await openPayoutWorld(dialect, { households: 1 })
    const { batchId } = await world.draft()
    await tell(world, sql`update payout_attempt set outcome = 'failed' where batch_id = ${batchId}`)

    await expect(tell(world, nextAttempt(batchId, 1))).rejects.toMatchObject({ kind: 'immutable' })
    await expect(tell(world, nextAttempt(batchId, 0))).rejects.toMatchObject({ kind: 'unique' })
    await tell(world, sql`update payout_attempt set is_live = null where batch_id = ${batchId}`)
    await tell(world, nextAttempt(batchId, 0))

    expect(await attemptsOf(world, batchId)).toMatchObject([{ isLive: null }, { isLive: true, attempt: 2 }])
  })

  it('gives one bank account to one household', async () => {
    await using world = await openPayoutWorld(dialect, { households: 2 })

    const diverted = tell(
      world,
      sql`insert into payee_account select 'copy', 'another', name, bank_name, bank_no, account_sealed, account_fingerprint,
        last_4, state, reason, changed_by, changed_at_ms, confirmed_by, confirmed_at_ms, usable_from_ms, paused_reason
        from payee_account where household_code = ${householdOf(2)}`,
    )

    await expect(diverted).rejects.toMatchObject({ kind: 'unique' })
  })
})
