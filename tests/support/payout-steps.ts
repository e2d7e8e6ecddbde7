// The use cases of money around payouts, one a step, for tests that take them in any order: each is done when the draw says so,
// and refused where nothing allows it.
import assert from 'node:assert/strict'
import { and, eq, isNull } from 'drizzle-orm'
import { one, rows } from '#server/db/unit.ts'
import type { Unit, UnitContext } from '#server/db/unit.ts'
import { RefusalError } from '#server/errors/refusal.ts'
import { accountIdOf, namedAccounts } from '#server/ledger/account-kinds.ts'
import { balanceOf } from '#server/ledger/balances.ts'
import { postTransfers } from '#server/ledger/post-transfers.ts'
import { reverseCause } from '#server/ledger/reverse-transfers.ts'
import { draftNext, openBatch } from '#server/payouts/draft-batch.ts'
import { exportNext, readFile } from '#server/payouts/export-batch.ts'
import { importReturn } from '#server/payouts/import-return.ts'
import { sealAccount } from '#server/payouts/payee-account-seal.ts'
import { confirmAccount, proposeAccount } from '#server/payouts/payee-accounts.ts'
import { previewReturn } from '#server/payouts/preview-return.ts'
import { queryUnknown } from '#server/payouts/query-unknown.ts'
import { reissueFailed } from '#server/payouts/reissue-failed.ts'
import { noticeWorkingDays } from '#server/payouts/rules.ts'
import type { BankResult } from '#server/payouts/rules.ts'
import { listPostings } from '#server/payouts/show-payouts.ts'
import * as sign from '#server/payouts/sign-batch.ts'
import { requireBatch } from '#server/payouts/store.ts'
import type { BatchRow } from '#server/payouts/store.ts'
import { recordVerification, settleBatch } from '#server/payouts/verify-recipients.ts'
import { accountNumberOf, answersOf, asker, attemptsOf, householdOf, people } from './payout-world.ts'
import type { PayoutWorld } from './payout-world.ts'
import { testSealer } from './test-sealer.ts'

export const households: readonly number[] = [1, 2, 3]
const dayMs = 86_400_000

/** What the steps need of the world around them. */
export type PayoutDesk = Pick<PayoutWorld, 'run'> & { readonly clock: Pick<PayoutWorld['clock'], 'now' | 'advance'> }

export interface Run<TWorld extends PayoutDesk = PayoutDesk> {
  readonly world: TWorld
  /** Ids, oldest first. */
  readonly batches: string[]
  readonly earnedFen: Map<number, number>
  readonly sales: Array<{ readonly id: string; readonly serial: number; readonly fen: number; isReversed: boolean }>
  readonly proposals: string[]
  turn: number
}

/** What a step may need; each use case takes of it what it wants. */
export interface Draw {
  /** Undefined: what the newest batch waits for. */
  readonly name: UseCase | undefined
  readonly pick: number
  readonly serial: number
  readonly fen: number
  readonly result: BankResult
  /** Of the newest batch, whatever `pick` is. */
  readonly isNewest?: boolean
}

type Act = (run: Run, draw: Draw) => Promise<unknown>

const earn = ({ earnedFen }: Run, serial: number, fen: number) =>
  earnedFen.set(serial, (earnedFen.get(serial) ?? 0) + fen)

/** The batch of the draw, one of the last three. */
const batchIdOf = ({ batches }: Run, { pick, isNewest }: Draw): string =>
  batches.at(isNewest === true ? -1 : -1 - (pick % 3)) ?? batches.at(-1) ?? 'none'

const onBatch =
  (work: (ctx: UnitContext, batchId: string, run: Run, draw: Draw) => Unit<unknown>): Act =>
  (run, draw) =>
    run.world.run((ctx) => work(ctx, batchIdOf(run, draw), run, draw))

/** A transfer of a household's money from or to the wallet's channel. */
const moveSale = ({ world }: Run, serial: number, fen: number, id: string) => {
  const household = accountIdOf('household', householdOf(serial))
  const channel = accountIdOf('channel', 'wallet')
  const [debit, credit] = fen > 0 ? [channel, household] : [household, channel]
  const cause = { kind: fen > 0 ? ('sale-line' as const) : ('sale-refund' as const), id }
  return world.run((ctx) => postTransfers(ctx, [{ debit, credit, amountFen: Math.abs(fen), cause, leg: '0' }]))
}

