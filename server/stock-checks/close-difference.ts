// A person closes a lane's difference: by a count, and by saying who bears what is missing. What was found beyond the books is
// taken off the shrink. Without either nothing is explained, and the difference stays.
import { and, eq, isNull } from 'drizzle-orm'
import { recordAudit } from '../audit/record-audit.ts'
import type { Effect } from '../context.ts'
import { exec, one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { bookMoves } from '../stock/book-moves.ts'
import { countLane } from '../stock/count-lane.ts'
import { unitsInLane } from '../stock/lane-stock.ts'
import { recordLoss } from '../stock/record-loss.ts'
import { differencePlace, fixedPlaces } from '../stock/rules.ts'
import type { Bearer, LotUnits } from '../stock/rules.ts'

export type DifferenceRow = UnitContext['tables']['laneDifferences']['$inferSelect']

export interface Closing {
  readonly differenceId: string
  /** What lies in the lane; without it nobody has counted. */
  readonly counts?: readonly LotUnits[] | undefined
  /** Who bears what is missing. */
  readonly bearer?: Bearer | undefined
  readonly reason: string
  readonly by: string
  /** The most of a lot that people book alone in a day, fen by the label. */
  readonly dayLimitFen: number
}

/**
 * Refuses with stock.difference_unknown, difference_closed, difference_unexplained (no count and nothing missing),
 * bearer_missing, and what a count or a loss is refused with.
 */
export function* closeDifference(
  ctx: UnitContext,
  { differenceId, counts, bearer, reason, by, dayLimitFen }: Closing,
): Unit<{ readonly difference: DifferenceRow; readonly effects: readonly Effect[] }> {
  const difference = yield* requireOpen(ctx, differenceId)
  const { cabinetId, laneId } = difference
  const effects: Effect[] = []
  if (counts !== undefined) {
    const counted = yield* countLane(ctx, { cabinetId, laneId, counts, reason, by })
    effects.push(...counted.effects)
  }
  const left = (yield* unitsInLane(ctx, difference)).filter(({ unitsMissing }) => unitsMissing !== 0)
  if (counts === undefined && left.length === 0) throw new RefusalError('stock.difference_unexplained')
  for (const { lotId, unitsMissing } of left) {
    if (unitsMissing > 0) {
      if (bearer === undefined) throw new RefusalError('stock.bearer_missing', undefined, { field: 'bearer' })
      const goods = { kind: 'shrink', lotId, lane: { cabinetId, laneId }, isFromDifference: true } as const
      const shrink = { ...goods, units: unitsMissing, bearer, reason, by, dayLimitFen }
      effects.push(...(yield* recordLoss(ctx, shrink)).effects)
    } else {
      const from = fixedPlaces.shrink
      const to = differencePlace({ cabinetId, laneId })
      yield* bookMoves(ctx, [
        { kind: 'shrunk', lotId, from, to, units: -unitsMissing, causeId: differenceId, reason, by },
      ])
    }
  }
  const change = { closedAtMs: ctx.now(), closedBy: by, reason }
  const { laneDifferences: d } = ctx.tables
  const isOpen = and(eq(d.differenceId, differenceId), isNull(d.closedAtMs))
  if ((yield* exec(ctx.db.update(d).set(change).where(isOpen))) === 0) throw new RefusalError('request.conflict')
  yield* recordAudit(ctx, {
    accountId: by,
    action: 'stock.difference_closed',
    subjectId: differenceId,
    why: reason,
    detail: { cabinetId, laneId, isCounted: counts !== undefined, explained: left.length },
  })
  return { difference: { ...difference, ...change }, effects }
}

function* requireOpen(ctx: UnitContext, differenceId: string): Unit<DifferenceRow> {
  const { laneDifferences: d } = ctx.tables
  const found = yield* one(ctx.db.select().from(d).where(eq(d.differenceId, differenceId)))
  if (found === undefined) throw new RefusalError('stock.difference_unknown')
  if (found.closedAtMs !== null) throw new RefusalError('stock.difference_closed')
  return found
}
