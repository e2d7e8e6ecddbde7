// Lots, registers and lists name households by code; this tells those that are registered from those that are not.
import { and, inArray, isNotNull, isNull } from 'drizzle-orm'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'

/** Codes asked for in one statement; both dialects bind far more. */
const codesPerStatement = 500

/** The codes among these that are registered. */
export function* findKnownHouseholds(ctx: UnitContext, householdCodes: readonly string[]): Unit<Set<string>> {
  return yield* findCodes(ctx, householdCodes, false)
}

/** The codes among these of households that were taken out. */
export function* findTakenOutHouseholds(ctx: UnitContext, householdCodes: readonly string[]): Unit<Set<string>> {
  return yield* findCodes(ctx, householdCodes, true)
}

function* findCodes(
  { db, tables: t }: UnitContext,
  householdCodes: readonly string[],
  isTakenOut: boolean,
): Unit<Set<string>> {
  const { householdCode, takenOutAtMs } = t.households
  const isAsked = isTakenOut ? isNotNull(takenOutAtMs) : isNull(takenOutAtMs)
  const known = new Set<string>()
  for (let from = 0; from < householdCodes.length; from += codesPerStatement) {
    const asked = householdCodes.slice(from, from + codesPerStatement)
    const found = yield* rows(
      db
        .select({ householdCode })
        .from(t.households)
        .where(and(inArray(householdCode, asked), isAsked)),
    )
    for (const row of found) known.add(row.householdCode)
  }
  return known
}

/** The first code that is not registered. */
export function* findUnknownHousehold(
  ctx: UnitContext,
  householdCodes: readonly string[],
): Unit<{ readonly index: number; readonly householdCode: string } | undefined> {
  const known = yield* findKnownHouseholds(ctx, householdCodes)
  const index = householdCodes.findIndex((code) => !known.has(code))
  const householdCode = householdCodes[index]
  return householdCode === undefined ? undefined : { index, householdCode }
}
