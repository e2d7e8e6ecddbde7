// The session's side of a finished restock: it ends, once.
import type { Effect } from '../context.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import type { JournalEvent } from '../mqtt/event-handlers.ts'
import { requireMove } from './require-move.ts'
import { newsOf } from './session-news.ts'
import { advance, findContracted } from './store.ts'
import type { Contracted } from './store.ts'

export type { Contracted } from './store.ts'

/** Ends the restock session; undefined (and a finding) when it is none, is unknown, or ended before. */
export function* finishRestock(
  ctx: UnitContext,
  event: Pick<JournalEvent, 'cabinetId' | 'seq' | 'type'>,
  sessionId: string,
): Unit<{ readonly session: Contracted; readonly effects: readonly Effect[] } | undefined> {
  const session = yield* requireMove(ctx, event, sessionId, yield* findContracted(sessionId), 'restock')
  if (session === undefined) return undefined
  const ended = yield* advance(session, {
    state: 'settled',
    endedAtMs: ctx.now(),
    deadlineAtMs: null,
    outcomeSeq: event.seq,
  })
  return { session, effects: newsOf(ended) }
}
