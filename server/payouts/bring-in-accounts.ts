// Takes over payee accounts that were kept elsewhere before, with the two people who entered and confirmed them and the day they
// did: they are usable at once when their cooling-off time is over by then. Later changes go by proposal and confirmation.
import { insertRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { recordAudit } from '../audit/record-audit.ts'
import type { AccountProposal } from './payee-accounts.ts'
import { coolingOffMs } from './rules.ts'

export interface TakenOver {
  readonly changedBy: string
  readonly confirmedBy: string
  /** Epoch ms of the confirmation. */
  readonly atMs: number
}

export function* bringInAccounts(
  ctx: UnitContext,
  accounts: readonly AccountProposal[],
  { changedBy, confirmedBy, atMs }: TakenOver,
): Unit<void> {
  yield* insertRows(
    ctx.tables.payeeAccounts,
    accounts.map((account) => ({
      ...account,
      state: 'active' as const,
      changedBy,
      changedAtMs: atMs,
      confirmedBy,
      confirmedAtMs: atMs,
      usableFromMs: atMs + coolingOffMs,
    })),
  )
  yield* recordAudit(ctx, {
    accountId: confirmedBy,
    action: 'payee_account.taken_over',
    subjectId: 'payee-accounts',
    detail: { accounts: accounts.length, changedBy, atMs },
  })
}
