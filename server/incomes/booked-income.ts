// What the ledger booked of households' income, by household and kind.
import { and, eq, inArray } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { IncomeKind } from '../attribution/schema.ts'
import { sumOf } from '../db/expressions.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { ownerIdOf } from '../ledger/account-kinds.ts'
import { incomeCauses, incomeKind } from './income-source.ts'

/** Of one household and kind. */
export interface BookedIncome {
  readonly householdCode: string
  readonly incomeKind: IncomeKind
  readonly amountFen: number
}

/** Sums the entries of income that a condition on the entry table chooses; it names accounts of households only. */
export function* sumBooked(ctx: UnitContext, chosen: SQL | undefined): Unit<BookedIncome[]> {
  const { ledgerEntries: e, ledgerTransfers: t } = ctx.tables
  const kind = incomeKind(ctx)
  const found = yield* rows(
    ctx.db
      .select({ accountId: e.accountId, incomeKind: kind, amountFen: sumOf(e.amountFen) })
      .from(e)
      .innerJoin(t, eq(t.id, e.transferId))
      .where(and(chosen, inArray(t.causeKind, incomeCauses)))
      .groupBy(e.accountId, kind),
  )
  return found.map(({ accountId, ...sum }) => ({ ...sum, householdCode: ownerIdOf(accountId) }))
}
