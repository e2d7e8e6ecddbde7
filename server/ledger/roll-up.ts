// Keeps sums of the accounts that carry no inline balance cheap: now and then each gets a row with its balance through an
// instant, so that a balance is that row plus the entries since. Run off the hot path; rows are a cache and never edited,
// but a posting that is dated back removes those it makes wrong.
import { and, asc, desc, eq, gt, gte, inArray, isNull, lte } from 'drizzle-orm'
import { exec, insertRows, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import type { AccountId } from './account-kinds.ts'
import { balanceAt } from './balances.ts'

/**
 * Entries younger than this are left alone: a transaction of another process, or its clock, may be this late. What is dated
 * further back than this is known to be, and forgets the roll-ups it belongs in.
 */
export const rollupMarginMs = 10 * 60_000

/** Accounts per unit, so that a unit stays short. */
const accountsPerUnit = 200

/**
 * Rolls up the next accounts after `afterId` through `throughAtMs`, which must lie at least `rollupMarginMs` in the past.
 * Returns the last account's id, or undefined when there are no more.
 */
export function* rollUpAccounts(ctx: UnitContext, throughAtMs: number, afterId = ''): Unit<string | undefined> {
  if (throughAtMs > ctx.now() - rollupMarginMs) throw new RangeError('a roll-up must end before the margin')
  const { ledgerAccounts: t, ledgerRollups } = ctx.tables
  const accounts = yield* rows(
    ctx.db
      .select({ id: t.id })
      .from(t)
      .where(and(isNull(t.balanceFen), gt(t.id, afterId)))
      .orderBy(asc(t.id))
      .limit(accountsPerUnit),
  )
  for (const { id } of accounts) {
    if (!(yield* hasNewEntries(ctx, id, throughAtMs))) continue
    const balanceFen = yield* balanceAt(ctx, id as AccountId, throughAtMs)
    yield* insertRows(ledgerRollups, [{ accountId: id, throughAtMs, balanceFen }], 'ignore')
  }
  return accounts.at(-1)?.id
}

/** Anything booked since the account's newest roll-up? An idle account needs no further one. */
function* hasNewEntries(ctx: UnitContext, accountId: string, throughAtMs: number): Unit<boolean> {
  const { ledgerEntries: e, ledgerRollups: r } = ctx.tables
  const newest = yield* one(
    ctx.db
      .select({ throughAtMs: r.throughAtMs })
      .from(r)
      .where(eq(r.accountId, accountId))
      .orderBy(desc(r.throughAtMs))
      .limit(1),
  )
  const found = yield* one(
    ctx.db
      .select({ atMs: e.atMs })
      .from(e)
      .where(and(eq(e.accountId, accountId), gt(e.atMs, newest?.throughAtMs ?? -1), lte(e.atMs, throughAtMs)))
      .limit(1),
  )
  return found !== undefined
}

/**
 * Removes the accounts' roll-ups that an entry at `atMs` would have to be in. Later sums begin at an older roll-up, or at none,
 * until the next one is made. A roll-up under way at the same time conflicts with this and runs again: units are serial.
 */
export function* forgetRollups(ctx: UnitContext, accountIds: readonly string[], atMs: number): Unit<void> {
  const { ledgerRollups: r } = ctx.tables
  if (accountIds.length === 0) return
  yield* exec(ctx.db.delete(r).where(and(inArray(r.accountId, [...accountIds]), gte(r.throughAtMs, atMs))))
}
