// What a finished restock changes: the books of each lane and the unit weight learned there. Never a sale.
import { and, eq } from 'drizzle-orm'
import type { EventBody } from '#shared/contracts/mqtt/event.ts'
import { exec, insertRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { refreshLocks } from '../lane-locks/refresh-locks.ts'
import type { EventHandlers } from '../mqtt/event-handlers.ts'
import { addFinding } from '../sessions/findings.ts'
import { weighTask } from '../restock-tasks/weigh-task.ts'
import { finishRestock } from '../sessions/finish-restock.ts'
import type { Contracted } from '../sessions/finish-restock.ts'
import { bookCount, bookReportedCount } from '../stock/count-lane.ts'
import { unitsInLane } from '../stock/lane-stock.ts'
import { bookReportedLoad } from '../stock/load-lane.ts'
import type { LanePlace } from '../stock/rules.ts'

type LaneStatistics = EventBody<'restock.completed'>['lanes'][number]

export const restockEvents: EventHandlers = {
  *'restock.completed'(ctx, { body, ...event }) {
    const finished = yield* finishRestock(ctx, event, body.sessionId)
    if (finished === undefined) return []
    const booked = yield* weighTask(ctx, body, event.atMs)
    for (const lane of body.lanes) {
      const declared = finished.session.loads.findLast((load) => load.laneId === lane.laneId)
      const { beyondBooks, differing } = booked.has(lane.laneId)
        ? { beyondBooks: 0, differing: 0 }
        : yield* bookLane(ctx, finished.session, lane, declared)
      yield* keepWeight(ctx, finished.session, lane)
      const isAsDeclared = declared !== undefined && declared.lotId === lane.lotId && !lane.isCountDoubtful
      if (!isAsDeclared || beyondBooks + differing > 0) {
        const beyond = [
          ...(beyondBooks > 0 ? [`; ${beyondBooks} more than the depot had`] : []),
          ...(differing > 0 ? [`; ${differing} otherwise than the books had`] : []),
        ].join('')
        const detail = `${lane.laneId}: ${lane.countAdded} added, ${lane.countAfter} after; declared ${declared?.count ?? 0}${beyond}`
        yield* addFinding(ctx, { ...event, sessionId: body.sessionId, finding: 'load_differs', detail })
      }
    }
    // What was loaded or taken off decides from when on a lane may not be sold.
    return [...finished.effects, ...(yield* refreshLocks(ctx, [event.cabinetId], 'restock'))]
  },
}

interface BookedLane {
  /** Units that were added and that the depot had not by the books. */
  readonly beyondBooks: number
  /** Units that a lane's count found otherwise than booked; they wait in its difference until somebody explains them. */
  readonly differing: number
}

/** Depot → lane by what was added; whatever the count still differs by is the lane's difference. */
function* bookLane(
  ctx: UnitContext,
  session: Contracted,
  lane: LaneStatistics,
  declared: Contracted['loads'][number] | undefined,
): Unit<BookedLane> {
  const { laneId, lotId, countAdded, countAfter } = lane
  const { cabinetId, sessionId: causeId } = session
  const place = { cabinetId, laneId }
  if (declared?.isReplacement === true && declared.lotId === lotId)
    return yield* bookReplacement(ctx, { ...place, lotId, units: countAfter, causeId })
  const beyondBooks = yield* bookReportedLoad(ctx, { cabinetId, laneId, lotId, units: countAdded, causeId })
  yield* bookReportedCount(ctx, { ...place, total: countAfter, newestLotId: lotId, causeId })
  return { beyondBooks, differing: 0 }
}

/**
 * A replacement says what the lane holds now. Of a lot that lies there by the books it is a count, and the depot gives nothing; a
 * lot that does not has come from the depot. What lay there besides is missing.
 */
function* bookReplacement(
  ctx: UnitContext,
  { lotId, units, causeId, ...place }: LanePlace & { lotId: string; units: number; causeId: string },
): Unit<BookedLane> {
  const lies = (yield* unitsInLane(ctx, place)).some((lot) => lot.lotId === lotId && lot.units > 0)
  const beyondBooks = lies ? 0 : yield* bookReportedLoad(ctx, { ...place, lotId, units, causeId })
  const differences = yield* bookCount(ctx, place, [{ lotId, units }], { causeId })
  return { beyondBooks, differing: differences.reduce((sum, lot) => sum + Math.abs(lot.units), 0) }
}

function* keepWeight(ctx: UnitContext, session: Contracted, lane: LaneStatistics): Unit<void> {
  const { laneWeights: w } = ctx.tables
  const { cabinetId, sessionId } = session
  yield* exec(ctx.db.delete(w).where(and(eq(w.cabinetId, cabinetId), eq(w.laneId, lane.laneId))))
  const { laneId, skuId, unitMassMg, unitMassSdMg, samples, grossAfterMg, countAfter, isCountDoubtful } = lane
  yield* insertRows(w, [
    {
      cabinetId,
      laneId,
      skuId,
      unitMassMg,
      unitMassSdMg,
      samples,
      grossAfterMg,
      countAfter,
      isCountDoubtful,
      sessionId,
      atMs: ctx.now(),
    },
  ])
}
