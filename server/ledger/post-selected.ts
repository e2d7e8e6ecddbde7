// The bulk entry of the ledger: books a whole set of transfers that a SELECT describes, in a handful of statements, by the same
// rules as post-transfers.ts: ids from causes, each transfer with its two entries, inline balances kept, nobody who may not
// owe goes below zero, the same cause booked once. The set is read once into a temporary table of the connection.
import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { sqlExec, sqlRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { inlineKinds, neverNegativeKinds } from './account-kinds.ts'

/**
 * A SELECT with the columns debit_account_id, credit_account_id, amount_fen (> 0), cause_kind, cause_id, leg, memo. The rows are written
 * in its order, which goes fastest in the order of causes and accounts.
 */
export type TransferSelect = SQL

const quoted = (words: readonly string[]) => sql.raw(words.map((word) => `'${word}'`).join(', '))

export interface Posted {
  readonly outcome: 'posted' | 'already'
  readonly count: number
  readonly totalFen: number
}

/**
 * Books the selected transfers, all or none, stamped `atMs` (default: now). Returns how many and how much they are, whether
 * they were booked now or before with the same figures. Refuses with ledger.cause_conflict and ledger.balance_insufficient
 * like postTransfers; debits and credits of an account are netted over the set before that check.
 */
export function* postSelected(ctx: UnitContext, select: TransferSelect, atMs: number = ctx.now()): Unit<Posted> {
  yield* stage(ctx, select)
  const [sum] = yield* sqlRows<{ count: number; totalFen: number }>(sql`
    select cast(count(*) as bigint) as "count", cast(coalesce(sum(amount_fen), 0) as bigint) as "totalFen"
    from ledger_staged`)
  const { count, totalFen } = sum ?? { count: 0, totalFen: 0 }
  const at = sql`cast(${atMs} as bigint)`
  const inserted = yield* sqlExec(sql`
    insert into ledger_transfer (id, debit_account_id, credit_account_id, amount_fen, cause_kind, cause_id, leg, at_ms, memo)
    select id, debit_account_id, credit_account_id, amount_fen, cause_kind, cause_id, leg, ${at}, memo
    from ledger_staged where true on conflict do nothing`)
  if (inserted < count) {
    yield* requireSameFigures(inserted)
    return { outcome: 'already', count, totalFen }
  }
  yield* changeBalances(ctx)
  yield* sqlExec(sql`
    insert into ledger_entry (account_id, at_ms, transfer_id, amount_fen)
    select debit_account_id, ${at}, id, -amount_fen from ledger_staged`)
  yield* sqlExec(sql`
    insert into ledger_entry (account_id, at_ms, transfer_id, amount_fen)
    select credit_account_id, ${at}, id, amount_fen from ledger_staged`)
  return { outcome: count === 0 ? 'already' : 'posted', count, totalFen }
}

function* stage(ctx: UnitContext, select: TransferSelect): Unit<void> {
  // Nothing vacuums a temporary table on PostgreSQL; SQLite's DELETE of all rows is its truncate.
  const empty = ctx.dialect === 'postgres' ? sql`truncate` : sql`delete from`
  yield* sqlExec(sql`
    create temporary table if not exists ledger_staged (id text not null, debit_account_id text not null,
      credit_account_id text not null, amount_fen bigint not null, cause_kind text not null, cause_id text not null,
      leg text not null, memo text)`)
  yield* sqlExec(sql`
    create temporary table if not exists ledger_change (account_id text not null, kind text not null, change_fen bigint not null)`)
  yield* sqlExec(sql`${empty} ledger_staged`)
  yield* sqlExec(sql`${empty} ledger_change`)
  yield* sqlExec(sql`
    insert into ledger_staged (id, debit_account_id, credit_account_id, amount_fen, cause_kind, cause_id, leg, memo)
    select s.cause_kind || ':' || s.cause_id || ':' || s.leg, s.debit_account_id, s.credit_account_id, s.amount_fen,
      s.cause_kind, s.cause_id, s.leg, s.memo
    from (${select}) s`)
}

/** Not all were new: then all must be booked already, with the same accounts and amounts. */
function* requireSameFigures(inserted: number): Unit<void> {
  const [other] = yield* sqlRows<{ id: string }>(sql`
    select s.id from ledger_staged s left join ledger_transfer t on t.id = s.id
      and t.debit_account_id = s.debit_account_id and t.credit_account_id = s.credit_account_id
      and t.amount_fen = s.amount_fen
    where t.id is null order by s.id limit 1`)
  if (inserted === 0 && other === undefined) return
  throw new RefusalError('ledger.cause_conflict', other === undefined ? undefined : `transfer ${other.id}`)
}

/** Nets the set by account, changes the inline balances, and opens accounts that are new. */
function* changeBalances(ctx: UnitContext): Unit<void> {
  const colonAt = ctx.dialect === 'sqlite' ? sql`instr(x.account_id, ':')` : sql`strpos(x.account_id, ':')`
  yield* sqlExec(sql`
    insert into ledger_change (account_id, kind, change_fen)
    select x.account_id, substr(x.account_id, 1, ${colonAt} - 1), cast(sum(x.change_fen) as bigint) from (
      select debit_account_id as account_id, -amount_fen as change_fen from ledger_staged
      union all select credit_account_id, amount_fen from ledger_staged) x
    group by x.account_id order by x.account_id`)
  const changed = yield* sqlExec(sql`
    update ledger_account set balance_fen = ledger_account.balance_fen + c.change_fen
    from ledger_change c
    where ledger_account.id = c.account_id and ledger_account.balance_fen is not null
      and (c.kind not in (${quoted(neverNegativeKinds)}) or ledger_account.balance_fen + c.change_fen >= 0)`)
  const [inline] = yield* sqlRows<{ count: number }>(sql`
    select cast(count(*) as bigint) as "count" from ledger_change where kind in (${quoted(inlineKinds)})`)
  // As many changed as there are: each has been found, and only the few without an inline balance are looked for.
  const missing = (inline?.count ?? 0) - changed
  if (missing > 0 && (yield* openChanged(ctx, sql`c.kind in (${quoted(inlineKinds)})`)) < missing)
    yield* refuseUncovered()
  yield* openChanged(ctx, sql`c.kind not in (${quoted(inlineKinds)})`)
}

/** Opens accounts of the set that are new with what it brings them; returns how many. One that would owe at once stays away. */
function* openChanged(ctx: UnitContext, isOfKind: SQL): Unit<number> {
  return yield* sqlExec(sql`
    insert into ledger_account (id, kind, owner_id, balance_fen, created_at_ms)
    select c.account_id, c.kind, substr(c.account_id, length(c.kind) + 2),
      case when c.kind in (${quoted(inlineKinds)}) then c.change_fen end, cast(${ctx.now()} as bigint)
    from ledger_change c
    where ${isOfKind} and (c.kind not in (${quoted(neverNegativeKinds)}) or c.change_fen >= 0)
      and not exists (select 1 from ledger_account a where a.id = c.account_id)
    order by c.account_id on conflict do nothing`)
}

function* refuseUncovered(): Unit<never> {
  // Accounts that held enough are changed by now: what the first one that did not still holds is what it held.
  const [short] = yield* sqlRows<{ id: string; balanceFen: number; changeFen: number }>(sql`
    select c.account_id as "id", coalesce(a.balance_fen, 0) as "balanceFen", c.change_fen as "changeFen"
    from ledger_change c left join ledger_account a on a.id = c.account_id
    where c.kind in (${quoted(neverNegativeKinds)}) and c.change_fen < 0 and coalesce(a.balance_fen, 0) + c.change_fen < 0
    order by c.account_id limit 1`)
  throw new RefusalError(
    'ledger.balance_insufficient',
    short === undefined ? undefined : `${short.id} holds too little`,
    {
      facts: { balanceFen: short?.balanceFen ?? 0, neededFen: -(short?.changeFen ?? 0) },
    },
  )
}
