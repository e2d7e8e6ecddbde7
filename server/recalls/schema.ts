// Recalls (召回) of lots: a recalled lot is neither loaded nor sold any more. Lanes are locked for it (lane-locks), buyers can be
// named and refunded. domain.md: recall by lot lists cabinets, orders, buyers.
import { sql } from 'drizzle-orm'
import type { catalogTables } from '../catalog/schema.ts'
import type { Kit } from '../db/kit.ts'

export function recallTables(
  { table, column: c, uniqueIndex, check }: Kit,
  { lots }: Pick<ReturnType<typeof catalogTables>, 'lots'>,
) {
  const recalls = table(
    'recall',
    {
      recallId: c.text().primaryKey(),
      lotId: c
        .text()
        .notNull()
        .references(() => lots.lotId),
      reason: c.text().notNull(),
      openedBy: c.text().notNull(),
      openedAtMs: c.int().notNull(),
      closedBy: c.text(),
      closedAtMs: c.int(),
      closeNote: c.text(),
    },
    (t) => [
      uniqueIndex('recall_open_of_lot')
        .on(t.lotId)
        .where(sql`${t.closedAtMs} is null`),
      check('recall_closed_whole', sql`(${t.closedAtMs} is null) = (${t.closedBy} is null)`),
    ],
  )
  return { recalls }
}