const money = {
  async sale(run, { serial, fen }) {
    const id = `s${run.turn}`
    await moveSale(run, serial, fen, id)
    earn(run, serial, fen)
    run.sales.push({ id, serial, fen, isReversed: false })
  },
  async refund(run, { serial, fen }) {
    await moveSale(run, serial, -fen, `r${run.turn}`)
    earn(run, serial, -fen)
  },
  async reversal(run, { pick }) {
    const sale = run.sales[pick % Math.max(1, run.sales.length)]
    if (sale === undefined) return
    const outcome = await run.world.run((ctx) => reverseCause(ctx, { kind: 'sale-line', id: sale.id }, 'wrong lot'))
    assert.equal(outcome, sale.isReversed ? 'already' : 'posted')
    if (!sale.isReversed) earn(run, sale.serial, -sale.fen)
    sale.isReversed = true
  },
  async wait({ world }, { pick }) {
    world.clock.advance((1 + pick) * dayMs)
  },
} satisfies Record<string, Act>

const accounts = {
  propose: (run, { serial }) =>
    run.world.run(function* (ctx) {
      const payeeAccountId = ctx.newId()
      yield* proposeAccount(
        ctx,
        {
          payeeAccountId,
          householdCode: householdOf(serial),
          name: '王小明',
          bankName: '演示农商行',
          bankNo: '999653000002',
          reason: '换卡',
          ...sealAccount(testSealer, payeeAccountId, accountNumberOf(serial, run.turn)),
        },
        people.changer,
      )
      run.proposals.push(payeeAccountId)
    }),
  confirm: ({ world, proposals }) => world.run((ctx) => confirmAccount(ctx, proposals.at(-1) ?? '', people.confirmer)),
} satisfies Record<string, Act>

/** Of the batch's objections the open one. */
function* openObjection({ db, tables: { payoutObjections: o } }: UnitContext, batchId: string): Unit<string> {
  const isOpen = and(eq(o.batchId, batchId), isNull(o.decision))
  return (yield* one(db.select({ id: o.objectionId }).from(o).where(isOpen)))?.id ?? ''
}

const signatures = {
  async open(run) {
    const request = { incomeKind: 'OPERATING' as const, minimumFen: 1, profileId: 'abc', scopePrefix: '', note: '' }
    const cutoffMs = run.world.clock.now()
    const batch = await run.world.run((ctx) => openBatch(ctx, { ...request, cutoffMs }, people.preparer))
    run.batches.push(batch.batchId)
  },
  look: onBatch((ctx, batchId) => draftNext(ctx, batchId)),
  review: onBatch((ctx, batchId) => sign.reviewBatch(ctx, batchId, people.preparer)),
  notice: onBatch((ctx, batchId) => sign.openNotice(ctx, batchId, people.preparer, noticeWorkingDays)),
  object: onBatch(function* (ctx, batchId, _, { pick }) {
    const { payoutAttempts: a } = ctx.tables
    const lines = yield* rows(ctx.db.select({ lineId: a.lineId }).from(a).where(eq(a.batchId, batchId)))
    const objection = { lineId: lines[pick % Math.max(1, lines.length)]?.lineId, reason: '不对', raisedBy: '村民' }
    return yield* sign.raiseObjection(ctx, batchId, objection, 'desk')
  }),
  decide: onBatch(function* (ctx, batchId, _, { pick }) {
    const objectionId = yield* openObjection(ctx, batchId)
    const decision = { decision: pick % 2 === 0 ? ('upheld' as const) : ('dismissed' as const), note: '查过' }
    return yield* sign.decideObjection(ctx, { batchId, objectionId }, decision, 'desk')
  }),
  close: onBatch((ctx, batchId) => sign.closeNotice(ctx, batchId, people.preparer)),
  approve: onBatch((ctx, batchId) => sign.approveBatch(ctx, batchId, people.approver)),
  release: onBatch((ctx, batchId) => sign.releaseBatch(ctx, batchId, people.releaser)),
  cancel: onBatch((ctx, batchId) => sign.cancelBatch(ctx, batchId, people.preparer, '作废')),
} satisfies Record<string, Act>

const transitFen = ({ world }: Run) => world.run((ctx) => balanceOf(ctx, namedAccounts.payouts))
const shownFen = async ({ world }: Run, batchId: string) =>
  (await world.run((ctx) => listPostings(ctx, batchId, { limit: 10 }))).totalFen
const withdrawnFen = async ({ world }: Run, batchId: string) =>
  (await attemptsOf(world, batchId))
    .filter(({ outcome }) => outcome === 'withdrawn')
    .reduce((sum, { amountFen }) => sum + amountFen, 0)

