// Books money that reached an organisation outside the cabinets (dealers' payments, rent, subsidies to the collective), so
// that its distributions have something to split. Collective money sits in the organisation's account, never in a person's.
import type { Unit, UnitContext } from '../db/unit.ts'
import { accountIdOf, namedAccounts } from '../ledger/account-kinds.ts'
import { balanceOf } from '../ledger/balances.ts'
import { transferIdOf } from '../ledger/causes.ts'
import { postTransfers } from '../ledger/post-transfers.ts'
import { requireOrganisation } from './require-organisation.ts'

export interface OrganisationReceipt {
  readonly organisationId: string
  /** Whole fen, > 0. */
  readonly amountFen: number
  /** The money's own reference (bank line, document number); the same one books once for an organisation. */
  readonly reference: string
  readonly note: string
}

/** Refuses with organisation.unknown, and with ledger.cause_conflict on a reused reference with another amount. */
export function* bookReceipt(
  ctx: UnitContext,
  receipt: OrganisationReceipt,
): Unit<{ transferId: string; balanceFen: number }> {
  const { organisationId, amountFen, reference, note } = receipt
  yield* requireOrganisation(ctx, organisationId)
  const account = accountIdOf('organisation', organisationId)
  // References are free text; the encoding keeps colons out of the cause.
  const cause = { kind: 'organisation-receipt', id: `${organisationId}.${encodeURIComponent(reference)}` } as const
  yield* postTransfers(ctx, [
    { debit: namedAccounts.mainBank, credit: account, amountFen, cause, leg: 'credit', memo: note },
  ])
  return { transferId: transferIdOf(cause, 'credit'), balanceFen: yield* balanceOf(ctx, account) }
}
