// Statements of accounts: what an account held before a span, every entry within it with the balance after it, and what it
// held at the end. The closing balance is computed by itself, not from the lines, so that who adds up the lines proves it.
import type { z } from 'zod'
import type { getLedgerBalance, getLedgerStatement } from '#shared/contracts/http/money.ts'
import type { PageRequest } from '../db/keyset.ts'
import { keyOfCursor, pageOfRows } from '../db/keyset.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { accountKindOf } from './account-kinds.ts'
import type { AccountId } from './account-kinds.ts'
import { balanceAt, balanceThroughEntry, entriesOf, requireAccount } from './balances.ts'
import { normalSideOf, onNormalSide, showEntry } from './list-accounts.ts'
import { nameAccounts } from './name-accounts.ts'

export type StatementView = z.input<typeof getLedgerStatement.reply>

export interface StatementRequest extends PageRequest {
  readonly fromMs?: number | undefined
  readonly throughMs?: number | undefined
}

/** A page of a statement, oldest first. Refuses with ledger.account_unknown, and a span that ends before it begins. */
export function* showStatement(
  ctx: UnitContext,
  accountId: AccountId,
  { fromMs = 0, throughMs = ctx.now(), cursor, limit }: StatementRequest,
): Unit<StatementView> {
  yield* requireAccount(ctx, accountId)
  if (throughMs < fromMs) throw new RefusalError('request.invalid', 'throughMs: before fromMs', { field: 'throughMs' })
  const openingFen = yield* balanceAt(ctx, accountId, fromMs - 1)
  const closingFen = yield* balanceAt(ctx, accountId, throughMs)
  const entries = yield* entriesOf(ctx, accountId, { order: 'oldest', fromMs, throughMs, limit, cursor })
  const names = yield* nameAccounts(ctx, [accountId, ...entries.map((entry) => entry.otherAccountId)])
  let balanceFen = openingFen
  const key = keyOfCursor(cursor, 2)
  if (key !== undefined) balanceFen = yield* balanceThroughEntry(ctx, accountId, Number(key[0]), String(key[1]))
  const page = pageOfRows(
    entries,
    limit,
    (entry) => [entry.atMs, entry.transferId],
    (entry) => {
      balanceFen += entry.amountFen
      return { ...showEntry(entry, names), balanceFen: onNormalSide(accountId, balanceFen) }
    },
  )
  return {
    accountId,
    name: names.get(accountId) ?? accountId,
    normalSide: normalSideOf(accountKindOf(accountId)),
    fromMs,
    throughMs,
    openingFen: onNormalSide(accountId, openingFen),
    closingFen: onNormalSide(accountId, closingFen),
    ...page,
  }
}

/** Balance over everything booked at or before the instant. Refuses with ledger.account_unknown. */
export function* showBalance(
  ctx: UnitContext,
  accountId: AccountId,
  atMs: number = ctx.now(),
): Unit<z.input<typeof getLedgerBalance.reply>> {
  yield* requireAccount(ctx, accountId)
  const balanceFen = yield* balanceAt(ctx, accountId, atMs)
  return {
    accountId,
    atMs,
    normalSide: normalSideOf(accountKindOf(accountId)),
    balanceFen: onNormalSide(accountId, balanceFen),
  }
}
