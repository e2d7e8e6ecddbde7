// Brings a cabinet's own locks up to date and tells it, when its books have changed or a list it is judged by.
import { publishLocks } from '../cabinets/change-twin.ts'
import type { Effect } from '../context.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { inArray } from 'drizzle-orm'
import { lockRecalled } from '../recalls/lock-recalled.ts'
import { judgeLanes } from './judge-lanes.ts'

/** Judges every lane of these cabinets anew, also for recalls; publishes the twins of those whose locks changed. */
export function* refreshLocks(
  ctx: UnitContext,
  cabinetIds: readonly string[],
  changedBy: string,
): Unit<readonly Effect[]> {
  if (cabinetIds.length === 0) return []
  const { cabinetTwins: t } = ctx.tables
  const twins = yield* rows(
    ctx.db
      .select({ cabinetId: t.cabinetId, planogram: t.planogram, prices: t.prices })
      .from(t)
      .where(inArray(t.cabinetId, [...new Set(cabinetIds)])),
  )
  const changed: string[] = []
  for (const { cabinetId, planogram, prices } of twins) {
    if (yield* judgeLanes(ctx, { cabinetId, lanes: planogram.lanes, prices: prices.prices })) changed.push(cabinetId)
  }
  const published = yield* publishLocks(ctx, changed, changedBy)
  return [...published, ...(yield* lockRecalled(ctx, cabinetIds))]
}
