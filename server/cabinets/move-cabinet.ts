// Moves a cabinet one step through its roll-out. Only an enrolled one can go live; a withdrawn one loses its key and the code for
// one that nobody has used yet, so that whatever stands at its next place proves itself anew.
import { eq } from 'drizzle-orm'
import type { z } from 'zod'
import type { RolloutState } from '#shared/contracts/http/cabinets.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { recordAudit } from '../audit/record-audit.ts'
import type { Effect } from '../context.ts'
import { exec, type Unit, type UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { mayStep } from './rollout-steps.ts'
import { findCabinet } from './store.ts'

export interface CabinetStep {
  readonly cabinetId: Id
  readonly to: z.infer<typeof RolloutState>
  readonly byAccountId: Id
}

/** Refuses with cabinet.unknown, cabinet.rollout_step_invalid and cabinet.not_enrolled. */
export function* moveCabinet(ctx: UnitContext, { cabinetId, to, byAccountId }: CabinetStep): Unit<readonly Effect[]> {
  const { cabinets, enrolmentCodes } = ctx.tables
  const known = yield* findCabinet(ctx, { cabinetId })
  if (known === undefined) throw new RefusalError('cabinet.unknown')
  const from = known.rolloutState
  if (!mayStep(from, to))
    throw new RefusalError('cabinet.rollout_step_invalid', `${from} → ${to}`, { field: 'rolloutState' })
  if (to === 'live' && known.publicKey === null)
    throw new RefusalError('cabinet.not_enrolled', undefined, { field: 'rolloutState' })
  const change = { rolloutState: to, ...(to === 'withdrawn' ? { publicKey: null, enrolledAtMs: null } : {}) }
  yield* exec(ctx.db.update(cabinets).set(change).where(eq(cabinets.cabinetId, cabinetId)))
  if (to === 'withdrawn') yield* exec(ctx.db.delete(enrolmentCodes).where(eq(enrolmentCodes.cabinetId, cabinetId)))
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'cabinet.rollout_changed',
    subjectId: cabinetId,
    before: { rolloutState: from },
    after: { rolloutState: to },
  })
  return to === 'withdrawn' ? [{ kind: 'disconnect', cabinetId }] : []
}
