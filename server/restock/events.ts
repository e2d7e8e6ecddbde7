// What a finished restock changes: the books of each lane and the unit weight learned there. Never a sale.
import { and, eq } from 'drizzle-orm'
import type { EventBody } from '#shared/contracts/mqtt/event.ts'
import { moveStock, unitsInLane } from '../catalog/lane-stock.ts'
import { exec, insertRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { refreshLocks } from '../lane-locks/refresh-locks.ts'
import type { EventHandlers } from '../mqtt/event-handlers.ts'
import { lockRecalledLoads } from '../recalls/recall-lot.ts'
import { addFinding } from '../sessions/findings.ts'
import { weighTask } from '../restock-tasks/weigh-task.ts'
import { finishRestock } from '../sessions/finish-restock.ts'
import type { Contracted } from '../sessions/finish-restock.ts'

type LaneStatistics = EventBody<'restock.completed'>['lanes'][number]

export const restockEvents: EventHandlers = {
  *'restock.completed'(ctx, { body, ...event }) {
    const finished = yield* finishRestock(ctx, event, body.sessionId)
    if (finished === undefined) return []
    const booked = yield* weighTask(ctx, body, event.atMs)
    for (const lane of body.lanes) {
      if (!booked.has(lane.laneId)) yield* bookLane(ctx, finished.session, lane)
      yield* keepWeight(ctx, finished.session, lane)
      const declared = finished.session.loads.findLast((load) => load.laneId === lane.laneId)
      if (declared === undefined || declared.lotId !== lane.lotId || lane.isCountDoubtful) {
        const detail = `${lane.laneId}: ${lane.countAdded} added, ${lane.countAfter} after; declared ${declared?.count ?? 0}`
        yield* addFinding(ctx, { ...event, sessionId: body.sessionId, finding: 'load_differs', detail })
      }
    }
    // What was loaded or taken off decides from when on a lane may not be sold.
    const locks = yield* refreshLocks(ctx, [event.cabinetId], 'restock')
    return [...finished.effects, ...locks, ...(yield* lockRecalledLoads(ctx, event.cabinetId, body.lanes))]
  },
}

/** Depot → lane by what was added; whatever the count still differs by is a stocktake correction of this lane. */
function* bookLane(ctx: UnitContext, session: Contracted, lane: LaneStatistics): Unit<void> {
  const place = { cabinetId: session.cabinetId, laneId: lane.laneId }
  const cause = { causeId: session.sessionId }
  yield* moveStock(ctx, { ...place, ...cause, kind: 'loaded', lotId: lane.lotId, units: lane.countAdded })
  const booked = yield* unitsInLane(ctx, place)
  let excess = booked.reduce((sum, lot) => sum + lot.units, 0) - lane.countAfter
  if (excess === 0) return
  // What is missing left from the older lots first; the lot just loaded answers for the rest, and for what is too much.
  const older = booked.filter((lot) => lot.lotId !== lane.lotId)
  for (const { lotId, units } of older) {
    const change = excess > 0 ? -Math.min(excess, Math.max(units, 0)) : 0
    yield* moveStock(ctx, { ...place, ...cause, kind: 'stocktake', lotId, units: change })
    excess += change
  }
  yield* moveStock(ctx, { ...place, ...cause, kind: 'stocktake', lotId: lane.lotId, units: -excess })
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
