// Lots and registers name households by code; this finds the first one that is not registered.
import { inArray } from 'drizzle-orm'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'

/** Codes asked for in one statement; both dialects bind far more. */
const codesPerStatement = 500

export function* findUnknownHousehold(
  { db, tables: t }: UnitContext,
  householdCodes: readonly string[],
): Unit<{ readonly index: number; readonly householdCode: string } | undefined> {
  for (let from = 0; from < householdCodes.length; from += codesPerStatement) {
    const asked = householdCodes.slice(from, from + codesPerStatement)
    const found = yield* rows(
      db
        .select({ householdCode: t.households.householdCode })
        .from(t.households)
        .where(inArray(t.households.householdCode, asked)),
    )
    const known = new Set(found.map((row) => row.householdCode))
    const missing = asked.findIndex((code) => !known.has(code))
    const householdCode = asked[missing]
    if (householdCode !== undefined) return { index: from + missing, householdCode }
  }
  return undefined
}
