// What a cause booked. A transfer's id begins with its cause, so the primary key finds them in order.
import { and, asc, gte, lt } from 'drizzle-orm'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import type { Cause } from './causes.ts'

/** The transfers of a cause, by leg; empty when it booked nothing. */
export function* transfersOf(
  ctx: UnitContext,
  cause: Cause,
): Unit<Array<typeof ctx.tables.ledgerTransfers.$inferSelect>> {
  const { ledgerTransfers: t } = ctx.tables
  const prefix = `${cause.kind}:${cause.id}`
  // ';' follows ':' in byte order, so this is the range of all ids that begin with the prefix and a colon.
  return yield* rows(
    ctx.db
      .select()
      .from(t)
      .where(and(gte(t.id, `${prefix}:`), lt(t.id, `${prefix};`)))
      .orderBy(asc(t.id)),
  )
}
