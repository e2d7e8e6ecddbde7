// What the registry of cabinets asks about sessions: how many are under way and how many wait for a person, and when the
// latest of a cabinet ended.
import { and, desc, eq, inArray } from 'drizzle-orm'
import { countRows } from '../db/expressions.ts'
import { one, type Unit, type UnitContext } from '../db/unit.ts'
import { liveStates } from './rules.ts'
import { isHolding } from './store.ts'

export interface SessionCounts {
  readonly openSessions: number
  readonly inReview: number
}

export function* countSessions({ db, tables: { shoppingSessions: t } }: UnitContext): Unit<SessionCounts> {
  const open = yield* one(
    db
      .select({ count: countRows() })
      .from(t)
      .where(and(isHolding(t), inArray(t.state, [...liveStates]))),
  )
  const review = yield* one(
    db
      .select({ count: countRows() })
      .from(t)
      .where(and(isHolding(t), eq(t.state, 'review'))),
  )
  return { openSessions: open?.count ?? 0, inReview: review?.count ?? 0 }
}

/** When the cabinet's latest session ended; undefined while it is under way and when there was none. */
export function* latestEndMs(
  { db, tables: { shoppingSessions: t } }: UnitContext,
  cabinetId: string,
): Unit<number | undefined> {
  const latest = yield* one(
    db.select({ endedAtMs: t.endedAtMs }).from(t).where(eq(t.cabinetId, cabinetId)).orderBy(desc(t.sessionId)).limit(1),
  )
  return latest?.endedAtMs ?? undefined
}
