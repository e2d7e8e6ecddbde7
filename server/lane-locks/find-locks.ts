// The open locks of cabinets, for the shelf, the contract of a session and the twin.
import { and, asc, eq, inArray, isNull } from 'drizzle-orm'
import type { LockedLane } from '#shared/contracts/mqtt/twin.ts'
import type { Params, Unit, UnitContext } from '../db/unit.ts'
import { rows, statement } from '../db/unit.ts'

export type LaneLockRow = UnitContext['tables']['laneLocks']['$inferSelect']
/** A lock nobody has released, whether or not its instant has come. */
export type OpenLock = Pick<LaneLockRow, 'lockId' | 'cabinetId' | 'laneId' | 'reason' | 'causeId' | 'fromMs'>

const locksOfCabinet = statement((ctx, p: Params<{ cabinetId: string }>) => {
  const { laneLocks: t } = ctx.tables
  return ctx.db
    .select({
      lockId: t.lockId,
      cabinetId: t.cabinetId,
      laneId: t.laneId,
      reason: t.reason,
      causeId: t.causeId,
      fromMs: t.fromMs,
    })
    .from(t)
    .where(and(eq(t.cabinetId, p.cabinetId), isNull(t.releasedAtMs)))
    .orderBy(asc(t.laneId), asc(t.lockId))
})

export function* openLocksOf(cabinetId: string): Unit<OpenLock[]> {
  return yield* rows(locksOfCabinet.with({ cabinetId }))
}

/** Open locks of many cabinets (of all of them without ids), by cabinet. */
export function* openLocksOfMany(
  { db, tables: { laneLocks: t } }: UnitContext,
  cabinetIds?: readonly string[],
): Unit<Map<string, OpenLock[]>> {
  const found = yield* rows(
    db
      .select({
        lockId: t.lockId,
        cabinetId: t.cabinetId,
        laneId: t.laneId,
        reason: t.reason,
        causeId: t.causeId,
        fromMs: t.fromMs,
      })
      .from(t)
      .where(
        and(
          isNull(t.releasedAtMs),
          cabinetIds === undefined ? undefined : inArray(t.cabinetId, [...new Set(cabinetIds)]),
        ),
      )
      .orderBy(asc(t.cabinetId), asc(t.laneId), asc(t.lockId)),
  )
  const byCabinet = new Map<string, OpenLock[]>()
  for (const lock of found) {
    const known = byCabinet.get(lock.cabinetId)
    if (known === undefined) byCabinet.set(lock.cabinetId, [lock])
    else known.push(lock)
  }
  return byCabinet
}

/** As the cabinet is told them. */
export function toLockedLanes(locks: readonly OpenLock[]): LockedLane[] {
  return locks.map(({ laneId, reason, fromMs }) => ({ laneId, reason, fromMs }))
}
