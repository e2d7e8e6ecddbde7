// What the people are called whose accounts stand in others' records: a list shows names, never ids.
import { inArray } from 'drizzle-orm'
import { rows, type Unit, type UnitContext } from '../db/unit.ts'

/** Name by account; an account that is not known has none. */
export function* namesOfPeople(
  { db, tables: { accounts: t } }: UnitContext,
  accountIds: readonly (string | null)[],
): Unit<Map<string, string>> {
  const wanted = new Set(accountIds.filter((id) => id !== null))
  if (wanted.size === 0) return new Map()
  const found = yield* rows(
    db
      .select({ id: t.accountId, name: t.displayName })
      .from(t)
      .where(inArray(t.accountId, [...wanted])),
  )
  return new Map(found.map(({ id, name }) => [id, name]))
}
