// Which lots are under recall, for whoever would load or sell them.
import { and, eq, inArray, isNull } from 'drizzle-orm'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'

/** The open recalls among these lots, by lot. */
export function* openRecallsOf(
  { db, tables: { recalls: t } }: UnitContext,
  lotIds: readonly string[],
): Unit<Map<string, string>> {
  if (lotIds.length === 0) return new Map()
  const found = yield* rows(
    db
      .select({ lotId: t.lotId, recallId: t.recallId })
      .from(t)
      .where(and(inArray(t.lotId, [...new Set(lotIds)]), isNull(t.closedAtMs))),
  )
  return new Map(found.map(({ lotId, recallId }) => [lotId, recallId]))
}

/** A recall by its id, with its lot. */
export function* findRecall({ db, tables: { recalls: t } }: UnitContext, recallId: string) {
  return (yield* rows(db.select().from(t).where(eq(t.recallId, recallId))))[0]
}
