// Undoes what a cause booked, by new transfers that mirror the old ones: nothing booked is ever edited. Each transfer can be
// undone once, whoever asks.
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import type { AccountId } from './account-kinds.ts'
import type { Cause } from './causes.ts'
import { transferIdOf } from './causes.ts'
import { postTransfers } from './post-transfers.ts'
import { transfersOf } from './transfers-of.ts'

/**
 * Reverses every transfer of a cause. Returns 'already' when that happened before. Refuses with ledger.cause_unknown, and with
 * ledger.balance_insufficient when someone who may not owe has spent the money.
 */
export function* reverseCause(ctx: UnitContext, cause: Cause, reason: string): Unit<'posted' | 'already'> {
  const booked = yield* transfersOf(ctx, cause)
  if (booked.length === 0) throw new RefusalError('ledger.cause_unknown', transferIdOf(cause, ''))
  return yield* postTransfers(
    ctx,
    booked.map((transfer) => ({
      debit: transfer.creditAccountId as AccountId,
      credit: transfer.debitAccountId as AccountId,
      amountFen: transfer.amountFen,
      cause: { kind: 'reversal', id: cause.id },
      leg: `${cause.kind}.${transfer.leg}`,
      memo: reason,
      reversesId: transfer.id,
    })),
  )
}
