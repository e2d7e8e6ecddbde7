// Sessions whose cabinet fell silent. One that never answered the unlock, which has expired, ends here: the money goes back and
// the buyer is told; should the cabinet have opened all the same and say so later, its bill is taken from the wallet. One that
// spoke stops being live, so that the buyer is free to go elsewhere, but its money stays held until the cabinet reports or a
// person decides: goods may be out. Nothing is lost in silence.
import type { Effect } from '../context.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import type { PaymentPort } from '../payments/payment-port.ts'
import { cancelUnsold } from './end-session.ts'
import { newsOf } from './session-news.ts'
import { advance, findOverdue } from './store.ts'

/** Whether a deadline has passed: asked without the writer, since mostly none has. */
export function* isAnyOverdue(ctx: UnitContext): Unit<boolean> {
  return (yield* findOverdue(ctx.now())).length > 0
}

/** Ends or sets aside the sessions whose deadline passed. Run it every few seconds; safe on any number of processes. */
export function* expireSessions(ctx: UnitContext, payments: PaymentPort): Unit<readonly Effect[]> {
  const effects: Effect[] = []
  for (const session of yield* findOverdue(ctx.now())) {
    if (session.state === 'authorised' && session.answeredAtMs === null) {
      effects.push(...(yield* cancelUnsold(ctx, payments, session, 'unlock_unanswered')))
      continue
    }
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
