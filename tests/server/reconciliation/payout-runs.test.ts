// A payout run three ways: ledger, batch and the bank's statement.
import { describe, expect, it } from 'vitest'
import { rows } from '#server/db/unit.ts'
import { approveClosing, proposeClosing } from '#server/reconciliation/close-difference.ts'
import { importStatement, readStatement } from '#server/reconciliation/import-statement.ts'
import type { StatementRow } from '#server/reconciliation/import-statement.ts'
import { dueSubjects, reconcileAll, subjectsOfStatement } from '#server/reconciliation/reconcile.ts'
import { reconcileBatch } from '#server/reconciliation/reconcile-batch.ts'
import { importReturn } from '#server/payouts/import-return.ts'
import type { ReturnRow } from '#server/payouts/import-return.ts'
import { recordVerification, settleBatch } from '#server/payouts/verify-recipients.ts'
import { incomeCsv } from '#tests/support/income-files.ts'
import { answersOf, asker, attemptsOf, openPayoutWorld } from '#tests/support/payout-world.ts'
import type { PayoutWorld } from '#tests/support/payout-world.ts'
import { dialects } from '#tests/support/test-database.ts'

async function state(world: PayoutWorld, lines: ReadonlyArray<readonly [string, string]>) {
  const text = lines.map(([reference, amount]) => [reference, '2026-03-20', amount])
  const file = await readStatement(incomeCsv(text, '流水号,交易日期,金额'), 'payouts')
  return (await world.run((ctx) => importStatement(ctx, file, 'finance'))).statement
}

/** Compares what the newest statement concerns. */
async function compare(world: PayoutWorld, statement: StatementRow) {
  const found = await reconcileAll(world.database, await world.run((ctx) => subjectsOfStatement(ctx, statement)))
  return new Map(found.map(({ subject, differenceFen, openCount }) => [subject, [differenceFen, openCount]]))
}

/** A paid payout of one household, whose recipient has confirmed. */
async function settledPayout(world: PayoutWorld) {
  const batch = await world.draft()
  await world.approve(batch.batchId)
  await world.export(batch.batchId)
  await world.answer(batch, { 1: 'PAID' })
  const [line] = await attemptsOf(world, batch.batchId)
  const answer = { lineId: line?.lineId ?? '', answer: 'received' as const, note: '' }
  await world.run((ctx) => recordVerification(ctx, batch.batchId, answer, asker))
  return world.run((ctx) => settleBatch(ctx, batch.batchId, 'finance'))
}

const differencesOf = (world: PayoutWorld) =>
  world.database.read((ctx) => rows(ctx.db.select().from(ctx.tables.reconciliationDifferences)))

