// What the bank answers: paid, refused, not known, sent back; files twice, files with errors; and what is tried again.
import { describe, expect, it } from 'vitest'
import { namedAccounts } from '#server/ledger/account-kinds.ts'
import { balanceOf } from '#server/ledger/balances.ts'
import { findPayoutProblems } from '#server/payouts/check-payouts.ts'
import { exportNext } from '#server/payouts/export-batch.ts'
import { previewReturn } from '#server/payouts/preview-return.ts'
import { queryUnknown } from '#server/payouts/query-unknown.ts'
import { reissueFailed } from '#server/payouts/reissue-failed.ts'
import { showBatch } from '#server/payouts/show-payouts.ts'
import { releaseBatch } from '#server/payouts/sign-batch.ts'
import { requireBatch } from '#server/payouts/store.ts'
import { recordVerification, settleBatch } from '#server/payouts/verify-recipients.ts'
import { dialects } from '#tests/support/test-database.ts'
import { answersOf, asker, attemptsOf, linesOf, openPayoutWorld, people } from '#tests/support/payout-world.ts'
import type { PayoutWorld } from '#tests/support/payout-world.ts'
import { testSealer } from '#tests/support/test-sealer.ts'

async function exported(world: PayoutWorld) {
  const batch = await world.draft()
  await world.approve(batch.batchId)
  return world.export(batch.batchId)
}
const transit = (world: PayoutWorld) => world.run((ctx) => balanceOf(ctx, namedAccounts.payouts))

