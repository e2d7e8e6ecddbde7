// The one way money moves: immutable transfers, each debiting one account and crediting another, with both entries and the
// balances they touch, in the caller's unit. The same cause books once: posting it again with the same figures does nothing.
import { and, eq, gte, inArray, sql } from 'drizzle-orm'
import { command, exec, insertRows, one, rows, statement } from '../db/unit.ts'
import type { Params, Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { forgetIncomes } from '../incomes/forget-rollups.ts'
import { accountKindOf, accountKinds } from './account-kinds.ts'
import type { AccountId } from './account-kinds.ts'
import { transferIdOf } from './causes.ts'
import type { Cause } from './causes.ts'
import { forgetRollups, rollupMarginMs } from './roll-up.ts'

/** One movement to book. */
export interface Transfer {
  readonly debit: AccountId
  readonly credit: AccountId
  /** Whole fen, > 0. */
  readonly amountFen: number
  readonly cause: Cause
  /** Which movement of the cause this is; unique within it; no colon. */
  readonly leg: string
  readonly memo?: string
  /** Id of the transfer this one undoes; each can be undone once. */
  readonly reversesId?: string
}

const changeBalance = command((ctx, p: Params<{ id: string; changeFen: number }>) => {
  const { ledgerAccounts: t } = ctx.tables
  return ctx.db
    .update(t)
    .set({ balanceFen: sql`${t.balanceFen} + ${p.changeFen}` })
    .where(eq(t.id, p.id))
})

const takeFromBalance = command((ctx, p: Params<{ id: string; changeFen: number; takenFen: number }>) => {
  const { ledgerAccounts: t } = ctx.tables
  return ctx.db
    .update(t)
    .set({ balanceFen: sql`${t.balanceFen} + ${p.changeFen}` })
    .where(and(eq(t.id, p.id), gte(t.balanceFen, p.takenFen)))
})

const accountById = statement((ctx, p: Params<{ id: string }>) => {
  const { ledgerAccounts: t } = ctx.tables
  return ctx.db.select({ balanceFen: t.balanceFen, createdAtMs: t.createdAtMs }).from(t).where(eq(t.id, p.id))
})

/**
 * Books transfers, all or none, stamped with `atMs` (default: now; any past instant, for history). Returns 'posted', or 'already' when all of them are booked
 * with the same figures. Refuses with ledger.cause_conflict when a cause is booked with others, and with
 * ledger.balance_insufficient when an account that may not go below zero would.
 */
export function* postTransfers(
  ctx: UnitContext,
  transfers: readonly Transfer[],
  atMs: number = ctx.now(),
): Unit<'posted' | 'already'> {
  if (transfers.length === 0) return 'already'
  const transferRows = transfers.map((transfer) => toRow(transfer, atMs))
  const inserted = yield* insertRows(ctx.tables.ledgerTransfers, transferRows, 'ignore')
  if (inserted < transferRows.length) {
    yield* requireSameFigures(ctx, transferRows, inserted)
    return 'already'
  }
  const hot = yield* changeBalances(ctx, transfers)
  // No roll-up reaches into the margin, so what is booked as of now, every sale, has nothing to look for.
  if (atMs <= ctx.now() - rollupMarginMs) {
    yield* forgetRollups(ctx, hot, atMs)
    const touched = transfers.flatMap(({ debit, credit }) => [debit, credit])
    yield* forgetIncomes(ctx, [...new Set(touched)], atMs)
  }
  const entries: Array<typeof ctx.tables.ledgerEntries.$inferInsert> = []
  for (const { id, debitAccountId, creditAccountId, amountFen } of transferRows) {
    entries.push({ accountId: debitAccountId, atMs, transferId: id, amountFen: -amountFen })
    entries.push({ accountId: creditAccountId, atMs, transferId: id, amountFen })
  }
  yield* insertRows(ctx.tables.ledgerEntries, entries)
  return 'posted'
}

type TransferRow = ReturnType<typeof toRow>

function toRow(transfer: Transfer, atMs: number) {
  const { debit, credit, amountFen, cause, leg, memo, reversesId } = transfer
  if (!Number.isSafeInteger(amountFen) || amountFen <= 0) throw new RangeError(`amountFen must be > 0: ${amountFen}`)
  if (cause.id.includes(':') || leg.includes(':')) throw new RangeError(`a colon in a cause: ${cause.id} ${leg}`)
  return {
    id: transferIdOf(cause, leg),
    debitAccountId: debit,
    creditAccountId: credit,
    amountFen,
    causeKind: cause.kind,
    causeId: cause.id,
    leg,
    atMs,
    reversesId,
    memo,
  }
}

function* requireSameFigures(ctx: UnitContext, wanted: readonly TransferRow[], inserted: number): Unit<void> {
  const { ledgerTransfers: t } = ctx.tables
  const ids = wanted.map((row) => row.id)
  const found = yield* rows(ctx.db.select().from(t).where(inArray(t.id, ids)))
  const byId = new Map(found.map((row) => [row.id, row]))
  for (const row of wanted) {
    const booked = byId.get(row.id)
    const isSame =
      booked !== undefined &&
      booked.debitAccountId === row.debitAccountId &&
      booked.creditAccountId === row.creditAccountId &&
      booked.amountFen === row.amountFen
    // Some inserted and some not means the cause was booked with fewer legs: other figures too.
    if (isSame && inserted === 0) continue
    const isReversal = booked === undefined && row.reversesId !== undefined
    throw new RefusalError(isReversal ? 'ledger.cause_reversed' : 'ledger.cause_conflict', `transfer ${row.id}`)
  }
}

/** Adds each account's net change to its inline balance; opens accounts that are new. Returns those without an inline one. */
function* changeBalances(ctx: UnitContext, transfers: readonly Transfer[]): Unit<readonly AccountId[]> {
  const changes = new Map<AccountId, number>()
  for (const { debit, credit, amountFen } of transfers) {
    changes.set(debit, (changes.get(debit) ?? 0) - amountFen)
    changes.set(credit, (changes.get(credit) ?? 0) + amountFen)
  }
  const hot: AccountId[] = []
  // One order everywhere, so that two processes never wait for each other in a circle.
  for (const id of [...changes.keys()].toSorted()) {
    const kind = accountKinds[accountKindOf(id)]
    if (kind.isInline) yield* changeInline(ctx, id, changes.get(id) ?? 0, kind.isNeverNegative)
    else hot.push(id)
  }
  yield* requireHotAccounts(ctx, hot)
  return hot
}

/** Accounts that were there long before any open transaction, by connection: they need no look-up any more. */
const settledAccounts = new WeakMap<UnitContext, Set<string>>()
const maxSettledAccounts = 10_000
/** Longer than any transaction lasts, so that a row this old has certainly been committed. */
const settledAgeMs = 60_000

/** Opens the accounts among these that are new. Every sale names the same few, so the others are not asked for again. */
function* requireHotAccounts(ctx: UnitContext, ids: readonly AccountId[]): Unit<void> {
  let settled = settledAccounts.get(ctx)
  if (settled === undefined || settled.size > maxSettledAccounts) {
    settled = new Set()
    settledAccounts.set(ctx, settled)
  }
  for (const id of ids) {
    if (settled.has(id)) continue
    const found = yield* one(accountById.with({ id }))
    if (found === undefined) yield* openAccounts(ctx, [id])
    else if (found.createdAtMs < ctx.now() - settledAgeMs) settled.add(id)
  }
}

function* changeInline(ctx: UnitContext, id: AccountId, changeFen: number, isNeverNegative: boolean): Unit<void> {
  const isGuarded = isNeverNegative && changeFen < 0
  const update = isGuarded
    ? takeFromBalance.with({ id, changeFen, takenFen: -changeFen })
    : changeBalance.with({ id, changeFen })
  if ((yield* exec(update)) === 1) return
  // The row is missing, or holds too little. The zero row comes first, so that two first spends meet on it.
  yield* openAccounts(ctx, [id])
  if ((yield* exec(update)) === 1) return
  const held = yield* one(accountById.with({ id }))
  throw new RefusalError('ledger.balance_insufficient', undefined, {
    facts: { balanceFen: held?.balanceFen ?? 0, neededFen: -changeFen },
  })
}

/** Opens accounts with a zero balance; those that exist stay as they are. */
export function* openAccounts(ctx: UnitContext, ids: readonly AccountId[]): Unit<void> {
  const createdAtMs = ctx.now()
  const newRows = ids.map((id) => {
    const kind = accountKindOf(id)
    const balanceFen = accountKinds[kind].isInline ? 0 : null
    return { id, kind, ownerId: id.slice(kind.length + 1), balanceFen, createdAtMs }
  })
  yield* insertRows(ctx.tables.ledgerAccounts, newRows, 'ignore')
}
