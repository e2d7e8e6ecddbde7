// Locks lanes and lets them go, in one cabinet or in a thousand: the locks, one version of each cabinet's twin, and the trail,
// in one unit. The cabinets are told after the commit.
import { and, eq, inArray, isNull } from 'drizzle-orm'
import type { LaneLockReason } from '#shared/contracts/mqtt/twin.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { publishLocks } from '../cabinets/change-twin.ts'
import type { Effect } from '../context.ts'
import { insertRows, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'

/** Who does it: an account, or the part of the server that goes by the name. */
export interface Actor {
  readonly accountId: string | undefined
  readonly name: string
}

export interface LaneLocking {
  readonly reason: LaneLockReason
  /** What it is about: a recall, the check of a scale, an inspection. Once per lane, reason and cause. */
  readonly causeId: string
  readonly by: Actor
  readonly note?: string | undefined
}

export interface LockedPlaces {
  /** Locks that were set now; fewer than asked for when lanes were locked for this cause before. */
  readonly lockIds: readonly string[]
  readonly effects: readonly Effect[]
}

/** Locks lanes of one cabinet. */
export function* lockLanes(
  ctx: UnitContext,
  { cabinetId, laneIds, ...locking }: LaneLocking & { readonly cabinetId: string; readonly laneIds: readonly string[] },
): Unit<LockedPlaces> {
  return yield* lockPlaces(
    ctx,
    laneIds.map((laneId) => ({ cabinetId, laneId })),
    locking,
  )
}

/** Locks lanes of any number of cabinets; statements by set, so that a recall is one short unit. */
export function* lockPlaces(
  ctx: UnitContext,
  places: ReadonlyArray<{ readonly cabinetId: string; readonly laneId: string }>,
  { reason, causeId, by, note }: LaneLocking,
): Unit<LockedPlaces> {
  if (places.length === 0) return { lockIds: [], effects: [] }
  const { laneLocks: t } = ctx.tables
  const before = yield* rows(
    ctx.db
      .select({ cabinetId: t.cabinetId, laneId: t.laneId })
      .from(t)
      .where(and(eq(t.causeId, causeId), eq(t.reason, reason), isNull(t.releasedAtMs))),
  )
  const known = new Set(before.map(({ cabinetId, laneId }) => `${cabinetId} ${laneId}`))
  const atMs = ctx.now()
  const added = places.flatMap(({ cabinetId, laneId }) => {
    const key = `${cabinetId} ${laneId}`
    if (known.has(key)) return []
    known.add(key)
    const lock = { lockId: ctx.newId(), cabinetId, laneId, reason, causeId, fromMs: atMs, lockedAtMs: atMs }
    return [{ ...lock, note, lockedBy: by.accountId }]
  })
  if (added.length === 0) return { lockIds: [], effects: [] }
  yield* insertRows(t, added)
  const cabinetIds = [...new Set(added.map(({ cabinetId }) => cabinetId))]
  const effects = yield* publishLocks(ctx, cabinetIds, by.name)
  yield* recordAudit(ctx, {
    accountId: by.accountId,
    action: 'lane.locked',
    subjectId: cabinetIds.length === 1 ? (cabinetIds[0] ?? causeId) : causeId,
    why: note,
    detail: { reason, causeId, cabinets: cabinetIds.length, lanes: added.slice(0, 20).map(({ laneId }) => laneId) },
  })
  return { lockIds: added.map(({ lockId }) => lockId), effects }
}

export interface LaneRelease {
  readonly reason: LaneLockReason
  readonly causeId: string
  /** Without: in every cabinet. */
  readonly cabinetId?: string | undefined
  /** Without: all that were locked for it. */
  readonly laneIds?: readonly string[] | undefined
  readonly by: Actor
  readonly note?: string | undefined
}

/** Lets go the lanes that were locked for a cause; those locked for another stay locked. */
export function* releaseLanes(
  ctx: UnitContext,
  { reason, causeId, cabinetId, laneIds, by, note }: LaneRelease,
): Unit<{ readonly released: number; readonly effects: readonly Effect[] }> {
  const { laneLocks: t } = ctx.tables
  const ended = yield* rows(
    ctx.db
      .update(t)
      .set({ releasedAtMs: ctx.now(), releasedBy: by.accountId ?? null, releaseNote: note ?? null })
      .where(
        and(
          eq(t.causeId, causeId),
          eq(t.reason, reason),
          isNull(t.releasedAtMs),
          cabinetId === undefined ? undefined : eq(t.cabinetId, cabinetId),
          laneIds === undefined ? undefined : inArray(t.laneId, [...laneIds]),
        ),
      )
      .returning({ cabinetId: t.cabinetId, laneId: t.laneId }),
  )
  if (ended.length === 0) return { released: 0, effects: [] }
  const cabinetIds = [...new Set(ended.map((lock) => lock.cabinetId))]
  const effects = yield* publishLocks(ctx, cabinetIds, by.name)
  yield* recordAudit(ctx, {
    accountId: by.accountId,
    action: 'lane.released',
    subjectId: cabinetIds.length === 1 ? (cabinetIds[0] ?? causeId) : causeId,
    why: note,
    detail: { reason, causeId, cabinets: cabinetIds.length, lanes: ended.slice(0, 20).map(({ laneId }) => laneId) },
  })
  return { released: ended.length, effects }
}
