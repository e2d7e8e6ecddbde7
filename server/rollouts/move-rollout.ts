// What a person does to a roll-out: pause, resume, revert. Resuming over a stop accepts the errors so far; reverting sends
// every cabinet that got the change what it had before.
import { and, eq, ne } from 'drizzle-orm'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { exec, type Unit, type UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { nextState } from './rules.ts'
import { requireFreeKind } from './start-rollout.ts'
import { countCabinets, requireRollout } from './store.ts'

export interface RolloutStep {
  readonly rolloutId: Id
  readonly move: 'pause' | 'resume' | 'revert'
  readonly reason: string
  readonly byAccountId: Id
}

/** Refuses with rollout.unknown, rollout.move_invalid and, when it had ended, rollout.kind_busy. */
export function* moveRollout(ctx: UnitContext, { rolloutId, move, reason, byAccountId }: RolloutStep): Unit<void> {
  const { rollouts: t, rolloutCabinets: c } = ctx.tables
  const rollout = yield* requireRollout(ctx, rolloutId)
  const state = nextState(rollout.state, move)
  if (state === undefined) throw new RefusalError('rollout.move_invalid', `${move} in ${rollout.state}`)
  const { errors } = yield* countCabinets(ctx, rollout)
  if (move === 'revert') {
    if (rollout.activeKind === null) yield* requireFreeKind(ctx, rollout.kind)
    yield* exec(
      ctx.db
        .update(c)
        .set({ state: 'waiting', isGoingBack: true, isError: false, reason: null, settledAtMs: null })
        .where(and(eq(c.rolloutId, rolloutId), ne(c.state, 'waiting'))),
    )
  }
  const change = {
    state,
    activeKind: rollout.kind,
    endedAtMs: null,
    ...(move === 'resume' ? { forgivenErrors: errors, stopReason: null } : {}),
  }
  yield* exec(ctx.db.update(t).set(change).where(eq(t.rolloutId, rolloutId)))
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'rollout.moved',
    subjectId: rolloutId,
    why: reason,
    before: { state: rollout.state },
    after: { state },
  })
}
