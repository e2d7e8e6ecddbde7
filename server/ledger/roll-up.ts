// Keeps sums of the accounts that carry no inline balance cheap: now and then each gets a row with its balance through an
// instant, so that a balance is that row plus the entries since. Run off the hot path; rows are a cache and never edited,
// but a posting that is dated back removes those it makes wrong.
import { and, gte, inArray, sql } from 'drizzle-orm'
import { isOneOf } from '../db/kit.ts'
import { exec, insertRows, sqlRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { inlineKinds } from './account-kinds.ts'
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
  const moved = yield* findMoved(throughAtMs, afterId)
  for (const { id } of moved) {
    const balanceFen = yield* balanceAt(ctx, id, throughAtMs)
    yield* insertRows(ctx.tables.ledgerRollups, [{ accountId: id, throughAtMs, balanceFen }], 'ignore')
  }
  return moved.at(-1)?.id
}

/** The next summed accounts with anything booked since their newest roll-up: an idle one needs no further one. */
function* findMoved(throughAtMs: number, afterId: string): Unit<Array<{ id: AccountId }>> {
  const since = sql`coalesce((select max(r.through_at_ms) from ledger_rollup r where r.account_id = a.id), -1)`
  return yield* sqlRows<{ id: AccountId }>(sql`
    select a.id as "id" from ledger_account a
    where not ${isOneOf(sql`a.kind`, inlineKinds)} and a.id > ${afterId} and exists (
      select 1 from ledger_entry e
      where e.account_id = a.id and e.at_ms > ${since} and e.at_ms <= cast(${throughAtMs} as bigint))
    order by a.id limit ${sql.raw(String(accountsPerUnit))}`)
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
