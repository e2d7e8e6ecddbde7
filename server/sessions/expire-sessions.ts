// Sessions whose cabinet fell silent: they stop being live, so that the buyer is free to go elsewhere, but the money stays held
// until the cabinet reports or a person decides. Nothing is lost in silence.
import type { Effect } from '../context.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { newsOf } from './session-news.ts'
import { advance, findOverdue } from './store.ts'

/** Sessions per unit, so that a unit stays short. */
const sessionsPerUnit = 100

/** Marks the sessions whose deadline passed. Run it every few seconds; safe on any number of processes. */
export function* expireSessions(ctx: UnitContext): Unit<readonly Effect[]> {
  const effects: Effect[] = []
  for (const session of yield* findOverdue(ctx, ctx.now(), sessionsPerUnit)) {
    const moved = yield* advance(session, {
      state: 'silent',
      reason: 'cabinet_silent',
      flags: [...new Set([...(session.flags ?? []), 'cabinet_silent'])],
      deadlineAtMs: null,
    })
    effects.push(...newsOf(moved))
  }
  return effects
}
