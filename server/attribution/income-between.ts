// What households earned in a span of time by kind of income, for many households at once: the ledger's entries are kept in
// the order (account, instant), so each household costs one short range.
import { and, eq, gte, inArray, lt } from 'drizzle-orm'
import { sumOf } from '../db/expressions.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { accountIdOf } from '../ledger/account-kinds.ts'
import { incomeCauses, incomeKindByCause } from './list-income.ts'
import type { IncomeKind } from './schema.ts'

export interface Span {
  readonly fromMs: number
  /** Excluded. */
  readonly beforeMs: number
}

/** Fen by kind of income; kinds without any are not in it. */
export type IncomeByKind = ReadonlyMap<IncomeKind, number>

/** By household code; households without income in the span are not in it. */
export function* incomeBetween(
  ctx: UnitContext,
  householdCodes: readonly string[],
  { fromMs, beforeMs }: Span,
): Unit<Map<string, IncomeByKind>> {
  if (householdCodes.length === 0) return new Map()
  const { ledgerEntries: e, ledgerTransfers: t } = ctx.tables
  const ids = householdCodes.map((code) => accountIdOf('household', code))
  const sums = yield* rows(
    ctx.db
      .select({ accountId: e.accountId, causeKind: t.causeKind, amountFen: sumOf(e.amountFen) })
      .from(e)
      .innerJoin(t, eq(t.id, e.transferId))
      .where(
        and(inArray(e.accountId, ids), gte(e.atMs, fromMs), lt(e.atMs, beforeMs), inArray(t.causeKind, incomeCauses)),
      )
      .groupBy(e.accountId, t.causeKind),
  )
  const incomes = new Map<string, Map<IncomeKind, number>>()
  for (const { accountId, causeKind, amountFen } of sums) {
    const householdCode = accountId.slice(accountId.indexOf(':') + 1)
    const kind = incomeKindByCause[causeKind]
    if (kind === undefined) continue
    const kinds = incomes.get(householdCode) ?? new Map<IncomeKind, number>()
    incomes.set(householdCode, kinds.set(kind, (kinds.get(kind) ?? 0) + amountFen))
  }
  return incomes
}

/** Gross cash income: what was earned, before operating cost; goods in kind are no cash. */
export function sumOfKinds(kinds: IncomeByKind | undefined): number {
  let sumFen = 0
  for (const [kind, amountFen] of kinds ?? []) if (kind !== 'OPERATING_COST' && kind !== 'IN_KIND') sumFen += amountFen
  return sumFen
}

/** The four kinds less operating cost (domain.md, income kinds). */
export function netOfKinds(kinds: IncomeByKind | undefined): number {
  return sumOfKinds(kinds) - (kinds?.get('OPERATING_COST') ?? 0)
}
