// Locks lanes that goods under recall have come to lie in: loaded while their lot was being recalled, stated by a restocker instead
// of what was planned, or found by a count, or sold, after the books had said that none was left.
import { and, asc, inArray, isNull, eq } from 'drizzle-orm'
import type { Effect } from '../context.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { lockPlaces } from '../lane-locks/lock-lanes.ts'
import { mayLieThere } from '../stock/lane-stock.ts'

/** Lanes that are locked for it already stay as they are. */
export function* lockRecalled(ctx: UnitContext, cabinetIds: readonly string[]): Unit<readonly Effect[]> {
  const { recalls: t, laneStock: s } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select({ recallId: t.recallId, cabinetId: s.cabinetId, laneId: s.laneId })
      .from(s)
      .innerJoin(t, and(eq(t.lotId, s.lotId), isNull(t.closedAtMs)))
      .where(and(inArray(s.cabinetId, [...cabinetIds]), mayLieThere(s)))
      .orderBy(asc(t.recallId), asc(s.cabinetId), asc(s.laneId)),
  )
  const effects: Effect[] = []
  for (const causeId of new Set(found.map(({ recallId }) => recallId))) {
    const places = found.filter(({ recallId }) => recallId === causeId)
    const locking = { reason: 'recalled', causeId, by: { accountId: undefined, name: 'recall' } } as const
    effects.push(...(yield* lockPlaces(ctx, places, locking)).effects)
  }
  return effects
}
