// Seeded histories of money, many at once over one database: sales, refunds, distributions and their reversals, payouts, bank
// answers and returns, in any order. Every history has households, a collective and a lot of its own and shares the accounts
// that all sales touch; a step of each history is one unit, and all units of a step wait together, as on a busy server.
import { createHash } from 'node:crypto'
import { asc, eq } from 'drizzle-orm'
import { nextBelow, seededRandom } from '#shared/ids/random.ts'
import type { Random } from '#shared/ids/random.ts'
import { splitByLargestRemainder } from '#shared/units/fen.ts'
import { attributeSaleLines } from '#server/attribution/attribute-sale-lines.ts'
import { refundSaleLine } from '#server/attribution/refund-sale-line.ts'
import { ensureDefaultPlan } from '#server/attribution/revenue-plans.ts'
import type { Database, Work } from '#server/db/database.ts'
import { rows } from '#server/db/unit.ts'
import type { Unit, UnitContext } from '#server/db/unit.ts'
import { RefusalError } from '#server/errors/refusal.ts'
import { accountIdOf, namedAccounts } from '#server/ledger/account-kinds.ts'
import type { AccountId } from '#server/ledger/account-kinds.ts'
import { balanceOf } from '#server/ledger/balances.ts'
import { postTransfers } from '#server/ledger/post-transfers.ts'
import { reverseCause } from '#server/ledger/reverse-transfers.ts'
import { rollUpLedger } from '#server/ledger/roll-up-ledger.ts'
import { transfersOf } from '#server/ledger/transfers-of.ts'
import { seedLot } from './seed-lot.ts'
import type { TestClock } from './test-clock.ts'

const channel = accountIdOf('channel', 'wallet')
const weightsOfLot = [3_200_000, 1_750_000, 900_000]
const maxStepMs = 3_600_000
const stepsPerRollUp = 5

interface History {
  readonly seed: number
  readonly random: Random
  readonly households: readonly string[]
  readonly lotId: string
  readonly organisation: AccountId
}

/** What every household held after a step. */
export interface Snapshot {
  readonly atMs: number
  readonly balances: ReadonlyMap<AccountId, number>
}

export interface PlayedHistories {
  /** `done` or the refusal's code, for each history and step. */
  readonly outcomes: ReadonlyArray<readonly string[]>
  readonly snapshots: readonly Snapshot[]
  /** Over all outcomes, transfers, entries and balances. */
  readonly hash: string
}

const codeOf = (seed: number, index: number) => `50011214${String(seed * weightsOfLot.length + index).padStart(8, '0')}`

function* openHistory(ctx: UnitContext, seed: number): Unit<History> {
  const households = weightsOfLot.map((_, index) => codeOf(seed, index))
  const sources = Object.fromEntries(households.map((code, index) => [code, weightsOfLot[index] ?? 0]))
  const lot = yield* seedLot(ctx, { sources, legalType: 'cooperative' })
  const organisation = accountIdOf('organisation', lot.organisationId)
  return { seed, random: seededRandom(seed), households, lotId: lot.lotId, organisation }
}

/** Distributes some of what the collective has, by shares. */
function* distribute(ctx: UnitContext, history: History, runId: string, wantedFen: number): Unit<void> {
  const poolFen = Math.min(wantedFen, yield* balanceOf(ctx, history.organisation))
  if (poolFen <= 0) throw new RefusalError('ledger.balance_insufficient')
  const fens = splitByLargestRemainder(poolFen, [320, 175, 90])
  const lines = history.households.map((code, index) => ({
    debit: history.organisation,
    credit: accountIdOf('household', code),
    amountFen: fens[index] ?? 0,
    cause: { kind: 'distribution-line' as const, id: runId },
    leg: String(index),
  }))
  yield* postTransfers(
    ctx,
    lines.filter(({ amountFen }) => amountFen > 0),
  )
}

type BankAnswer = 'paid' | 'failed' | 'returned'

/** Books what the bank says of a payout, where that can follow what was booked: a return after a payment, and each once. */
function* answerPayout(ctx: UnitContext, payoutId: string, answer: BankAnswer): Unit<void> {
  const lines = yield* transfersOf(ctx, { kind: 'payout-line', id: payoutId })
  const answers = yield* transfersOf(ctx, { kind: 'payout-return', id: payoutId })
  const out = lines.find(({ leg }) => leg === 'out')
  const isPaid = lines.some(({ leg }) => leg === 'paid')
  const isPossible = answer === 'returned' ? isPaid : !isPaid
  if (out === undefined || answers.length > 0 || !isPossible) throw new RefusalError('ledger.cause_unknown', payoutId)
  const household = out.debitAccountId as AccountId
  const [debit, credit] = {
    paid: [namedAccounts.payouts, namedAccounts.mainBank] as const,
    failed: [namedAccounts.payouts, household] as const,
    returned: [namedAccounts.mainBank, household] as const,
  }[answer]
  const kind = answer === 'paid' ? ('payout-line' as const) : ('payout-return' as const)
  const cause = { kind, id: payoutId }
  yield* postTransfers(ctx, [{ debit, credit, amountFen: out.amountFen, cause, leg: answer }])
}

