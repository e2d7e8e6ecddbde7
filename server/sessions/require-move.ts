// Whether an event may move its session. One that may not is kept as a finding for a person; the cabinet never hears of it.
import type { Unit, UnitContext } from '../db/unit.ts'
import type { JournalEvent } from '../mqtt/event-handlers.ts'
import { addFinding } from './findings.ts'
import { nextState } from './rules.ts'
import type { SessionMove } from './rules.ts'
import type { SessionRow } from './store.ts'

export type Judged = Pick<JournalEvent, 'cabinetId' | 'seq' | 'type'>

/** May the event move the session? When not, undefined is returned, and a finding kept unless it says what is known. */
export function* requireMove<S extends SessionRow>(
  ctx: UnitContext,
  event: Judged,
  sessionId: string,
  session: S | undefined,
  kind: SessionRow['kind'] | 'any' = 'any',
): Unit<S | undefined> {
  const finding = judge(event, session, kind)
  if (finding === undefined) return session
  if (finding === 'said_before') return undefined
  const detail = session === undefined ? event.type : `${event.type} while ${session.state}`
  yield* addFinding(ctx, { cabinetId: event.cabinetId, seq: event.seq, sessionId, finding, detail })
  return undefined
}

function judge(event: Judged, session: SessionRow | undefined, kind: SessionRow['kind'] | 'any') {
  if (session === undefined) return 'unknown_session'
  if (session.cabinetId !== event.cabinetId || (kind !== 'any' && session.kind !== kind)) return 'foreign_session'
  if (nextState(session.state, event.type as SessionMove) !== undefined) return undefined
  // A refused unlock is answered and journalled; the answer may be there first.
  const isOfRefusal = event.type === 'session.refused' || event.type === 'session.not_opened'
  if (session.state === 'refused' && isOfRefusal) return 'said_before'
  return event.type === 'session.settled' ? 'settled_again' : 'session_ended'
}
