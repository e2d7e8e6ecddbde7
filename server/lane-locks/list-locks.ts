// Locks of lanes as the contract shows them.
import { and, eq, isNotNull, isNull, lte, or, gt } from 'drizzle-orm'
import type { z } from 'zod'
import type { LaneLock, listLaneLocks } from '#shared/contracts/http/lane-locks.ts'
import { behindInTime, inTimeOrder, type Page, pageOfRows } from '../db/keyset.ts'
import { rows, type Unit, type UnitContext } from '../db/unit.ts'

type LockQuery = z.output<(typeof listLaneLocks)['query']>

export function* listLocks(
  { db, tables: { laneLocks: t, cabinets: c }, ...ctx }: UnitContext,
  query: LockQuery,
): Unit<Page<z.input<typeof LaneLock>>> {
  const nowMs = ctx.now()
  const holding = and(isNull(t.releasedAtMs), lte(t.fromMs, nowMs))
  const ended = or(isNotNull(t.releasedAtMs), gt(t.fromMs, nowMs))
  const found = yield* rows(
    db
      .select({ lock: t, cabinetCode: c.code })
      .from(t)
      .innerJoin(c, eq(c.cabinetId, t.cabinetId))
      .where(
        and(
          behindInTime([t.lockId], query),
          query.cabinetId === undefined ? undefined : eq(t.cabinetId, query.cabinetId),
          query.reason === undefined ? undefined : eq(t.reason, query.reason),
          query.isHolding === undefined ? undefined : query.isHolding ? holding : ended,
        ),
      )
      .orderBy(...inTimeOrder([t.lockId], query))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    ({ lock }) => [lock.lockId],
    ({ lock: { note, lockedBy, releasedBy, releasedAtMs, releaseNote, ...lock }, cabinetCode }) => ({
      ...lock,
      cabinetCode,
      ...(note === null ? {} : { note }),
      ...(lockedBy === null ? {} : { lockedBy }),
      ...(releasedBy === null ? {} : { releasedBy }),
      ...(releasedAtMs === null ? {} : { releasedAtMs }),
      ...(releaseNote === null ? {} : { releaseNote }),
    }),
  )
}
