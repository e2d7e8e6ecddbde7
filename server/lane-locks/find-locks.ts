// The open locks of cabinets, for the shelf, the contract of a session and the twin.
import { and, asc, eq, inArray, isNull, type SQL } from 'drizzle-orm'
import type { LockedLane } from '#shared/contracts/mqtt/twin.ts'
import type { Params, Unit, UnitContext } from '../db/unit.ts'
import { rows, statement, statementOfMany } from '../db/unit.ts'

export type LaneLockRow = UnitContext['tables']['laneLocks']['$inferSelect']
/** A lock nobody has released, whether or not its instant has come. */
export type OpenLock = Pick<LaneLockRow, 'lockId' | 'cabinetId' | 'laneId' | 'reason' | 'causeId' | 'fromMs'>

/** Locks nobody has released, and more conditions. */
function selectLocks({ db, tables: { laneLocks: t } }: UnitContext, where?: SQL) {
  return db
    .select({
      lockId: t.lockId,
      cabinetId: t.cabinetId,
      laneId: t.laneId,
      reason: t.reason,
      causeId: t.causeId,
      fromMs: t.fromMs,
    })
    .from(t)
    .where(and(isNull(t.releasedAtMs), where))
    .orderBy(asc(t.cabinetId), asc(t.laneId), asc(t.lockId))
}

const locksOfCabinet = statement((ctx, p: Params<{ cabinetId: string }>) =>
  selectLocks(ctx, eq(ctx.tables.laneLocks.cabinetId, p.cabinetId)),
)
const locksOfCabinets = statementOfMany((ctx, ids) => selectLocks(ctx, inArray(ctx.tables.laneLocks.cabinetId, ids)))
const locksOfAll = statement((ctx) => selectLocks(ctx))

export function* openLocksOf(cabinetId: string): Unit<OpenLock[]> {
  return yield* rows(locksOfCabinet.with({ cabinetId }))
}

/** Open locks of many cabinets (of all of them without ids), by cabinet. */
export function* openLocksOfMany(ctx: UnitContext, cabinetIds?: readonly string[]): Unit<Map<string, OpenLock[]>> {
  const byCabinet = new Map<string, OpenLock[]>()
  if (cabinetIds?.length === 0) return byCabinet
  const asked = cabinetIds === undefined ? locksOfAll.with({}) : locksOfCabinets.of(ctx, [...new Set(cabinetIds)])
  const found = yield* rows(asked)
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
