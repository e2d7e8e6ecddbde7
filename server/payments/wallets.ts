// The prepaid wallet itself: opened with a buyer's account, filled by finance with money received, looked at by its owner.
import type { Unit, UnitContext } from '../db/unit.ts'
import { accountIdOf, namedAccounts } from '../ledger/account-kinds.ts'
import { balanceOf } from '../ledger/balances.ts'
import { transferIdOf } from '../ledger/causes.ts'
import { openAccounts, postTransfers } from '../ledger/post-transfers.ts'

/** Opens a buyer's wallet at zero; does nothing when it is open. */
export function* openWallet(ctx: UnitContext, accountId: string): Unit<void> {
  yield* openAccounts(ctx, [accountIdOf('wallet', accountId), accountIdOf('hold', accountId)])
}

export interface TopUp {
  /** The buyer's account id. */
  readonly accountId: string
  /** Whole fen, > 0. */
  readonly amountFen: number
  /** The money's own reference (bank line, receipt book); the same one credits once, whoever sends it. */
  readonly reference: string
  /** Who of finance did it. */
  readonly by: string
}

export interface TopUpOutcome {
  readonly transferId: string
  readonly balanceFen: number
}

/** Credits a wallet with money the bank account received. Refuses with ledger.cause_conflict on a reused reference. */
export function* topUpWallet(ctx: UnitContext, topUp: TopUp): Unit<TopUpOutcome> {
  const wallet = accountIdOf('wallet', topUp.accountId)
  // References are free text; the encoding keeps colons out of the cause.
  const cause = { kind: 'top-up', id: encodeURIComponent(topUp.reference) } as const
  yield* postTransfers(ctx, [
    {
      debit: namedAccounts.mainBank,
      credit: wallet,
      amountFen: topUp.amountFen,
      cause,
      leg: 'credit',
      memo: `by ${topUp.by}`,
    },
  ])
  return { transferId: transferIdOf(cause, 'credit'), balanceFen: yield* balanceOf(ctx, wallet) }
}

/** What a buyer has: free to spend, and held for open doors. */
export function* walletOf(ctx: UnitContext, accountId: string): Unit<{ balanceFen: number; heldFen: number }> {
  return {
    balanceFen: yield* balanceOf(ctx, accountIdOf('wallet', accountId)),
    heldFen: yield* balanceOf(ctx, accountIdOf('hold', accountId)),
  }
}
