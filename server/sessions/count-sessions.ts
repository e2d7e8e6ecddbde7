// How many sessions are under way and how many wait for a person: the fleet's summary.
import { eq, inArray } from 'drizzle-orm'
import { countRows } from '../db/expressions.ts'
import { one, type Unit, type UnitContext } from '../db/unit.ts'
import { liveStates } from './rules.ts'

export interface SessionCounts {
  readonly openSessions: number
  readonly inReview: number
}

export function* countSessions({ db, tables: { shoppingSessions: t } }: UnitContext): Unit<SessionCounts> {
  const open = yield* one(
    db
      .select({ count: countRows() })
      .from(t)
      .where(inArray(t.state, [...liveStates])),
  )
  const review = yield* one(db.select({ count: countRows() }).from(t).where(eq(t.state, 'review')))
  return { openSessions: open?.count ?? 0, inReview: review?.count ?? 0 }
}
