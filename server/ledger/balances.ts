// What an account holds, now and at any past instant, and how it came to hold it. Accounts without an inline balance are
// summed from entries over the newest roll-up before the instant asked for.
import { and, desc, eq, gt, gte, inArray, lte, sql } from 'drizzle-orm'
import { sumOf } from '../db/expressions.ts'
import type { TimedPageRequest } from '../db/keyset.ts'
import { behindInTime, inTimeOrder } from '../db/keyset.ts'
import { one, rows, statement } from '../db/unit.ts'
import type { Params, Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import type { AccountId } from './account-kinds.ts'

const accountById = statement((ctx, p: Params<{ id: string }>) => {
  const { ledgerAccounts: t } = ctx.tables
  return ctx.db.select({ balanceFen: t.balanceFen }).from(t).where(eq(t.id, p.id))
})

const newestRollup = statement((ctx, p: Params<{ id: string; atMs: number }>) => {
  const { ledgerRollups: t } = ctx.tables
  return ctx.db
    .select({ throughAtMs: t.throughAtMs, balanceFen: t.balanceFen })
    .from(t)
    .where(and(eq(t.accountId, p.id), lte(t.throughAtMs, p.atMs)))
    .orderBy(desc(t.throughAtMs))
    .limit(1)
})

const sumBetween = statement((ctx, p: Params<{ id: string; afterMs: number; throughMs: number }>) => {
  const { ledgerEntries: t } = ctx.tables
  return ctx.db
    .select({ totalFen: sumOf(t.amountFen) })
    .from(t)
    .where(and(eq(t.accountId, p.id), gt(t.atMs, p.afterMs), lte(t.atMs, p.throughMs)))
})

/** The end of time, for sums without an upper bound. */
const foreverMs = Number.MAX_SAFE_INTEGER

/** Balance in fen (credits − debits) over everything booked; 0 for an account nobody has opened. */
export function* balanceOf(ctx: UnitContext, accountId: AccountId): Unit<number> {
  const account = yield* one(accountById.with({ id: accountId }))
  if (account === undefined) return 0
  return account.balanceFen ?? (yield* balanceAt(ctx, accountId, foreverMs))
}

/** Accounts asked for in one statement; both dialects bind far more. */
const idsPerStatement = 500

/** What accounts with an inline balance hold now, in fen, by id; those never opened are not in it. The map is the caller's. */
export function* inlineBalancesOf(ctx: UnitContext, accountIds: readonly string[]): Unit<Map<string, number>> {
  const { ledgerAccounts: t } = ctx.tables
  const heldFen = new Map<string, number>()
  for (let from = 0; from < accountIds.length; from += idsPerStatement) {
    const found = yield* rows(
      ctx.db
        .select({ id: t.id, balanceFen: t.balanceFen })
        .from(t)
        .where(inArray(t.id, accountIds.slice(from, from + idsPerStatement))),
    )
    for (const { id, balanceFen } of found) heldFen.set(id, balanceFen ?? 0)
  }
  return heldFen
}

/** Balance over everything booked at or before the instant. */
export function* balanceAt(_ctx: UnitContext, accountId: AccountId, atMs: number): Unit<number> {
  const rollup = yield* one(newestRollup.with({ id: accountId, atMs }))
  const afterMs = rollup?.throughAtMs ?? -1
  const since = yield* one(sumBetween.with({ id: accountId, afterMs, throughMs: atMs }))
  return (rollup?.balanceFen ?? 0) + (since?.totalFen ?? 0)
}

/** An entry with the transfer it belongs to. */
export interface EntryRow {
  readonly transferId: string
  readonly atMs: number
  /** Credit positive, debit negative. */
  readonly amountFen: number
  readonly otherAccountId: string
  readonly causeKind: string
  readonly causeId: string
  readonly leg: string
  readonly memo: string | null
  readonly reversesId: string | null
}

export interface EntriesRequest extends TimedPageRequest {
  /** Only entries at or before; default: all. */
  readonly throughMs?: number
  /** Only entries at or after; default: all. */
  readonly fromMs?: number
}

/** Entries of an account, the newest first unless asked otherwise; one more than the limit when there are more (see pageOfRows). */
export function* entriesOf(ctx: UnitContext, accountId: AccountId, request: EntriesRequest): Unit<EntryRow[]> {
  const { ledgerEntries: e, ledgerTransfers: t } = ctx.tables
  return yield* rows(
    ctx.db
      .select({
        transferId: e.transferId,
        atMs: e.atMs,
        amountFen: e.amountFen,
        otherAccountId: sql<string>`case when ${e.amountFen} < 0 then ${t.creditAccountId} else ${t.debitAccountId} end`,
        causeKind: t.causeKind,
        causeId: t.causeId,
        leg: t.leg,
        memo: t.memo,
        reversesId: t.reversesId,
      })
      .from(e)
      .innerJoin(t, eq(t.id, e.transferId))
      .where(
        and(
          eq(e.accountId, accountId),
          lte(e.atMs, request.throughMs ?? foreverMs),
          gte(e.atMs, request.fromMs ?? 0),
          behindInTime([e.atMs, e.transferId], request),
        ),
      )
      .orderBy(...inTimeOrder([e.atMs, e.transferId], request))
      .limit(request.limit + 1),
  )
}

/** Balance over the entries up to and including the one that a page ended with. */
export function* balanceThroughEntry(
  ctx: UnitContext,
  accountId: AccountId,
  atMs: number,
  transferId: string,
): Unit<number> {
  const beforeFen = yield* balanceAt(ctx, accountId, atMs - 1)
  const { ledgerEntries: e } = ctx.tables
  const atOnce = yield* one(
    ctx.db
      .select({ totalFen: sumOf(e.amountFen) })
      .from(e)
      .where(and(eq(e.accountId, accountId), eq(e.atMs, atMs), lte(e.transferId, transferId))),
  )
  return beforeFen + (atOnce?.totalFen ?? 0)
}

/** Refuses with ledger.account_unknown unless the account is open. */
export function* requireAccount(_ctx: UnitContext, accountId: AccountId): Unit<void> {
  if ((yield* one(accountById.with({ id: accountId }))) === undefined) throw new RefusalError('ledger.account_unknown')
}
