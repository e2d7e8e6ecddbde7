// What was sold out of a lane lately, for whoever books a count that was made before.
import { and, eq, gt, inArray } from 'drizzle-orm'
import { sumOf } from '../db/expressions.ts'
import { one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { unitsInLane } from './lane-stock.ts'
import { lanePlace } from './rules.ts'
import type { LanePlace } from './rules.ts'

/** Units whose sale was booked after an instant. */
export function* soldFrom(ctx: UnitContext, place: LanePlace, sinceMs: number): Unit<number> {
  const { stockMoves: t } = ctx.tables
  const lots = yield* unitsInLane(ctx, place)
  if (lots.length === 0) return 0
  const isOfLane = and(
    inArray(
      t.lotId,
      lots.map(({ lotId }) => lotId),
    ),
    eq(t.fromPlace, lanePlace(place)),
  )
  const sold = yield* one(
    ctx.db
      .select({ units: sumOf(t.units) })
      .from(t)
      .where(and(isOfLane, eq(t.kind, 'sold'), gt(t.atMs, sinceMs))),
  )
  return sold?.units ?? 0
}
