// No interleaving of sales, refunds, drafts, states, answers of the bank and follow-ups pays a fen twice or loses one: at every
// point what a household was paid and is owed adds up to what it earned, and money in transit is that of lines in transit.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkLedger } from '#server/ledger/check-ledger.ts'
import { namedAccounts } from '#server/ledger/account-kinds.ts'
import { balanceOf } from '#server/ledger/balances.ts'
import { findPayoutProblems } from '#server/payouts/check-payouts.ts'
import { RefusalError } from '#server/errors/refusal.ts'
import { reissueFailed } from '#server/payouts/reissue-failed.ts'
import { cancelBatch } from '#server/payouts/sign-batch.ts'
import type { BankResult } from '#server/payouts/rules.ts'
import type { BatchRow } from '#server/payouts/store.ts'
import { dialects } from '#tests/support/test-database.ts'
import { attemptsOf, linesOf, openPayoutWorld, people } from '#tests/support/payout-world.ts'
import type { PayoutWorld } from '#tests/support/payout-world.ts'

const households = [1, 2, 3]
const serial = fc.constantFrom(...households)
const step = fc.oneof(
  fc.record({ kind: fc.constant('earn'), serial, fen: fc.integer({ min: 1, max: 5_000 }) }),
  fc.record({ kind: fc.constant('refund'), serial, fen: fc.integer({ min: 1, max: 5_000 }) }),
  fc.record({ kind: fc.constant('account'), serial }),
  fc.record({
    kind: fc.constantFrom('draft', 'approve', 'export', 'cancel', 'reissue', 'pay', 'pay'),
    pick: fc.nat(5),
  }),
  fc.record({
    kind: fc.constant('answer'),
    pick: fc.nat(5),
    seq: fc.integer({ min: 1, max: 3 }),
    result: fc.constantFrom<BankResult>('PAID', 'FAILED', 'UNKNOWN', 'RETURNED'),
  }),
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

interface Run {
  readonly world: PayoutWorld
  readonly batches: BatchRow[]
  readonly earnedFen: Map<number, number>
  turn: number
}

/** Does a step; a refusal is an answer like any other. */
async function take(run: Run, wanted: Step): Promise<void> {
  const { world, batches, earnedFen } = run
  run.turn += 1
  world.clock.advance(1_000)
  const earn = (of: number, fen: number) => earnedFen.set(of, (earnedFen.get(of) ?? 0) + fen)
  try {
    if ('fen' in wanted) {
      const isSale = wanted.kind === 'earn'
      await (isSale ? world.earn(wanted.serial, wanted.fen) : world.refund(wanted.serial, wanted.fen))
      earn(wanted.serial, isSale ? wanted.fen : -wanted.fen)
    } else if ('serial' in wanted) await world.giveAccount(wanted.serial, { turn: run.turn })
    else await moveOn(run, wanted, batches[wanted.pick % Math.max(1, batches.length)])
  } catch (error) {
    if (!(error instanceof RefusalError)) throw error
  }
}

async function moveOn({ world, batches, turn }: Run, wanted: Step, batch: BatchRow | undefined): Promise<void> {
  if (wanted.kind === 'draft') batches.push(await world.draft())
  if (wanted.kind === 'pay') {
    const drafted = await world.draft()
    batches.push(drafted)
    await world.approve(drafted.batchId)
    await world.export(drafted.batchId)
  }
  if (batch === undefined) return
  const { batchId } = batch
  if (wanted.kind === 'approve') await world.approve(batchId)
  if (wanted.kind === 'export') await world.export(batchId)
  if (wanted.kind === 'cancel') await world.run((ctx) => cancelBatch(ctx, batchId, people.preparer, '作废'))
  if (wanted.kind === 'reissue') batches.push(await world.run((ctx) => reissueFailed(ctx, batchId, people.preparer)))
  if ('result' in wanted) await world.answer(batch, { [wanted.seq]: wanted.result }, `answer ${turn}`)
}

/** Every fen a household earned is on its account, in transit or paid by the bank, and only once. */
async function prove({ world, batches, earnedFen }: Run): Promise<void> {
  for (const of of households) {
    const lines = await linesOf(world, of)
    const sumOf = (...states: string[]) =>
      lines.filter(({ state }) => states.includes(state)).reduce((sum, { amountFen }) => sum + amountFen, 0)
    const owed = await world.balance(of)
    expect(owed + sumOf('exported', 'unknown') + sumOf('paid')).toBe(earnedFen.get(of))
    expect(owed).toBeGreaterThanOrEqual(0)
  }
  const paidOnce = new Map<string, number>()
  for (const { batchId } of batches)
    for (const { lineId, outcome } of await attemptsOf(world, batchId))
      if (['exported', 'unknown', 'paid'].includes(outcome)) paidOnce.set(lineId, (paidOnce.get(lineId) ?? 0) + 1)
  expect([...paidOnce.values()].filter((times) => times > 1)).toEqual([])
  expect(await world.run((ctx) => balanceOf(ctx, namedAccounts.payouts))).toBeGreaterThanOrEqual(0)
  expect((await world.database.read(findPayoutProblems)).problems).toEqual([])
}

describe.each(dialects)('payouts in any order on %s', (dialect) => {
  it('pay no fen twice and lose none', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        await using world = await openPayoutWorld(dialect)
        const run: Run = {
          world,
          batches: [],
          earnedFen: new Map(households.map((of) => [of, 10_000 * of])),
          turn: 0,
        }
        for (const wanted of steps) await take(run, wanted)
        await prove(run)
        expect((await world.database.read(checkLedger)).problems).toEqual([])
      }),
      { numRuns: dialect === 'sqlite' ? 60 : 12, seed: 20_260_301 },
    )
  }, 180_000)
})
