// A person locks lanes until somebody has looked at them, and lets one go after that. What a rule has locked ends by the rule,
// a recall ends by the recall, a drift of the scale by a check that passes.
import { eq } from 'drizzle-orm'
import { findTwin } from '../cabinets/change-twin.ts'
import { one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { lockLanes, releaseLanes } from './lock-lanes.ts'
import type { Actor, LockedPlaces } from './lock-lanes.ts'
import type { Effect } from '../context.ts'

export function* lockByHand(
  ctx: UnitContext,
  input: {
    readonly cabinetId: string
    readonly laneIds: readonly string[]
    readonly note: string
    readonly by: Actor
  },
): Unit<LockedPlaces> {
  const { planogram } = yield* findTwin(ctx, input.cabinetId)
  const unknown = input.laneIds.findIndex((laneId) => !planogram.lanes.some((lane) => lane.laneId === laneId))
  if (unknown >= 0) throw new RefusalError('lane_lock.lane_unknown', undefined, { field: `laneIds.${unknown}` })
  const locked = yield* lockLanes(ctx, { ...input, reason: 'inspection', causeId: input.cabinetId })
  if (locked.lockIds.length === 0) throw new RefusalError('lane_lock.locked', undefined, { field: 'laneIds' })
  return locked
}

export function* releaseByHand(
  ctx: UnitContext,
  { lockId, note, by }: { readonly lockId: string; readonly note: string; readonly by: Actor },
): Unit<readonly Effect[]> {
  const { laneLocks: t } = ctx.tables
  const lock = yield* one(ctx.db.select().from(t).where(eq(t.lockId, lockId)))
  if (lock === undefined) throw new RefusalError('lane_lock.unknown')
  if (lock.releasedAtMs !== null) throw new RefusalError('lane_lock.released')
  if (lock.reason !== 'inspection') throw new RefusalError('lane_lock.bound')
  const { cabinetId, laneId, reason, causeId } = lock
  const { effects } = yield* releaseLanes(ctx, { cabinetId, laneIds: [laneId], reason, causeId, by, note })
  return effects
}
