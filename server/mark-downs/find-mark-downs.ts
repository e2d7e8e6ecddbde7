// The prices that are down now, for the shelf and for what lost goods are worth.
import { and, eq, isNull } from 'drizzle-orm'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'

export type MarkDownRow = UnitContext['tables']['markDowns']['$inferSelect']

/** Open mark-downs of a cabinet, by SKU. */
export function* openMarkDownsOf(
  { db, tables: { markDowns: t } }: UnitContext,
  cabinetId: string,
): Unit<Map<string, MarkDownRow>> {
  const found = yield* rows(
    db
      .select()
      .from(t)
      .where(and(eq(t.cabinetId, cabinetId), isNull(t.endedAtMs))),
  )
  return new Map(found.map((row) => [row.skuId, row]))
}
