// A payout from the draft to its settlement, on both dialects.
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { namedAccounts } from '#server/ledger/account-kinds.ts'
import { balanceOf } from '#server/ledger/balances.ts'
import { checkLedger } from '#server/ledger/check-ledger.ts'
import { proveAtOnce } from '#server/ledger/proof.ts'
import { payoutProofs } from '#server/payouts/prove-payouts.ts'
import { explainLine } from '#server/payouts/explain-line.ts'
import { exportNext, readFile } from '#server/payouts/export-batch.ts'
import { listLines } from '#server/payouts/list-lines.ts'
import type { LineQuery } from '#server/payouts/list-lines.ts'
import { noticeWorkingDays } from '#server/payouts/rules.ts'
import {
  cancelBatch,
  decideObjection,
  openNotice,
  raiseObjection,
  releaseBatch,
  reviewBatch,
} from '#server/payouts/sign-batch.ts'
import { recordVerification, settleBatch } from '#server/payouts/verify-recipients.ts'
import { dialects } from '#tests/support/test-database.ts'
import { asker, attemptsOf, householdOf, linesOf, openPayoutWorld, people } from '#tests/support/payout-world.ts'
import { testSealer } from '#tests/support/test-sealer.ts'

describe.each(dialects)('a payout on %s', (dialect) => {
  it('drafts what each household is owed at the cut-off', async () => {
    await using world = await openPayoutWorld(dialect)

    const batch = await world.draft()

    expect(batch).toMatchObject({ state: 'DRAFT', lineCount: 3, totalFen: 60_000, skippedCount: 0, draftCursor: null })
    expect(await linesOf(world, 2)).toMatchObject([{ amountFen: 20_000, state: 'pending', incomeKind: 'OPERATING' }])
  })

  it('drafts the households of a scope, which may be a single one', async () => {
    await using world = await openPayoutWorld(dialect)

    const drafts = [
      await world.draft({ scopePrefix: householdOf(2) }),
      await world.draft({ scopePrefix: '500112143' }),
      await world.draft({ scopePrefix: '500112142' }),
    ]

    expect(drafts.map(({ householdTotal, lineCount, totalFen }) => [householdTotal, lineCount, totalFen])).toEqual([
      [1, 1, 20_000],
      [0, 0, 0],
      [3, 2, 40_000],
    ])
  })

  it('pays for a cut-off before the last payout only what that one left', async () => {
    await using world = await openPayoutWorld(dialect, { households: 1 })
    const cutoffMs = world.clock.now()
    const batch = await world.draft()
    world.clock.advance(1_000)
    await world.earn(1, 500)
    const laterCutoffMs = world.clock.now()
    await world.approve(batch.batchId)
    await world.export(batch.batchId)
    await world.answer(batch, { 1: 'PAID' })
    await world.earn(1, 3_000)

    const settled = await world.draft({ cutoffMs })
    const left = await world.draft({ cutoffMs: laterCutoffMs })
    const [line] = await attemptsOf(world, left.batchId)
    const explained = await world.run((ctx) => explainLine(ctx, left.batchId, line?.lineId ?? '', { limit: 10 }))

    expect([settled.totalFen, left.totalFen]).toEqual([0, 500])
    expect(explained).toMatchObject({ carriedInFen: 0, heldBackFen: 0, rows: [{ amountFen: 500 }] })
  })

  it('lists its lines by place or by amount, page by page', async () => {
    await using world = await openPayoutWorld(dialect, { households: 4 })
    await world.earn(1, 30_000)
    const { batchId } = await world.draft()
    async function placesOf(query: Omit<LineQuery, 'limit'>) {
      const places: number[] = []
      let cursor: string | undefined
      do {
        const page = await world.run((ctx) => listLines(ctx, batchId, { ...query, limit: 3, cursor }))
        places.push(...page.rows.map(({ seq }) => seq))
        cursor = page.nextCursor
      } while (cursor !== undefined)
      return places
    }
    const byPlace = await world.run((ctx) => listLines(ctx, batchId, { limit: 3 }))
    const elsewhere = { order: 'amount-highest', limit: 3, cursor: byPlace.nextCursor } as const

    const orders = {
      asItIs: await placesOf({}),
      backwards: await placesOf({ order: 'descending' }),
      largestFirst: await placesOf({ order: 'amount-highest' }),
      smallestFirst: await placesOf({ order: 'amount-lowest', outcome: 'pending' }),
      paid: await placesOf({ order: 'amount-lowest', outcome: 'paid' }),
    }

    // The first and the fourth are owed the same.
    expect(orders).toEqual({
      asItIs: [1, 2, 3, 4],
      backwards: [4, 3, 2, 1],
      largestFirst: [4, 1, 3, 2],
      smallestFirst: [2, 3, 1, 4],
      paid: [],
    })
    await expect(world.run((ctx) => listLines(ctx, batchId, elsewhere))).rejects.toMatchObject({
      code: 'request.invalid',
      field: 'cursor',
    })
  })

  it('lists the lines of one outcome', async () => {
    await using world = await openPayoutWorld(dialect, { households: 4 })
    const batch = await world.draft()
    const { batchId } = batch
    await world.approve(batchId)
    await world.export(batchId)
    await world.answer(batch, { 1: 'PAID', 2: 'FAILED' })

    const found = new Map<string, number[]>()
    for (const outcome of ['pending', 'exported', 'paid', 'failed'] as const) {
      const { rows } = await world.run((ctx) => listLines(ctx, batchId, { limit: 50, outcome }))
      expect(rows.every((row) => row.outcome === outcome)).toBe(true)
      found.set(
        outcome,
        rows.map(({ seq }) => seq),
      )
    }

    expect(Object.fromEntries(found)).toEqual({ pending: [], exported: [3, 4], paid: [1], failed: [2] })
  })

  it('moves the money to transit when its file is made, and to the bank when the bank has paid', async () => {
    await using world = await openPayoutWorld(dialect)
    const batch = await world.draft()

    await world.approve(batch.batchId)
    const exported = await world.export(batch.batchId)
    const transit = await world.run((ctx) => balanceOf(ctx, namedAccounts.payouts))
    await world.answer(batch, { 1: 'PAID', 2: 'PAID', 3: 'PAID' })

    expect(exported.state).toBe('EXPORTED')
    expect(transit).toBe(60_000)
    expect(await world.balance(1)).toBe(0)
    expect(await world.run((ctx) => balanceOf(ctx, namedAccounts.payouts))).toBe(0)
    expect(await world.run((ctx) => balanceOf(ctx, namedAccounts.mainBank))).toBe(60_000)
    expect((await world.database.read(checkLedger)).problems).toEqual([])
    for (const { checked, problems } of await world.database.read((ctx) => proveAtOnce(ctx, payoutProofs)))
      expect([checked > 0, problems]).toEqual([true, []])
  })

  it('gives the same file byte by byte whenever it is asked for', async () => {
    await using world = await openPayoutWorld(dialect, { maxRowsPerFile: 2 })
    const batch = await world.draft()
    await world.approve(batch.batchId)
    await world.export(batch.batchId)

    const read = (fileNo: number) =>
      world.run((ctx) => readFile(ctx, testSealer, { batchId: batch.batchId, fileNo }, people.releaser))
    const [first, again, second] = [await read(1), await read(1), await read(2)]

    expect(first.bytes).toEqual(again.bytes)
    expect(createHash('sha256').update(first.bytes).digest('hex')).toBe(first.file.sha256)
    expect([first.file.rowCount, second.file.rowCount]).toEqual([2, 1])
    expect(Buffer.from(first.bytes).toString('utf8')).toContain('9999000000000000001')
  })

  it('is given up by an objection to the whole of it that is upheld, and by no other', async () => {
    await using world = await openPayoutWorld(dialect, { households: 2 })
    const { batchId } = await world.draft()
    await world.run((ctx) => reviewBatch(ctx, batchId, people.preparer))
    await world.run((ctx) => openNotice(ctx, batchId, people.preparer, noticeWorkingDays))
    async function object(lineId: string | undefined, decision: 'upheld' | 'dismissed') {
      const objection = { lineId, reason: '标准不对', raisedBy: '村民' }
      const { objectionId } = await world.run((ctx) => raiseObjection(ctx, batchId, objection, 'desk'))
      const answer = { decision, note: '核实过' }
      return world.run((ctx) => decideObjection(ctx, { batchId, objectionId }, answer, 'desk'))
    }
    const [first] = await attemptsOf(world, batchId)

    const states = [
      (await object(undefined, 'dismissed')).state,
      (await object(first?.lineId, 'upheld')).state,
      (await object(undefined, 'upheld')).state,
    ]

    expect(states).toEqual(['RESOLVED', 'RESOLVED', 'CANCELLED'])
    expect((await attemptsOf(world, batchId)).map(({ failCode }) => failCode)).toEqual(['OBJECTION', 'CANCELLED'])
    expect(await world.draft()).toMatchObject({ lineCount: 2, totalFen: 30_000 })
  })

  it('may be given up while nothing has gone out, though lines were taken out already', async () => {
    await using world = await openPayoutWorld(dialect, { households: 2, maxRowsPerFile: 1 })
    const { batchId } = await world.draft()
    await world.approve(batchId)
    await world.giveAccount(1, { turn: 1 })
    await world.run((ctx) => releaseBatch(ctx, batchId, people.releaser))
    await world.run((ctx) => exportNext(ctx, testSealer, batchId, people.releaser))

    const cancelled = await world.run((ctx) => cancelBatch(ctx, batchId, people.preparer, '作废'))

    expect(cancelled).toMatchObject({ state: 'CANCELLED', exportedSeq: 1 })
    expect(await world.draft()).toMatchObject({ lineCount: 2, totalFen: 30_000 })
  })

  it('is settled once the bank has answered and the sampled recipients confirmed', async () => {
    await using world = await openPayoutWorld(dialect)
    const batch = await world.draft()
    await world.approve(batch.batchId)
    await world.export(batch.batchId)
    await world.answer(batch, { 1: 'PAID', 2: 'PAID', 3: 'PAID' })
    const { batchId } = batch

    const early = world.run((ctx) => settleBatch(ctx, batchId, 'finance'))
    await expect(early).rejects.toMatchObject({ code: 'payout.verification_open' })
    for (const { lineId } of await attemptsOf(world, batchId))
      await world.run((ctx) => recordVerification(ctx, batchId, { lineId, answer: 'received', note: '' }, asker))
    const settled = await world.run((ctx) => settleBatch(ctx, batchId, 'finance'))

    expect(settled.state).toBe('SETTLED')
  })
})
