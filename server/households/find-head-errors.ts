// Files name a household by its code and, to be sure, by its head: this tells the rows whose household is not registered or
// has another head.
import { and, inArray, isNull } from 'drizzle-orm'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import type { RowError } from '../tabular/read-table.ts'

/** Codes asked for in one statement; both dialects bind far more. */
const codesPerStatement = 500

export interface NamedHousehold {
  /** As in the file. */
  readonly row: number
  readonly householdCode: string
  /** Undefined where the file leaves it out. */
  readonly headName: string | undefined
}

export function* findHeadErrors(
  { db, tables: { households: t } }: UnitContext,
  named: readonly NamedHousehold[],
): Unit<RowError[]> {
  const codes = [...new Set(named.map(({ householdCode }) => householdCode))]
  const heads = new Map<string, string>()
  for (let from = 0; from < codes.length; from += codesPerStatement) {
    const found = yield* rows(
      db
        .select({ householdCode: t.householdCode, headName: t.headName })
        .from(t)
        .where(and(inArray(t.householdCode, codes.slice(from, from + codesPerStatement)), isNull(t.takenOutAtMs))),
    )
    for (const { householdCode, headName } of found) heads.set(householdCode, headName)
  }
  return named.flatMap(({ row, householdCode, headName }): RowError[] => {
    const registered = heads.get(householdCode)
    if (registered === undefined) return [{ row, column: '户编号', message: `there is no household ${householdCode}` }]
    if (headName !== undefined && headName !== registered)
      return [{ row, column: '户主', message: `household ${householdCode} has another head` }]
    return []
  })
}
