// A door may close without weights: a scale that failed, a session that went to review, a cabinet that stays silent. What the
// restocker said was done was done all the same, so it enters the books once no weights can come any more.
import { and, asc, eq, inArray, isNotNull, isNull, notExists } from 'drizzle-orm'
import { recordAudit } from '../audit/record-audit.ts'
import type { Effect } from '../context.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { refreshLocks } from '../lane-locks/refresh-locks.ts'
import { liveStates } from '../sessions/rules.ts'
import { soldFrom } from '../stock/sold-from.ts'
import { bookLane } from './book-lane.ts'

/** Lanes per unit, so that a unit stays short. */
const lanesPerUnit = 100

/** Books stated lanes of closed tasks whose doors are all shut for good. Safe on any number of processes. */
export function* bookUnweighed(ctx: UnitContext): Unit<readonly Effect[]> {
  const { restockTasks: t, restockTaskLanes: l, restockOpenings: o, shoppingSessions: s } = ctx.tables
  const stillOpen = ctx.db
    .select({ sessionId: s.sessionId })
    .from(s)
    .innerJoin(o, eq(o.sessionId, s.sessionId))
    .where(and(eq(o.taskId, t.taskId), inArray(s.state, [...liveStates, 'silent'])))
  const found = yield* rows(
    ctx.db
      .select({ task: t, lane: l })
      .from(l)
      .innerJoin(t, eq(t.taskId, l.taskId))
      .where(and(eq(t.state, 'closed'), isNull(l.booked), isNotNull(l.stated), notExists(stillOpen)))
      .orderBy(asc(l.taskId), asc(l.laneId))
      .limit(lanesPerUnit),
  )
  for (const { task, lane } of found) {
    // Told late, the count is of before these sales.
    const place = { cabinetId: task.cabinetId, laneId: lane.laneId }
    yield* bookLane(ctx, task, lane, yield* soldFrom(ctx, place, lane.stated?.atMs ?? ctx.now()))
    yield* recordAudit(ctx, {
      accountId: undefined,
      action: 'restock_task.lane_booked_unweighed',
      subjectId: task.taskId,
      detail: { laneId: lane.laneId },
    })
  }
  return yield* refreshLocks(ctx, [...new Set(found.map(({ task }) => task.cabinetId))], 'restock')
}
