// Lets a cabinet sell without a network, within a risk: how many sessions it may open, and for how much together, before the
// server has heard of them. Its group is its host site.
import { eq } from 'drizzle-orm'
import { recordAudit } from '../audit/record-audit.ts'
import { changeConfig, type ChangedTwin, findTwin } from '../cabinets/change-twin.ts'
import { one, type Unit, type UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'

export interface SellingChange {
  readonly cabinetId: string
  /** Null ends it. */
  readonly limits: { readonly maxOpenSessions: number; readonly maxOpenFen: number } | null
  readonly byAccountId: string
  readonly byName: string
}

export function* setOfflineSelling(ctx: UnitContext, change: SellingChange): Unit<ChangedTwin> {
  const { cabinets: c } = ctx.tables
  const { cabinetId, limits } = change
  const cabinet = yield* one(ctx.db.select({ groupId: c.hostSiteId }).from(c).where(eq(c.cabinetId, cabinetId)))
  if (cabinet === undefined) throw new RefusalError('cabinet.unknown')
  const before = yield* findTwin(ctx, cabinetId)
  const offlineSelling = limits === null ? null : { ...limits, groupId: cabinet.groupId }
  const changed = yield* changeConfig(ctx, { cabinetId, config: { offlineSelling }, changedBy: change.byName })
  yield* recordAudit(ctx, {
    accountId: change.byAccountId,
    action: 'cabinet.offline_selling_set',
    subjectId: cabinetId,
    before: { offlineSelling: before.config.offlineSelling ?? null },
    after: { offlineSelling },
  })
  return changed
}