describe.each(dialects)('a payout run on %s', (dialect) => {
  it('agrees three ways once the statement shows what the bank said, refusals included', async () => {
    await using world = await openPayoutWorld(dialect, { households: 3 })
    const batch = await world.draft()
    await world.approve(batch.batchId)
    await world.export(batch.batchId)
    await world.answer(batch, { 1: 'PAID', 2: 'FAILED', 3: 'PAID' })
    await state(world, [
      [`S${batch.batchNo}-1`, '-100.00'],
      [`${batch.batchNo}-3`, '-300.00'],
    ])

    const found = await world.run((ctx) => reconcileBatch(ctx, batch.batchNo))

    expect(found).toMatchObject({ statementFen: -40_000, booksFen: -40_000, differenceFen: 0, openCount: 0 })
  })

  it('names who stands alone: the bank that paid without an answer, the batch that the bank does not show', async () => {
    await using world = await openPayoutWorld(dialect, { households: 3 })
    const batch = await world.draft()
    await world.approve(batch.batchId)
    await world.export(batch.batchId)
    await world.answer(batch, { 1: 'PAID', 2: 'UNKNOWN', 3: 'PAID' })
    await state(world, [
      [`S${batch.batchNo}-1`, '-100.00'],
      [`${batch.batchNo}-2`, '-200.00'],
    ])

    const found = await world.run((ctx) => reconcileBatch(ctx, batch.batchNo))
    await world.answer(batch, { 2: 'PAID' })
    await state(world, [[`S${batch.batchNo}-3`, '-300.00']])
    const later = await world.run((ctx) => reconcileBatch(ctx, batch.batchNo))

    expect(found).toMatchObject({ statementFen: -30_000, booksFen: -40_000, differenceFen: 10_000, openCount: 2 })
    expect(later).toMatchObject({ statementFen: -60_000, booksFen: -60_000, differenceFen: 0, openCount: 0 })
    const kept = await differencesOf(world)
    expect(new Map(kept.map(({ reference, causes, state: it }) => [reference, [causes, it]]))).toEqual(
      new Map([
        [`${batch.batchNo}-2`, [['return_file_missing'], 'matched']],
        [`S${batch.batchNo}-3`, [['statement_not_complete', 'bank_did_not_pay'], 'matched']],
      ]),
    )
  })

  it('says that the bank took more than the batch asks for', async () => {
    await using world = await openPayoutWorld(dialect, { households: 1 })
    const batch = await world.draft()
    await world.approve(batch.batchId)
    await world.export(batch.batchId)
    await world.answer(batch, { 1: 'PAID' })
    await state(world, [[`S${batch.batchNo}-1`, '-200.00']])

    await world.run((ctx) => reconcileBatch(ctx, batch.batchNo))

    expect(await differencesOf(world)).toMatchObject([
      { kind: 'amount_differs', statementFen: -20_000, batchFen: -10_000, causes: ['bank_took_more', 'paid_twice'] },
    ])
  })

  it('takes a payment and its coming back, two lines of the bank, for nothing moved', async () => {
    await using world = await openPayoutWorld(dialect, { households: 1 })
    const batch = await world.draft()
    await world.approve(batch.batchId)
    await world.export(batch.batchId)
    await world.answer(batch, { 1: 'PAID' })
    const [back] = answersOf(batch, { 1: 'RETURNED' })
    const file = { sha256: 'back', rows: [{ ...back, bankSerialNo: 'R1' } as ReturnRow] }
    await world.run((ctx) => importReturn(ctx, batch.batchId, file, 'finance'))
    await state(world, [
      [`S${batch.batchNo}-1`, '-100.00'],
      ['R1', '100.00'],
    ])

    const found = await world.run((ctx) => reconcileBatch(ctx, batch.batchNo))

    expect(found).toMatchObject({ statementFen: 0, booksFen: 0, openCount: 0 })
  })

  it('keeps one difference of a line that gets a serial number only later, closed or not', async () => {
    await using world = await openPayoutWorld(dialect, { households: 2 })
    const batch = await world.draft()
    await world.approve(batch.batchId)
    await world.export(batch.batchId)
    await state(world, [
      [`${batch.batchNo}-1`, '-200.00'],
      [`${batch.batchNo}-2`, '-250.00'],
    ])
    await world.run((ctx) => reconcileBatch(ctx, batch.batchNo))
    const first = (await differencesOf(world)).find(({ reference }) => reference === `${batch.batchNo}-1`)
    const differenceId = first?.differenceId ?? ''
    const proposal = { differenceId, otherAccountId: 'transit:unattributed', reason: '先挂账', byAccountId: 'ann' }
    await world.run((ctx) => proposeClosing(ctx, proposal))
    await world.run((ctx) => approveClosing(ctx, { differenceId, byAccountId: 'bob' }))

    await world.answer(batch, { 1: 'PAID', 2: 'PAID' })
    const found = await world.run((ctx) => reconcileBatch(ctx, batch.batchNo))

    expect(found).toMatchObject({ differenceFen: 5_000, openCount: 2 })
    const kept = await differencesOf(world)
    expect(
      new Map(kept.map(({ reference, ...row }) => [reference, [row.state, row.statementFen - row.booksFen]])),
    ).toEqual(
      new Map([
        [`${batch.batchNo}-1`, ['closed', -20_000]],
        [`${batch.batchNo}-1#2`, ['open', 10_000]],
        [`${batch.batchNo}-2`, ['open', -5_000]],
      ]),
    )
  })

  it('finds a line by the id that an ISO 20022 file gave it', async () => {
    await using world = await openPayoutWorld(dialect, { households: 1, format: 'pain.001', encoding: 'utf-8' })
    const batch = await world.draft()
    await world.approve(batch.batchId)
    await world.export(batch.batchId)
    await world.answer(batch, { 1: 'PAID' })

    const found = await compare(world, await state(world, [[`${batch.batchNo}-0000001`, '-100.00']]))

    expect(found).toEqual(new Map([[batch.batchNo, [0, 0]]]))
  })

  it('is compared though it was settled, when a statement names it or the bank sends a payment back', async () => {
    await using world = await openPayoutWorld(dialect, { households: 1 })
    const batch = await settledPayout(world)

    const first = await compare(world, await state(world, [[`S${batch.batchNo}-1`, '-99.00']]))
    world.clock.advance(1_000)
    await world.answer(batch, { 1: 'RETURNED' })
    const due = await world.database.read(dueSubjects)

    expect(first).toEqual(new Map([[batch.batchNo, [100, 1]]]))
    expect(due).toContainEqual({ channel: 'payouts', subject: batch.batchNo })
  })

  it('leaves to their day the lines that belong to no payout, until an answer of the bank names them', async () => {
    await using world = await openPayoutWorld(dialect, { households: 1 })
    const batch = await world.draft()
    await world.approve(batch.batchId)
    await world.export(batch.batchId)
    const statement = await state(world, [
      [`S${batch.batchNo}-1`, '-100.00'],
      [`${batch.batchNo}-7`, '-5.00'],
    ])

    const before = await compare(world, statement)
    await world.answer(batch, { 1: 'PAID' })
    await reconcileAll(world.database, await world.database.read(dueSubjects))

    expect(before).toEqual(
      new Map([
        [batch.batchNo, [0, 0]],
        ['2026-03-20', [-10_500, 2]],
      ]),
    )
    const kept = await differencesOf(world)
    expect(new Map(kept.map(({ subject, reference, kind, state: it }) => [reference, [subject, kind, it]]))).toEqual(
      new Map([
        [`${batch.batchNo}-7`, ['2026-03-20', 'missing_in_books', 'open']],
        [`S${batch.batchNo}-1`, ['2026-03-20', 'missing_in_books', 'matched']],
      ]),
    )
  })

  it('is refused when there is no such batch', async () => {
    await using world = await openPayoutWorld(dialect, { households: 1 })

    await expect(world.run((ctx) => reconcileBatch(ctx, 'O-20260301-999'))).rejects.toMatchObject({
      code: 'reconciliation.batch_unknown',
    })
  })
})
