import { and, gte, inArray } from 'drizzle-orm'
import { exec } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { accountKindOf, ownerIdOf } from '../ledger/account-kinds.ts'

/**
 * Removes the households' roll-ups that an entry at `atMs` would have to be in: their income is summed from its entries until the
 * next one is made.
 */
export function* forgetIncomes(ctx: UnitContext, accountIds: readonly string[], atMs: number): Unit<void> {
  const { incomeRollups: r } = ctx.tables
  const households = accountIds.filter((id) => accountKindOf(id) === 'household')
  if (households.length === 0) return
  yield* exec(
    ctx.db.delete(r).where(and(inArray(r.householdCode, households.map(ownerIdOf)), gte(r.throughAtMs, atMs))),
  )
}
