// Whether an event may move its session. One that may not is kept as a finding for a person; the cabinet never hears of it.
import type { Unit, UnitContext } from '../db/unit.ts'
import type { JournalEvent } from '../mqtt/event-handlers.ts'
import { addFinding } from './findings.ts'
import { nextState } from './rules.ts'
import type { SessionMove } from './rules.ts'
import type { SessionRow } from './store.ts'

export type Judged = Pick<JournalEvent, 'cabinetId' | 'seq' | 'type'>

/** May the event move the session? When not, a finding is kept and undefined returned. */
export function* requireMove<S extends SessionRow>(
  ctx: UnitContext,
  event: Judged,
  sessionId: string,
  session: S | undefined,
  kind: SessionRow['kind'] | 'any' = 'any',
): Unit<S | undefined> {
  const finding = judge(event, session, kind)
  if (finding === undefined) return session
  const detail = session === undefined ? event.type : `${event.type} while ${session.state}`
  yield* addFinding(ctx, { cabinetId: event.cabinetId, seq: event.seq, sessionId, finding, detail })
  return undefined
}

function judge(event: Judged, session: SessionRow | undefined, kind: SessionRow['kind'] | 'any') {
  if (session === undefined) return 'unknown_session'
  if (session.cabinetId !== event.cabinetId || (kind !== 'any' && session.kind !== kind)) return 'foreign_session'
  if (nextState(session.state, event.type as SessionMove) !== undefined) return undefined
  return event.type === 'session.settled' ? 'settled_again' : 'session_ended'
}
