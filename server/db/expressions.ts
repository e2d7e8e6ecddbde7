// Aggregates that arrive as numbers in both dialects: PostgreSQL's sum() and count() come as text without a mapper.
import { sql } from 'drizzle-orm'
import type { AnyColumn, SQL } from 'drizzle-orm'

/** Σ of a whole-number column, 0 over no rows. */
export function sumOf(value: AnyColumn | SQL): SQL<number> {
  return sql<number>`coalesce(sum(${value}), 0)`.mapWith(Number)
}

/** How many rows. */
export function countRows(): SQL<number> {
  return sql<number>`count(*)`.mapWith(Number)
}