/** One step of a history, chosen by its seed; may be refused. */
function chooseStep(history: History, step: number): Work<unknown> {
  const { random, seed } = history
  const idOf = (index: number) => `h${seed}-${index}`
  const earlier = idOf(nextBelow(random, step + 1))
  const amountFen = 1 + nextBelow(random, 3_000)
  const household = history.households[nextBelow(random, history.households.length)] ?? ''
  const choice = nextBelow(random, 20)
  if (choice < 6) {
    const line = { saleLineId: idOf(step), amountFen, isCertified: amountFen % 2 === 0, lotId: history.lotId }
    return (ctx) => attributeSaleLines(ctx, { lines: [line], channel, soldAtMs: ctx.now() })
  }
  if (choice < 9)
    return (ctx) => refundSaleLine(ctx, { refundId: idOf(step), saleLineId: earlier, amountFen, reason: 'seeded' })
  if (choice < 11) return (ctx) => distribute(ctx, history, idOf(step), amountFen)
  if (choice < 12) return (ctx) => reverseCause(ctx, { kind: 'distribution-line', id: earlier }, 'wrong shares')
  if (choice < 16) {
    const debit = accountIdOf('household', household)
    const cause = { kind: 'payout-line' as const, id: idOf(step) }
    return (ctx) => postTransfers(ctx, [{ debit, credit: namedAccounts.payouts, amountFen, cause, leg: 'out' }])
  }
  const answer = (['paid', 'paid', 'failed', 'returned'] as const)[choice - 16] ?? 'paid'
  return (ctx) => answerPayout(ctx, earlier, answer)
}

function* householdBalances({ db, tables: { ledgerAccounts: t } }: UnitContext): Unit<Map<AccountId, number>> {
  const found = yield* rows(
    db.select({ id: t.id, balanceFen: t.balanceFen }).from(t).where(eq(t.kind, 'household')).orderBy(asc(t.id)),
  )
  return new Map(found.map(({ id, balanceFen }) => [id as AccountId, balanceFen ?? 0]))
}

/** Every booked row in order, into the hash. */
function* hashBooks({ db, tables }: UnitContext, add: (row: unknown) => void): Unit<void> {
  const { ledgerTransfers: t, ledgerEntries: e, ledgerAccounts: a } = tables
  for (const row of yield* rows(db.select().from(t).orderBy(asc(t.id)))) add(row)
  for (const row of yield* rows(db.select().from(e).orderBy(asc(e.accountId), asc(e.atMs), asc(e.transferId)))) add(row)
  for (const { id, balanceFen } of yield* rows(db.select().from(a).orderBy(asc(a.id)))) add([id, balanceFen])
}

/** Plays a history for each seed, `steps` long, over a fresh database whose clock this is. */
export async function playHistories(
  database: Database,
  clock: TestClock,
  { seeds, steps }: { readonly seeds: readonly number[]; readonly steps: number },
): Promise<PlayedHistories> {
  const histories = await database.run(function* (ctx) {
    yield* ensureDefaultPlan(ctx)
    const opened: History[] = []
    for (const seed of seeds) opened.push(yield* openHistory(ctx, seed))
    return opened
  })
  // Everybody's time passes alike, chosen by the first seed.
  const random = seededRandom(seeds[0] ?? 0)
  const outcomes = histories.map((): string[] => [])
  const snapshots: Snapshot[] = []
  for (let step = 0; step < steps; step += 1) {
    clock.advance(1 + nextBelow(random, maxStepMs))
    const run = async (history: History, index: number) => {
      try {
        await database.run(chooseStep(history, step))
        outcomes[index]?.push('done')
      } catch (error) {
        if (!(error instanceof RefusalError)) throw error
        outcomes[index]?.push(error.code)
      }
    }
    await Promise.all(histories.map(run))
    if (step % stepsPerRollUp === stepsPerRollUp - 1) await rollUpLedger(database, clock.now())
    snapshots.push({ atMs: clock.now(), balances: await database.read(householdBalances) })
  }
  const hash = createHash('sha256')
  hash.update(JSON.stringify(outcomes))
  await database.read((ctx) => hashBooks(ctx, (row) => void hash.update(JSON.stringify(row))))
  return { outcomes, snapshots, hash: hash.digest('hex') }
}

/** What each household was given as income, less what was taken back, and what left for the bank, less what came back. */
export function* incomeAndPaid(ctx: UnitContext, household: AccountId): Unit<{ incomeFen: number; paidFen: number }> {
  const { ledgerTransfers: t } = ctx.tables
  let incomeFen = 0
  let paidFen = 0
  const kinds = ['payout-line', 'payout-return'] as const
  for (const [side, sign] of [
    [t.creditAccountId, 1],
    [t.debitAccountId, -1],
  ] as const)
    for (const { causeKind, amountFen } of yield* rows(ctx.db.select().from(t).where(eq(side, household))))
      if ((kinds as readonly string[]).includes(causeKind)) paidFen -= sign * amountFen
      else incomeFen += sign * amountFen
  return { incomeFen, paidFen }
}