const bank = {
  /** What the dry run showed is what is booked, but for lines that have to be left out. */
  async export(run, draw) {
    const batchId = batchIdOf(run, draw)
    const sums = async () =>
      [await transitFen(run), await shownFen(run, batchId), await withdrawnFen(run, batchId)] as const
    const [transit, shown, withdrawn] = await sums()
    await run.world.run((ctx) => exportNext(ctx, testSealer, batchId, people.releaser))
    const [transitAfter, shownAfter, withdrawnAfter] = await sums()
    assert.equal(transitAfter - transit, shown - shownAfter - (withdrawnAfter - withdrawn))
  },
  read: onBatch((ctx, batchId) => readFile(ctx, testSealer, { batchId, fileNo: 1 }, people.releaser)),
  preview: onBatch(function* (ctx, batchId, run, { pick, result }) {
    return yield* previewReturn(ctx, batchId, answerOf(yield* requireBatch(ctx, batchId), pick, result, run), 'finance')
  }),
  answer: onBatch(function* (ctx, batchId, run, { pick, result }) {
    return yield* importReturn(ctx, batchId, answerOf(yield* requireBatch(ctx, batchId), pick, result, run), 'finance')
  }),
  query: onBatch((ctx, batchId) => queryUnknown(ctx, batchId, 'finance')),
  async reissue(run, draw) {
    const batchId = batchIdOf(run, draw)
    run.batches.push((await run.world.run((ctx) => reissueFailed(ctx, batchId, people.preparer))).batchId)
  },
  verify: onBatch(function* (ctx, batchId) {
    const { payoutVerifications: v } = ctx.tables
    const asked = yield* one(
      ctx.db
        .select()
        .from(v)
        .where(and(eq(v.batchId, batchId), isNull(v.answer))),
    )
    const answer = { lineId: asked?.lineId ?? '', answer: 'received' as const, note: '' }
    return yield* recordVerification(ctx, batchId, answer, asker)
  }),
  settle: onBatch((ctx, batchId) => settleBatch(ctx, batchId, 'finance')),
} satisfies Record<string, Act>

const answerOf = (batch: BatchRow, pick: number, result: BankResult, { turn }: Run) => ({
  sha256: `${batch.batchNo} ${turn}`,
  rows: answersOf(batch, { [(pick % Math.max(1, batch.lineCount)) + 1]: result }),
})

const useCases = { ...money, ...accounts, ...signatures, ...bank }
export type UseCase = keyof typeof useCases
export const names = Object.keys(useCases) as UseCase[]

/** What was refused is tried again once its account is entered anew. */
const afterAnswers = ['verify', 'propose', 'confirm', 'wait', 'reissue', 'settle'] as const satisfies readonly UseCase[]

/** What the newest batch waits for: chance alone seldom signs eight times in a row. */
async function nextOf({ world, batches, turn }: Run): Promise<UseCase> {
  const batchId = batches.at(-1)
  if (batchId === undefined) return 'open'
  const { state, draftCursor, noticeUntilMs } = await world.run((ctx) => requireBatch(ctx, batchId))
  const isEven = turn % 2 === 0
  switch (state) {
    case 'DRAFT':
      return draftCursor === null ? 'review' : 'look'
    case 'REVIEWED':
      return 'notice'
    case 'OBJECTED':
      return 'decide'
    case 'NOTICE_OPEN':
    case 'RESOLVED':
      if (turn % 4 === 0) return 'object'
      world.clock.advance(Math.max(0, (noticeUntilMs ?? 0) - world.clock.now()))
      return 'close'
    case 'NOTICE_CLOSED':
      return 'approve'
    case 'APPROVED':
      return isEven ? 'export' : 'release'
    case 'EXPORTED':
      return 'answer'
    case 'BANK_RETURNED':
      return afterAnswers[turn % afterAnswers.length] ?? 'verify'
    case 'SETTLED':
    case 'CANCELLED':
      return 'open'
  }
}

/** Does a step; a refusal is an answer like any other. Returns the use case when it was done. */
export async function take(run: Run, draw: Draw): Promise<UseCase | undefined> {
  run.turn += 1
  run.world.clock.advance(1_000)
  const name = draw.name ?? (await nextOf(run))
  try {
    await useCases[name](run, draw.name === undefined ? { ...draw, isNewest: true } : draw)
    return name
  } catch (error) {
    if (!(error instanceof RefusalError)) throw error
    return undefined
  }
}
