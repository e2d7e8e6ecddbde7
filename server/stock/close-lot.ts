// Closes a lot: every unit of it was sold, lost with a bearer, or given away. Nothing of it moves after that.
import { and, eq, isNull } from 'drizzle-orm'
import { recordAudit } from '../audit/record-audit.ts'
import { exec, one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { mayLieThere } from './lane-stock.ts'
import { requireOpenLot } from './require-goods.ts'

/** Refuses with stock.lot_unknown, lot_closed and lot_not_empty. */
export function* closeLot(
  ctx: UnitContext,
  { lotId, note, by }: { readonly lotId: string; readonly note: string; readonly by: string },
): Unit<void> {
  const { lots, laneStock: s } = ctx.tables
  const { unitsAtDepot } = yield* requireOpenLot(ctx, lotId)
  const left = yield* one(
    ctx.db
      .select({ laneId: s.laneId })
      .from(s)
      .where(and(eq(s.lotId, lotId), mayLieThere(s)))
      .limit(1),
  )
  if (unitsAtDepot > 0 || left !== undefined) throw new RefusalError('stock.lot_not_empty')
  yield* exec(
    ctx.db
      .update(lots)
      .set({ closedAtMs: ctx.now(), closedBy: by })
      .where(and(eq(lots.lotId, lotId), isNull(lots.closedAtMs))),
  )
  yield* recordAudit(ctx, { accountId: by, action: 'lot.closed', subjectId: lotId, why: note })
}
