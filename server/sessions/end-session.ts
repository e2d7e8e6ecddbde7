// Ends a session in which nothing was sold: the hold goes back whole.
import type { Effect } from '../context.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import type { PaymentPort } from '../payments/payment-port.ts'
import { holdReturned } from './rules.ts'
import type { SessionState } from './rules.ts'
import { newsOf } from './session-news.ts'
import { advance } from './store.ts'
import type { SessionRow } from './store.ts'

export function* endUnsold(
  ctx: UnitContext,
  payments: PaymentPort,
  session: SessionRow,
  end: { readonly state: SessionState; readonly reason: string; readonly seq?: number | undefined },
): Unit<readonly Effect[]> {
  if (session.kind === 'sale') yield* payments.release(ctx, session.sessionId)
  const ended = yield* advance(session, {
    state: end.state,
    reason: end.reason,
    endedAtMs: ctx.now(),
    deadlineAtMs: null,
    outcomeSeq: end.seq ?? session.outcomeSeq,
  })
  return newsOf(ended)
}

/** Ends a session of which the cabinet may still speak: what it bills then is taken from the wallet. */
export function* cancelUnsold(
  ctx: UnitContext,
  payments: PaymentPort,
  session: SessionRow,
  reason: string,
): Unit<readonly Effect[]> {
  const returned = { ...session, flags: [...new Set([...(session.flags ?? []), holdReturned])] }
  return yield* endUnsold(ctx, payments, returned, { state: 'cancelled', reason })
}
