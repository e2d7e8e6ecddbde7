// Accounts and their entries as the books' readers see them: balances on the account's normal side, each entry with the
// other side's name.
import { and, eq, like } from 'drizzle-orm'
import type { z } from 'zod'
import type { LedgerAccount, LedgerEntry } from '#shared/contracts/http/money.ts'
import type { NamedPageRequest, Page, TimedPageRequest } from '../db/keyset.ts'
import { behindName, inNameOrder, pageOfRows } from '../db/keyset.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { accountKindNames, accountKindOf, accountKinds } from './account-kinds.ts'
import type { AccountId, AccountKind } from './account-kinds.ts'
import { balanceOf, entriesOf, requireAccount } from './balances.ts'
import type { EntryRow } from './balances.ts'
import { nameAccounts } from './name-accounts.ts'

export type AccountView = z.input<typeof LedgerAccount>
export type EntryView = z.input<typeof LedgerEntry>

/** Assets and expenses grow by debits, everything else by credits. */
export function normalSideOf(kind: AccountKind): 'debit' | 'credit' {
  const { group } = accountKinds[kind]
  return group === 'assets' || group === 'expenses' ? 'debit' : 'credit'
}

/** A balance (credits − debits) as it looks on the account's normal side. */
export function onNormalSide(accountId: string, balanceFen: number): number {
  // `0 -` keeps an empty debit account at 0 instead of −0.
  return normalSideOf(accountKindOf(accountId)) === 'debit' ? 0 - balanceFen : balanceFen
}

/** Accounts by id; `search` looks inside the id, which holds household codes and owners' ids. */
export function* listAccounts(
  ctx: UnitContext,
  query: NamedPageRequest & { readonly kind?: string | undefined; readonly search?: string | undefined },
): Unit<Page<AccountView>> {
  const { ledgerAccounts: t } = ctx.tables
  const kind = accountKindNames.find((name) => name === query.kind)
  if (query.kind !== undefined && kind === undefined) return { rows: [] }
  const found = yield* rows(
    ctx.db
      .select()
      .from(t)
      .where(
        and(
          behindName([t.id], query),
          kind === undefined ? undefined : eq(t.kind, kind),
          query.search === undefined ? undefined : like(t.id, `%${query.search.replaceAll(/[%_]/g, '')}%`),
        ),
      )
      .orderBy(...inNameOrder([t.id], query))
      .limit(query.limit + 1),
  )
  const names = yield* nameAccounts(
    ctx,
    found.map((account) => account.id),
  )
  const balances = new Map<string, number>()
  for (const { id, balanceFen } of found) balances.set(id, balanceFen ?? (yield* balanceOf(ctx, id as AccountId)))
  return pageOfRows(
    found,
    query.limit,
    (account) => [account.id],
    (account) => ({
      accountId: account.id,
      kind: account.kind,
      name: names.get(account.id) ?? account.id,
      ownerId: account.ownerId,
      normalSide: normalSideOf(account.kind),
      balanceFen: onNormalSide(account.id, balances.get(account.id) ?? 0),
    }),
  )
}

/** Entries of one account, the newest first unless asked otherwise. Refuses with ledger.account_unknown. */
export function* listEntries(ctx: UnitContext, accountId: AccountId, query: TimedPageRequest): Unit<Page<EntryView>> {
  yield* requireAccount(ctx, accountId)
  const lines = yield* entriesOf(ctx, accountId, query)
  const names = yield* nameAccounts(
    ctx,
    lines.map((line) => line.otherAccountId),
  )
  return pageOfRows(
    lines,
    query.limit,
    (line) => [line.atMs, line.transferId],
    (line) => showEntry(line, names),
  )
}

/** `names` holds the other account's name where it has one. */
export function showEntry(line: EntryRow, names: ReadonlyMap<string, string>): EntryView {
  return {
    transferId: line.transferId,
    atMs: line.atMs,
    side: line.amountFen < 0 ? 'debit' : 'credit',
    amountFen: Math.abs(line.amountFen),
    otherAccountId: line.otherAccountId,
    otherAccountName: names.get(line.otherAccountId) ?? line.otherAccountId,
    causeKind: line.causeKind,
    causeId: line.causeId,
    memo: line.memo ?? '',
  }
}
