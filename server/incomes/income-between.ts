// What households earned in a span of time by kind of income, for many households at once: from the ledger, whose entries are
// kept in the order (account, instant), and from what was paid by other ways, so each household costs two short ranges. All of time
// comes from roll-ups and what was booked since.
import { and, eq, gte, inArray, lt } from 'drizzle-orm'
import type { IncomeKind } from '../attribution/schema.ts'
import { sumOf } from '../db/expressions.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { accountIdOf } from '../ledger/account-kinds.ts'
import { sumBooked } from './booked-income.ts'
import type { BookedIncome } from './booked-income.ts'
import { bookedOfAllTime } from './roll-up-incomes.ts'
import type { IncomeByKind } from './rules.ts'

export interface Span {
  readonly fromMs: number
  /** Excluded. */
  readonly beforeMs: number
}

/** All of time. */
export const always: Span = { fromMs: 0, beforeMs: Number.MAX_SAFE_INTEGER }

function* bookedBetween(
  ctx: UnitContext,
  householdCodes: readonly string[],
  { fromMs, beforeMs }: Span,
): Unit<BookedIncome[]> {
  const { ledgerEntries: e } = ctx.tables
  const ids = householdCodes.map((code) => accountIdOf('household', code))
  return yield* sumBooked(ctx, and(inArray(e.accountId, ids), gte(e.atMs, fromMs), lt(e.atMs, beforeMs)))
}

/** By household code; households without income in the span are not in it. */
export function* incomeBetween(
  ctx: UnitContext,
  householdCodes: readonly string[],
  span: Span,
): Unit<Map<string, IncomeByKind>> {
  if (householdCodes.length === 0) return new Map()
  const { incomeLines: l } = ctx.tables
  const { fromMs, beforeMs } = span
  const booked =
    span === always ? yield* bookedOfAllTime(ctx, householdCodes) : yield* bookedBetween(ctx, householdCodes, span)
  const recorded = yield* rows(
    ctx.db
      .select({ householdCode: l.householdCode, incomeKind: l.incomeKind, amountFen: sumOf(l.amountFen) })
      .from(l)
      .where(
        and(
          inArray(l.householdCode, [...householdCodes]),
          gte(l.atMs, fromMs),
          lt(l.atMs, beforeMs),
          eq(l.isPosted, false),
        ),
      )
      .groupBy(l.householdCode, l.incomeKind),
  )
  const incomes = new Map<string, Map<IncomeKind, number>>()
  const add = (householdCode: string, kind: IncomeKind, amountFen: number) => {
    const kinds = incomes.get(householdCode) ?? new Map<IncomeKind, number>()
    incomes.set(householdCode, kinds.set(kind, (kinds.get(kind) ?? 0) + amountFen))
  }
  for (const { householdCode, incomeKind: kind, amountFen } of [...booked, ...recorded])
    add(householdCode, kind, amountFen)
  return incomes
}
