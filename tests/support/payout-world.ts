// A village whose households are owed money and have confirmed bank accounts, and the people who pay it out:
//
//   await using world = await openPayoutWorld(dialect, { households: 3 })
//   const batch = await world.draft()
//   await world.export(batch.batchId)
import { eq, getTableColumns } from 'drizzle-orm'
import { seededRandom } from '#shared/ids/random.ts'
import type { Database } from '#server/db/database.ts'
import type { Dialect } from '#server/db/kit.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { rows } from '#server/db/unit.ts'
import type { Unit, UnitContext } from '#server/db/unit.ts'
import { enterHouseholds, enterVillages } from '#server/households/enter-households.ts'
import { accountIdOf } from '#server/ledger/account-kinds.ts'
import { balanceOf } from '#server/ledger/balances.ts'
import { postTransfers } from '#server/ledger/post-transfers.ts'
import { outcomeIn } from '#server/payouts/attempts.ts'
import { saveProfile, standardProfile } from '#server/payouts/bank-profiles.ts'
import { draftNext, openBatch } from '#server/payouts/draft-batch.ts'
import type { BatchRequest } from '#server/payouts/draft-batch.ts'
import { exportNext } from '#server/payouts/export-batch.ts'
import { importReturn } from '#server/payouts/import-return.ts'
import type { ReturnRow } from '#server/payouts/import-return.ts'
import { confirmAccount, proposeAccount } from '#server/payouts/payee-accounts.ts'
import { sealAccount } from '#server/payouts/payee-account-seal.ts'
import { coolingOffMs, noticeWorkingDays } from '#server/payouts/rules.ts'
import type { BankResult } from '#server/payouts/rules.ts'
import { approveBatch, closeNotice, openNotice, releaseBatch, reviewBatch } from '#server/payouts/sign-batch.ts'
import type { BatchRow, ProfileRow } from '#server/payouts/store.ts'
import type { Viewer } from '#server/personal-data/row-scope.ts'
import { TestClock } from './test-clock.ts'
import { openTestDatabase } from './test-database.ts'
import { testSealer } from './test-sealer.ts'

export const villageCode = '500112142201'
export const householdOf = (serial: number): string => `${villageCode}${String(serial).padStart(4, '0')}`
/** Begins with digits that no bank hands out. */
export const accountNumberOf = (serial: number, turn = 0): string =>
  `9999${String(turn).padStart(3, '0')}${String(serial).padStart(12, '0')}`

/** The people of a payout; each has one part in it. */
export const people = {
  changer: 'clerk',
  confirmer: 'clerk-2',
  preparer: 'preparer',
  approver: 'approver',
  releaser: 'releaser',
} as const

/** Asks sampled recipients; sees every household. */
export const asker: Viewer = {
  accountId: 'asker',
  roles: ['finance'],
  householdCode: undefined,
  areaCode: undefined,
}

const names = ['王小明', '李二', '张三丰', '𠮷野䶮', '赵"甲",乙']

/** What those people do, on any database that holds the village. */
export interface PayoutHands {
  /** Credits a household with a sale (or with what the cause says). */
  earn(serial: number, amountFen: number, cause?: 'sale-line' | 'distribution-line'): Promise<void>
  /** Takes back what a refund takes back. */
  refund(serial: number, amountFen: number): Promise<void>
  /** To the village's household of the serial, or to another one. */
  giveAccount(
    serial: number,
    options?: { readonly by?: string; readonly turn?: number; readonly householdCode?: string },
  ): Promise<void>
  balance(serial: number): Promise<number>
  draft(request?: Partial<BatchRequest>, preparer?: string): Promise<BatchRow>
  /** From a complete draft through the notice, signed by the usual people. */
  approve(batchId: string): Promise<BatchRow>
  /** Released and every file made. */
  export(batchId: string): Promise<BatchRow>
  /** The bank's answer for some seqs. */
  answer(batch: BatchRow, results: Readonly<Record<number, BankResult>>, file?: string): ReturnType<Database['run']>
  readonly run: <T>(work: (ctx: UnitContext) => Unit<T>) => Promise<T>
}

export interface PayoutWorld extends PayoutHands, AsyncDisposable {
  readonly database: Database
  readonly clock: TestClock
}

export interface PayoutWorldOptions {
  /** Default 3, each owed 100.00 yuan times its serial. */
  readonly households?: number
  readonly format?: ProfileRow['format']
  readonly encoding?: ProfileRow['encoding']
  /** Default 5,000. */
  readonly maxRowsPerFile?: number
  /** An empty database of the caller's, which others open too; default: one of its own. */
  readonly url?: string
}

export const answersOf = (batch: BatchRow, results: Readonly<Record<number, BankResult>>): ReturnRow[] =>
  Object.entries(results).map(([seq, result], index) => ({
    row: index + 2,
    batchNo: batch.batchNo,
    seq: Number(seq),
    result,
    ...(result === 'FAILED' || result === 'RETURNED' ? { failCode: 'E01', failReason: '账号户名不符' } : {}),
    ...(result === 'PAID' ? { bankSerialNo: `S${batch.batchNo}-${seq}` } : {}),
  }))

async function seed(database: Database, count: number, profile: Partial<ProfileRow>): Promise<void> {
  await database.run(function* (ctx) {
    yield* enterVillages(ctx, [{ villageCode, name: '青龙村', townCode: '500112142', townName: '大盛镇' }])
    yield* enterHouseholds(
      ctx,
      Array.from({ length: count }, (_, index) => ({
        householdCode: householdOf(index + 1),
        headName: names[index % names.length] ?? '',
        population: 3,
        kind: 'EXITED' as const,
      })),
    )
    yield* enterProfile(ctx, profile)
  })
}

