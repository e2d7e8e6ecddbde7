// The nightly check of every lane's weight against the books, and the differences it found. Only a person closes one, by a count
// or by saying who bears what is missing.
import { sql } from 'drizzle-orm'
import type { Kit } from '../db/kit.ts'
import type { DifferenceCause } from './rules.ts'

export function stockCheckTables({ table, column: c, uniqueIndex, check }: Kit) {
  const stockChecks = table('stock_check', {
    checkId: c.text().primaryKey(),
    startedAtMs: c.int().notNull(),
    endedAtMs: c.int().notNull(),
    /** Empty: the server itself, at night. */
    startedBy: c.text(),
    cabinets: c.int().notNull(),
    lanes: c.int().notNull(),
    /** Lanes whose scale could not be trusted; neither accurate nor wrong. */
    unweighed: c.int().notNull(),
    accurate: c.int().notNull(),
  })
  const laneDifferences = table(
    'lane_difference',
    {
      differenceId: c.text().primaryKey(),
      cabinetId: c.text().notNull(),
      laneId: c.text().notNull(),
      skuId: c.text().notNull(),
      bookUnits: c.int().notNull(),
      /** Empty: the scale could not be trusted. */
      weighedUnits: c.int(),
      unitsMissing: c.int().notNull(),
      causes: c.json<readonly DifferenceCause[]>().notNull(),
      foundAtMs: c.int().notNull(),
      /** When a check last saw it. */
      seenAtMs: c.int().notNull(),
      closedAtMs: c.int(),
      closedBy: c.text(),
      reason: c.text(),
    },
    (t) => [
      uniqueIndex('lane_difference_open')
        .on(t.cabinetId, t.laneId)
        .where(sql`${t.closedAtMs} is null`),
      check(
        'lane_difference_closed_whole',
        sql`(${t.closedAtMs} is null) = (${t.closedBy} is null) and (${t.closedAtMs} is null) = (${t.reason} is null)`,
      ),
    ],
  )
  return { stockChecks, laneDifferences }
}
