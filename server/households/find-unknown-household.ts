// Lots, registers and lists name households by code; this tells those that are registered from those that are not.
import { inArray } from 'drizzle-orm'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'

/** Codes asked for in one statement; both dialects bind far more. */
const codesPerStatement = 500

/** The codes among these that are registered. */
export function* findKnownHouseholds(
  { db, tables: t }: UnitContext,
  householdCodes: readonly string[],
): Unit<Set<string>> {
  const known = new Set<string>()
  for (let from = 0; from < householdCodes.length; from += codesPerStatement) {
    const asked = householdCodes.slice(from, from + codesPerStatement)
    const found = yield* rows(
      db
        .select({ householdCode: t.households.householdCode })
        .from(t.households)
        .where(inArray(t.households.householdCode, asked)),
    )
    for (const { householdCode } of found) known.add(householdCode)
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
