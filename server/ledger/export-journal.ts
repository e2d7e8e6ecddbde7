// The books for an independent auditor: every booked transaction from the entry table, and closing balances from elsewhere
// (the account table, or roll-ups and the transfer table), so that a plain-text accounting program which adds up the first
// and compares with the second finds what went wrong between them.
import { and, asc, eq, gt, inArray, isNull, or, sql } from 'drizzle-orm'
import { sumOf } from '../db/expressions.ts'
import { one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { accountKindOf } from './account-kinds.ts'
import type { JournalFormat, JournalPosting } from './journal-formats.ts'

/** Transfers read and written at a time. */
const pageSize = 500

/** Writes the whole journal in pieces of text. Reads only; run it over one snapshot. */
export function* exportJournal(ctx: UnitContext, format: JournalFormat, write: (text: string) => void): Unit<void> {
  const { ledgerAccounts: a, ledgerTransfers: t } = ctx.tables
  const accounts = yield* rows(ctx.db.select().from(a).orderBy(asc(a.id)))
  const first = yield* one(ctx.db.select({ atMs: t.atMs }).from(t).orderBy(asc(t.atMs)).limit(1))
  const firstMs = Math.min(first?.atMs ?? ctx.now(), ...accounts.slice(0, 1).map((account) => account.createdAtMs))
  write(format.head)
  for (const account of accounts) write(format.account(account.id, accountKindOf(account.id), firstMs))
  let lastMs = firstMs
  let afterId = ''
  for (;;) {
    const page = yield* rows(ctx.db.select().from(t).where(gt(t.id, afterId)).orderBy(asc(t.id)).limit(pageSize))
    const postings = yield* postingsOf(ctx, page)
    for (const transfer of page) {
      lastMs = Math.max(lastMs, transfer.atMs)
      write(format.transaction(transfer, postings.get(transfer.id) ?? []))
    }
    const last = page.at(-1)
    if (last === undefined || page.length < pageSize) break
    afterId = last.id
  }
  const summed = yield* balancesFromTransfers(ctx)
  const closing = accounts.map(({ id, balanceFen }) => ({
    accountId: id,
    balanceFen: balanceFen ?? summed.get(id) ?? 0,
  }))
  write(format.closing(closing, lastMs))
}

type TransferRow = UnitContext['tables']['ledgerTransfers']['$inferSelect']

/** The entries of transfers as the entry table has them. */
function* postingsOf(ctx: UnitContext, transfers: readonly TransferRow[]): Unit<Map<string, JournalPosting[]>> {
  const postings = new Map<string, JournalPosting[]>()
  if (transfers.length === 0) return postings
  const { ledgerEntries: e, ledgerTransfers: t } = ctx.tables
  const ids = transfers.map((transfer) => transfer.id)
  const found = yield* rows(
    ctx.db
      .select({ transferId: e.transferId, accountId: e.accountId, amountFen: e.amountFen })
      .from(t)
      .innerJoin(
        e,
        and(
          // An entry on an account its transfer does not name stays out, so the transaction will not balance.
          or(eq(e.accountId, t.debitAccountId), eq(e.accountId, t.creditAccountId)),
          eq(e.atMs, t.atMs),
          eq(e.transferId, t.id),
        ),
      )
      .where(inArray(t.id, ids))
      .orderBy(asc(e.transferId), asc(e.accountId)),
  )
  for (const { transferId, accountId, amountFen } of found) {
    const list = postings.get(transferId) ?? []
    list.push({ accountId, amountFen })
    postings.set(transferId, list)
  }
  return postings
}

/** What each account without an inline balance holds by its newest roll-up and the transfers, not the entries, since. */
function* balancesFromTransfers(ctx: UnitContext): Unit<Map<string, number>> {
  const { ledgerAccounts: a, ledgerRollups: r, ledgerTransfers: t } = ctx.tables
  const newest = ctx.db
    .select({ accountId: r.accountId, throughAtMs: sql<number>`max(${r.throughAtMs})`.as('newest_at_ms') })
    .from(r)
    .groupBy(r.accountId)
    .as('newest')
  const rollups = yield* rows(
    ctx.db
      .select({ accountId: r.accountId, balanceFen: r.balanceFen })
      .from(r)
      .innerJoin(newest, and(eq(newest.accountId, r.accountId), eq(newest.throughAtMs, r.throughAtMs))),
  )
  const balances = new Map(rollups.map(({ accountId, balanceFen }) => [accountId, balanceFen]))
  for (const [side, sign] of [
    [t.creditAccountId, 1],
    [t.debitAccountId, -1],
  ] as const) {
    const sums = yield* rows(
      ctx.db
        .select({ accountId: a.id, totalFen: sumOf(t.amountFen) })
        .from(t)
        .innerJoin(a, eq(a.id, side))
        .leftJoin(newest, eq(newest.accountId, a.id))
        .where(and(isNull(a.balanceFen), gt(t.atMs, sql`coalesce(${newest.throughAtMs}, -1)`)))
        .groupBy(a.id),
    )
    for (const { accountId, totalFen } of sums)
      balances.set(accountId, (balances.get(accountId) ?? 0) + sign * totalFen)
  }
  return balances
}
