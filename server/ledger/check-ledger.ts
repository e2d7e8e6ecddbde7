// Proves the books from their entries: every transfer has exactly its two entries and every entry its transfer, so Σ = 0; every
// cached balance and roll-up equals its replay. Reads only; meant for the night, since it looks at everything.
import { and, eq, gt, isNotNull, lt, lte, or, sql } from 'drizzle-orm'
import type { AnyColumn } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { proofOver, proveAtOnce, shownProblems } from './proof.ts'
import type { Proof } from './proof.ts'

const transfersHaveEntries = proofOver({
  name: 'every transfer has its two entries, so the books sum to zero',
  from: ({ tables: { ledgerTransfers: t } }) => ({ table: t, key: [t.id] }),
  *findWrong({ db, tables: { ledgerTransfers: t, ledgerEntries } }, within) {
    const debit = alias(ledgerEntries, 'debit')
    const credit = alias(ledgerEntries, 'credit')
    const isOf = (entry: typeof debit | typeof credit, account: AnyColumn) =>
      and(eq(entry.accountId, account), eq(entry.atMs, t.atMs), eq(entry.transferId, t.id))
    const wrong = yield* rows(
      db
        .select({ id: t.id })
        .from(t)
        .leftJoin(debit, isOf(debit, t.debitAccountId))
        .leftJoin(credit, isOf(credit, t.creditAccountId))
        .where(
          and(
            within,
            sql`(coalesce(${debit.amountFen}, 0) <> -${t.amountFen} or coalesce(${credit.amountFen}, 0) <> ${t.amountFen})`,
          ),
        )
        .limit(shownProblems),
    )
    return wrong.map(({ id }) => `transfer ${id} lacks an entry, or one differs`)
  },
})

const entriesHaveTransfer = proofOver({
  name: 'every entry is one of its transfer’s two',
  from: ({ tables: { ledgerEntries: e } }) => ({ table: e, key: [e.accountId, e.atMs, e.transferId] }),
  *findWrong({ db, tables: { ledgerTransfers: t, ledgerEntries: e } }, within) {
    const isDebit = and(eq(t.debitAccountId, e.accountId), sql`${e.amountFen} = -${t.amountFen}`)
    const isCredit = and(eq(t.creditAccountId, e.accountId), eq(e.amountFen, t.amountFen))
    const wrong = yield* rows(
      db
        .select({ accountId: e.accountId, transferId: e.transferId })
        .from(e)
        .leftJoin(t, and(eq(t.id, e.transferId), eq(t.atMs, e.atMs), or(isDebit, isCredit)))
        .where(and(within, sql`${t.id} is null`))
        .limit(shownProblems),
    )
    return wrong.map(
      ({ accountId, transferId }) => `the entry of ${transferId} on ${accountId} is not what that transfer says`,
    )
  },
})

const balancesAreReplayed = proofOver({
  name: 'every balance is the sum of its account’s entries',
  rowsPerSlice: 500,
  from: ({ tables: { ledgerAccounts: a } }) => ({ table: a, key: [a.id] }),
  *findWrong({ db, tables: { ledgerAccounts: a, ledgerEntries: e } }, within) {
    const summed = sql<number>`(select coalesce(sum(${e.amountFen}), 0) from ${e} where ${eq(e.accountId, a.id)})`
    const wrong = yield* rows(
      db
        .select({ id: a.id, balanceFen: a.balanceFen, summedFen: summed.mapWith(Number) })
        .from(a)
        .where(and(within, isNotNull(a.balanceFen), sql`${a.balanceFen} <> ${summed}`))
        .limit(shownProblems),
    )
    return wrong.map(({ id, balanceFen, summedFen }) => `${id} says ${balanceFen} fen, its entries say ${summedFen}`)
  },
})

const rollupsAreReplayed = proofOver({
  name: 'every roll-up is the one before it and the entries between',
  rowsPerSlice: 100,
  from: ({ tables: { ledgerRollups: r } }) => ({ table: r, key: [r.accountId, r.throughAtMs] }),
  *findWrong({ db, tables: { ledgerRollups: r, ledgerEntries: e } }, within) {
    const before = alias(r, 'before')
    const isBefore = and(eq(before.accountId, r.accountId), lt(before.throughAtMs, r.throughAtMs))
    const newest = (column: AnyColumn) =>
      sql`(select ${column} from ${r} as ${sql.identifier('before')} where ${isBefore} order by ${before.throughAtMs} desc limit 1)`
    const between = sql`(select coalesce(sum(${e.amountFen}), 0) from ${e} where ${and(
      eq(e.accountId, r.accountId),
      lte(e.atMs, r.throughAtMs),
      gt(e.atMs, sql`coalesce(${newest(before.throughAtMs)}, -1)`),
    )})`
    const wrong = yield* rows(
      db
        .select({ accountId: r.accountId, throughAtMs: r.throughAtMs })
        .from(r)
        .where(and(within, sql`${r.balanceFen} <> coalesce(${newest(before.balanceFen)}, 0) + ${between}`))
        .limit(shownProblems),
    )
    return wrong.map(
      ({ accountId, throughAtMs }) =>
        `the roll-up of ${accountId} through ${throughAtMs} is not the sum of its entries`,
    )
  },
})

export const ledgerProofs: readonly Proof[] = [
  transfersHaveEntries,
  entriesHaveTransfer,
  balancesAreReplayed,
  rollupsAreReplayed,
]

export interface LedgerCheck {
  readonly checkedTransfers: number
  /** Each a sentence that names the row at fault; empty when the books are sound. */
  readonly problems: readonly string[]
}

/** All proofs of the ledger over one snapshot. */
export function* checkLedger(ctx: UnitContext): Unit<LedgerCheck> {
  const results = yield* proveAtOnce(ctx, ledgerProofs)
  return { checkedTransfers: results[0]?.checked ?? 0, problems: results.flatMap(({ problems }) => problems) }
}
