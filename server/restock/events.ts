// What a finished restock changes: the books of each lane and the unit weight learned there. Never a sale.
import { and, eq } from 'drizzle-orm'
import type { EventBody } from '#shared/contracts/mqtt/event.ts'
import { exec, insertRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { refreshLocks } from '../lane-locks/refresh-locks.ts'
import type { EventHandlers } from '../mqtt/event-handlers.ts'
import { lockRecalledLoads } from '../recalls/recall-lot.ts'
import { addFinding } from '../sessions/findings.ts'
import { weighTask } from '../restock-tasks/weigh-task.ts'
import { finishRestock } from '../sessions/finish-restock.ts'
import type { Contracted } from '../sessions/finish-restock.ts'
import { bookReportedCount } from '../stock/count-lane.ts'
import { bookReportedLoad } from '../stock/load-lane.ts'

type LaneStatistics = EventBody<'restock.completed'>['lanes'][number]

export const restockEvents: EventHandlers = {
  *'restock.completed'(ctx, { body, ...event }) {
    const finished = yield* finishRestock(ctx, event, body.sessionId)
    if (finished === undefined) return []
    const booked = yield* weighTask(ctx, body, event.atMs)
    for (const lane of body.lanes) {
      const beyondBooks = booked.has(lane.laneId) ? 0 : yield* bookLane(ctx, finished.session, lane)
      yield* keepWeight(ctx, finished.session, lane)
      const declared = finished.session.loads.findLast((load) => load.laneId === lane.laneId)
      if (declared === undefined || declared.lotId !== lane.lotId || lane.isCountDoubtful || beyondBooks > 0) {
        const beyond = beyondBooks > 0 ? `; ${beyondBooks} more than the depot had` : ''
        const detail = `${lane.laneId}: ${lane.countAdded} added, ${lane.countAfter} after; declared ${declared?.count ?? 0}${beyond}`
        yield* addFinding(ctx, { ...event, sessionId: body.sessionId, finding: 'load_differs', detail })
      }
    }
    // What was loaded or taken off decides from when on a lane may not be sold.
    const locks = yield* refreshLocks(ctx, [event.cabinetId], 'restock')
    return [...finished.effects, ...locks, ...(yield* lockRecalledLoads(ctx, event.cabinetId, body.lanes))]
  },
}

/**
 * Depot → lane by what was added; whatever the count still differs by is the lane's difference. Returns how many units were
 * added that the depot had not by the books.
 */
function* bookLane(ctx: UnitContext, session: Contracted, lane: LaneStatistics): Unit<number> {
  const { laneId, lotId, countAdded, countAfter } = lane
  const { cabinetId, sessionId: causeId } = session
  const beyondBooks = yield* bookReportedLoad(ctx, { cabinetId, laneId, lotId, units: countAdded, causeId })
  yield* bookReportedCount(ctx, { cabinetId, laneId, total: countAfter, newestLotId: lotId, causeId })
  return beyondBooks
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