describe.each(dialects)('the bank’s answer on %s', (dialect) => {
  it('re-opens the debt of a refused line, and pauses its account', async () => {
    await using world = await openPayoutWorld(dialect)
    const batch = await exported(world)

    await world.answer(batch, { 1: 'FAILED', 2: 'PAID', 3: 'PAID' })
    const next = await world.draft()

    expect(await world.balance(1)).toBe(10_000)
    expect(await linesOf(world, 1)).toMatchObject([{ state: 'failed' }])
    // The refused line is still live: a new draft does not pay it beside the follow-up.
    expect(next).toMatchObject({ lineCount: 0, skippedCount: 1, skippedFen: 10_000 })
  })

  it('re-opens the debt of a line that was paid and came back', async () => {
    await using world = await openPayoutWorld(dialect)
    const batch = await exported(world)
    await world.answer(batch, { 1: 'PAID', 2: 'PAID', 3: 'PAID' })

    await world.answer(batch, { 2: 'RETURNED' })

    expect(await world.balance(2)).toBe(20_000)
    expect(await world.run((ctx) => balanceOf(ctx, namedAccounts.mainBank))).toBe(40_000)
    expect(await linesOf(world, 2)).toMatchObject([{ state: 'returned' }])
  })

  it('asks nobody to confirm a payment that came back', async () => {
    await using world = await openPayoutWorld(dialect, { households: 2 })
    const batch = await exported(world)
    await world.answer(batch, { 1: 'PAID', 2: 'PAID' })
    await world.answer(batch, { 2: 'RETURNED' })
    const { batchId } = batch
    const settle = () => world.run((ctx) => settleBatch(ctx, batchId, 'finance'))

    const early = settle()
    await expect(early).rejects.toMatchObject({ code: 'payout.verification_open' })
    const [paid] = await attemptsOf(world, batchId)
    const answer = { lineId: paid?.lineId ?? '', answer: 'received' as const, note: '' }
    await world.run((ctx) => recordVerification(ctx, batchId, answer, asker))

    expect((await settle()).state).toBe('SETTLED')
  })

  it('does nothing when the same file comes again, or the same answer in another', async () => {
    await using world = await openPayoutWorld(dialect)
    const batch = await exported(world)
    await world.answer(batch, { 1: 'PAID', 2: 'FAILED', 3: 'UNKNOWN' }, 'a')

    await world.answer(batch, { 1: 'PAID', 2: 'FAILED', 3: 'UNKNOWN' }, 'a')
    const summary = await world.answer(batch, { 1: 'PAID', 2: 'FAILED', 3: 'UNKNOWN' }, 'b')

    expect(summary).toMatchObject({ repeatedCount: 3, paidCount: 0, failedCount: 0 })
    expect(await world.balance(2)).toBe(20_000)
    expect(await transit(world)).toBe(30_000)
  })

  it('imports nothing of a file with one row that contradicts, or is nobody’s', async () => {
    await using world = await openPayoutWorld(dialect)
    const batch = await exported(world)
    await world.answer(batch, { 1: 'PAID' })

    const contradicting = world.answer(batch, { 1: 'FAILED', 2: 'PAID' })
    const foreign = world.answer(batch, { 2: 'PAID', 9: 'PAID' })

    await expect(contradicting).rejects.toMatchObject({
      code: 'payout.return_invalid',
      errors: [{ field: 'row 2, result', message: 'FAILED contradicts what is known: paid' }],
    })
    await expect(foreign).rejects.toMatchObject({ errors: [{ field: 'row 3, seq' }] })
    expect((await attemptsOf(world, batch.batchId)).map(({ outcome }) => outcome)).toEqual([
      'paid',
      'exported',
      'exported',
    ])
  })

  it('asks about what the bank does not know and never sends it again', async () => {
    await using world = await openPayoutWorld(dialect)
    const batch = await exported(world)
    await world.answer(batch, { 1: 'UNKNOWN', 2: 'PAID', 3: 'PAID' })
    const { batchId } = batch

    const resent = world.run((ctx) => reissueFailed(ctx, batchId, people.preparer))
    await expect(resent).rejects.toMatchObject({ code: 'payout.nothing_failed' })
    await world.run((ctx) => queryUnknown(ctx, batchId, 'finance'))
    const [asked] = await attemptsOf(world, batchId)
    await world.answer(batch, { 1: 'FAILED' }, 'the answer')

    expect(asked).toMatchObject({ outcome: 'unknown', queriedAtMs: world.clock.now() })
    expect(await world.balance(1)).toBe(10_000)
  })

  it('lets a follow-up hold only what was refused, as the next attempt, once the account is entered anew', async () => {
    await using world = await openPayoutWorld(dialect)
    const batch = await exported(world)
    await world.answer(batch, { 1: 'FAILED', 2: 'PAID', 3: 'FAILED' })

    const early = world.run((ctx) => reissueFailed(ctx, batch.batchId, people.preparer))
    await expect(early).rejects.toMatchObject({ code: 'payout.nothing_failed', facts: { account_paused: 2 } })
    await world.giveAccount(1, { turn: 1 })
    const followUp = await world.run((ctx) => reissueFailed(ctx, batch.batchId, people.preparer))
    await world.approve(followUp.batchId)
    await world.export(followUp.batchId)
    await world.answer(followUp, { 1: 'PAID' })

    expect(followUp).toMatchObject({ lineCount: 1, totalFen: 10_000, skippedCount: 1, followsBatchId: batch.batchId })
    expect(await attemptsOf(world, followUp.batchId)).toMatchObject([{ attempt: 2, outcome: 'paid' }])
    expect([await world.balance(1), await world.balance(3), await transit(world)]).toEqual([0, 30_000, 0])
    expect((await world.database.read(findPayoutProblems)).problems).toEqual([])
  })

  it('leaves nothing behind of a refused line whose money a refund has taken in part', async () => {
    await using world = await openPayoutWorld(dialect, { households: 2 })
    const batch = await exported(world)
    await world.answer(batch, { 1: 'FAILED', 2: 'FAILED' })
    await world.refund(1, 4_000)
    await world.giveAccount(1, { turn: 1 })
    await world.giveAccount(2, { turn: 1 })

    const next = await world.draft()
    const followUp = await world.run((ctx) => reissueFailed(ctx, batch.batchId, people.preparer))

    // The first household is paid what is left, the second by the follow-up alone.
    expect(next).toMatchObject({ lineCount: 1, totalFen: 6_000, skippedCount: 1 })
    expect(followUp).toMatchObject({ lineCount: 1, totalFen: 20_000, skippedCount: 0 })
  })

  it('can be looked at before: the preview shows the transfers and keeps nothing', async () => {
    await using world = await openPayoutWorld(dialect)
    const batch = await exported(world)
    const file = { sha256: 'x', rows: answersOf(batch, { 1: 'PAID', 2: 'FAILED' }) }

    const preview = await world.run((ctx) => previewReturn(ctx, batch.batchId, file, 'finance'))

    expect(preview).toMatchObject({ paidCount: 1, failedCount: 1 })
    expect(
      preview.postings.map(({ debitAccountId, creditAccountId, amountFen }) => [
        debitAccountId,
        creditAccountId,
        amountFen,
      ]),
    ).toEqual([
      ['transit:payouts', 'bank:main', 10_000],
      ['transit:payouts', 'household:5001121422010002', 20_000],
    ])
    expect(await transit(world)).toBe(60_000)
  })

  it('shows the transfers in the preview however long the clock runs on meanwhile', async () => {
    await using world = await openPayoutWorld(dialect)
    const batch = await exported(world)
    const file = { sha256: 'x', rows: answersOf(batch, { 1: 'PAID' }) }
    const { clock } = world
    const read = clock.now.bind(clock)
    clock.now = () => {
      clock.advance(1)
      return read()
    }

    const preview = await world.run((ctx) => previewReturn(ctx, batch.batchId, file, 'finance'))

    expect(preview.postings).toHaveLength(1)
  })

  it('is not waited for when no line could be sent any more', async () => {
    await using world = await openPayoutWorld(dialect)
    const { batchId } = await world.draft()
    await world.approve(batchId)
    await world.run((ctx) => releaseBatch(ctx, batchId, people.releaser))
    for (const serial of [1, 2, 3]) await world.giveAccount(serial, { turn: 1 })

    const batch = await world.run((ctx) => exportNext(ctx, testSealer, batchId, people.releaser))
    const settled = await world.run((ctx) => settleBatch(ctx, batchId, 'finance'))

    expect([batch.state, settled.state]).toEqual(['BANK_RETURNED', 'SETTLED'])
    expect(await world.draft()).toMatchObject({ lineCount: 3 })
  })

  it('is not waited for when the last lines had to be left out and those before are answered', async () => {
    await using world = await openPayoutWorld(dialect, { maxRowsPerFile: 2 })
    const { batchId } = await world.draft()
    await world.approve(batchId)
    await world.run((ctx) => releaseBatch(ctx, batchId, people.releaser))
    await world.giveAccount(3, { turn: 1 })
    const release = () => world.run((ctx) => exportNext(ctx, testSealer, batchId, people.releaser))
    const half = await release()

    const batch = await release()
    const answered = await world.answer(batch, { 1: 'PAID', 2: 'PAID' })

    expect([half.state, batch.state]).toEqual(['APPROVED', 'EXPORTED'])
    expect(answered).toMatchObject({ paidCount: 2 })
    expect((await world.run((ctx) => requireBatch(ctx, batchId))).state).toBe('BANK_RETURNED')
  })

  it('is missed when it does not come by its day', async () => {
    await using world = await openPayoutWorld(dialect)
    const batch = await exported(world)
    const before = await world.database.read(findPayoutProblems)

    world.clock.advance((batch.returnDueMs ?? 0) - world.clock.now() + 1)

    expect(before.overdue).toEqual([])
    expect((await world.database.read(findPayoutProblems)).overdue).toEqual([batch.batchNo])
  })

  it('is missed by what was sent of a batch whose other files nobody has made', async () => {
    await using world = await openPayoutWorld(dialect, { maxRowsPerFile: 2 })
    const { batchId, batchNo } = await world.draft()
    await world.approve(batchId)
    const unsent = await world.run((ctx) => releaseBatch(ctx, batchId, people.releaser))
    const batch = await world.run((ctx) => exportNext(ctx, testSealer, batchId, people.releaser))

    world.clock.advance((batch.returnDueMs ?? 0) - world.clock.now() + 1)

    expect([unsent.returnDueMs, batch.state]).toEqual([null, 'APPROVED'])
    expect((await world.database.read(findPayoutProblems)).overdue).toEqual([batchNo])
    expect(showBatch({ now: () => world.clock.now() }, batch).isOverdue).toBe(true)
  })
})