/** The bank's way of files, under the id that drafts name. */
export function* enterProfile(ctx: UnitContext, profile: Partial<ProfileRow> = {}): Unit<void> {
  const payer = { payerName: '渝北区惠农专户', payerAccount: '99990000000001', payerBankNo: '999653000001' }
  yield* saveProfile(ctx, { ...standardProfile('abc', profile.format ?? 'csv', payer), ...profile }, 'admin')
}

export function payoutHands(database: Database, clock: Pick<TestClock, 'now' | 'advance'>): PayoutHands {
  const run: PayoutHands['run'] = (work) => database.run(work)
  let made = 0
  return {
    run,
    async earn(serial, amountFen, cause = 'sale-line') {
      made += 1
      const credit = accountIdOf('household', householdOf(serial))
      const debit = cause === 'sale-line' ? accountIdOf('channel', 'wallet') : accountIdOf('organisation', 'union')
      await run((ctx) =>
        postTransfers(ctx, [{ debit, credit, amountFen, cause: { kind: cause, id: `c${made}` }, leg: '0' }]),
      )
    },
    async refund(serial, amountFen) {
      made += 1
      const debit = accountIdOf('household', householdOf(serial))
      const cause = { kind: 'sale-refund' as const, id: `c${made}` }
      await run((ctx) =>
        postTransfers(ctx, [{ debit, credit: accountIdOf('channel', 'wallet'), amountFen, cause, leg: '0' }]),
      )
    },
    async giveAccount(serial, { by = people.changer, turn = 0, householdCode = householdOf(serial) } = {}) {
      await run(function* (ctx) {
        const payeeAccountId = ctx.newId()
        const proposal = {
          payeeAccountId,
          householdCode,
          name: names[(serial - 1) % names.length] ?? '',
          bankName: '演示农商行',
          bankNo: '999653000002',
          reason: '首次登记',
          ...sealAccount(testSealer, payeeAccountId, accountNumberOf(serial, turn)),
        }
        yield* proposeAccount(ctx, proposal, by)
        yield* confirmAccount(ctx, payeeAccountId, people.confirmer)
      })
      clock.advance(coolingOffMs)
    },
    balance: (serial) => database.read((ctx) => balanceOf(ctx, accountIdOf('household', householdOf(serial)))),
    async draft(request = {}, preparer = people.preparer) {
      const wanted = {
        incomeKind: 'OPERATING' as const,
        minimumFen: 1,
        profileId: 'abc',
        scopePrefix: '',
        note: '三月',
        ...request,
      }
      let batch = await run((ctx) => openBatch(ctx, { cutoffMs: clock.now(), ...wanted }, preparer))
      while (batch.draftCursor !== null) batch = await run((ctx) => draftNext(ctx, batch.batchId))
      return batch
    },
    async approve(batchId) {
      await run((ctx) => reviewBatch(ctx, batchId, people.preparer))
      const noticed = await run((ctx) => openNotice(ctx, batchId, people.preparer, noticeWorkingDays))
      if (noticed.state === 'NOTICE_OPEN') {
        clock.advance((noticed.noticeUntilMs ?? 0) - clock.now())
        await run((ctx) => closeNotice(ctx, batchId, people.preparer))
      }
      return run((ctx) => approveBatch(ctx, batchId, people.approver))
    },
    async export(batchId) {
      let batch = await run((ctx) => releaseBatch(ctx, batchId, people.releaser))
      while (batch.state === 'APPROVED')
        batch = await run((ctx) => exportNext(ctx, testSealer, batchId, people.releaser))
      return batch
    },
    answer: (batch, results, file = JSON.stringify(results)) =>
      run((ctx) =>
        importReturn(
          ctx,
          batch.batchId,
          { sha256: `${batch.batchNo} ${file}`, rows: answersOf(batch, results) },
          'finance',
        ),
      ),
  }
}

export async function openPayoutWorld(dialect: Dialect, options: PayoutWorldOptions = {}): Promise<PayoutWorld> {
  const { households = 3, url, ...profile } = options
  const clock = new TestClock()
  const database =
    url === undefined
      ? await openTestDatabase(dialect, { clock })
      : await openDatabase({ url, clock, random: seededRandom(1) })
  await seed(database, households, profile)
  const world: PayoutWorld = {
    database,
    clock,
    ...payoutHands(database, clock),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
  for (let serial = 1; serial <= households; serial += 1) {
    await world.earn(serial, 10_000 * serial)
    await world.giveAccount(serial)
  }
  return world
}

/** Lines of a household, newest last: where each is by its newest attempt. */
export const linesOf = (world: PayoutWorld, serial: number) =>
  world.database.read(function* ({ db, tables }) {
    const { payoutAttempts: a, payoutBatches: b } = tables
    const attempts = yield* rows(
      db
        .select({ lineId: a.lineId, incomeKind: a.incomeKind, amountFen: a.amountFen, state: outcomeIn(tables) })
        .from(a)
        .innerJoin(b, eq(b.batchId, a.batchId))
        .where(eq(a.householdCode, householdOf(serial)))
        .orderBy(a.lineId, a.attempt),
    )
    return [...new Map(attempts.map((attempt) => [attempt.lineId, attempt])).values()]
  })

/** Attempts of a batch by seq. */
export const attemptsOf = (world: Pick<PayoutWorld, 'run'>, batchId: string) =>
  world.run(({ db, tables }) => {
    const { payoutAttempts: a, payoutBatches: b } = tables
    return rows(
      db
        .select({ ...getTableColumns(a), outcome: outcomeIn(tables) })
        .from(a)
        .innerJoin(b, eq(b.batchId, a.batchId))
        .where(eq(a.batchId, batchId))
        .orderBy(a.seq),
    )
  })
