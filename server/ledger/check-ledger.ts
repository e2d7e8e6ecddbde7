// Proves the books from their entries: Σ = 0, every transfer has exactly its two entries, every cached balance equals its
// replay. Reads only; meant for the night, since it looks at everything.
import { eq, isNotNull, sql } from 'drizzle-orm'
import type { AnyColumn, SQL } from 'drizzle-orm'
import { countRows, sumOf } from '../db/expressions.ts'
import { one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { wrongRollups } from './roll-up.ts'

export interface LedgerCheck {
  readonly checkedTransfers: number
  /** Each a sentence that names the row at fault; empty when the books are sound. At most 20 of each kind. */
  readonly problems: readonly string[]
}

const shown = 20

export function* checkLedger(ctx: UnitContext): Unit<LedgerCheck> {
  const { ledgerTransfers: t, ledgerEntries: e } = ctx.tables
  const transfers = yield* one(ctx.db.select({ count: countRows(), amountFen: sumOf(t.amountFen) }).from(t))
  const entries = yield* one(ctx.db.select({ count: countRows(), totalFen: sumOf(e.amountFen) }).from(e))
  const checkedTransfers = transfers?.count ?? 0
  const problems: string[] = []
  if (entries?.totalFen !== 0) problems.push(`entries sum to ${entries?.totalFen} fen, not 0`)
  if (entries?.count !== checkedTransfers * 2)
    problems.push(`${checkedTransfers} transfers have ${entries?.count} entries, not two each`)
  problems.push(...(yield* halfBookedTransfers(ctx)))
  problems.push(...(yield* wrongBalances(ctx)))
  for (const { accountId, throughAtMs } of yield* wrongRollups(ctx))
    problems.push(`the roll-up of ${accountId} through ${throughAtMs} is not the sum of its entries`)
  return { checkedTransfers, problems }
}

function* halfBookedTransfers(ctx: UnitContext): Unit<string[]> {
  const { ledgerTransfers: t, ledgerEntries: e } = ctx.tables
  const has = (account: AnyColumn, amount: SQL) =>
    sql`exists (select 1 from ${e} where ${eq(e.accountId, account)} and ${eq(e.atMs, t.atMs)} and ${eq(e.transferId, t.id)} and ${e.amountFen} = ${amount})`
  const wrong = yield* rows(
    ctx.db
      .select({ id: t.id })
      .from(t)
      .where(
        sql`not (${has(t.debitAccountId, sql`-${t.amountFen}`)} and ${has(t.creditAccountId, sql`${t.amountFen}`)})`,
      )
      .limit(shown),
  )
  return wrong.map(({ id }) => `transfer ${id} lacks an entry, or one differs`)
}

function* wrongBalances(ctx: UnitContext): Unit<string[]> {
  const { ledgerAccounts: a, ledgerEntries: e } = ctx.tables
  const summed = sql<number>`(select coalesce(sum(${e.amountFen}), 0) from ${e} where ${eq(e.accountId, a.id)})`
  const wrong = yield* rows(
    ctx.db
      .select({ id: a.id, balanceFen: a.balanceFen, summedFen: summed.mapWith(Number) })
      .from(a)
      .where(sql`${isNotNull(a.balanceFen)} and ${a.balanceFen} <> ${summed}`)
      .limit(shown),
  )
  return wrong.map(({ id, balanceFen, summedFen }) => `${id} says ${balanceFen} fen, its entries say ${summedFen}`)
}
