// Recalls a lot: from the commit on it is neither loaded nor sold, and every lane that holds it by the books is locked in every
// cabinet, by one short unit. Connected cabinets are told right after the commit.
import { eq, and, inArray } from 'drizzle-orm'
import { recordAudit } from '../audit/record-audit.ts'
import { findLotsById } from '../catalog/find-goods.ts'
import type { Effect } from '../context.ts'
import { exec, insertRows, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { lockPlaces, releaseLanes } from '../lane-locks/lock-lanes.ts'
import type { Actor } from '../lane-locks/lock-lanes.ts'
import { mayLieThere } from '../stock/lane-stock.ts'
import { findRecall, openRecallsOf } from './find-recalls.ts'

export interface NewRecall {
  readonly lotId: string
  readonly reason: string
  readonly by: Actor & { readonly accountId: string }
}

export interface RecalledLot {
  readonly recallId: string
  readonly lanesLocked: number
  readonly effects: readonly Effect[]
}

export function* recallLot(ctx: UnitContext, { lotId, reason, by }: NewRecall): Unit<RecalledLot> {
  if (!(yield* findLotsById(ctx, [lotId])).has(lotId)) {
    throw new RefusalError('recall.lot_unknown', undefined, { field: 'lotId' })
  }
  if ((yield* openRecallsOf(ctx, [lotId])).size > 0) {
    throw new RefusalError('recall.lot_recalled', undefined, { field: 'lotId' })
  }
  const recallId = ctx.newId()
  yield* insertRows(ctx.tables.recalls, [{ recallId, lotId, reason, openedBy: by.accountId, openedAtMs: ctx.now() }])
  yield* recordAudit(ctx, {
    accountId: by.accountId,
    action: 'recall.opened',
    subjectId: recallId,
    why: reason,
    detail: { lotId },
  })
  const places = yield* lanesWith(ctx, [lotId])
  const { lockIds, effects } = yield* lockPlaces(ctx, places, {
    reason: 'recalled',
    causeId: recallId,
    by,
    note: reason,
  })
  return { recallId, lanesLocked: lockIds.length, effects }
}

/** Lanes in which the lots may lie. */
function* lanesWith({ db, tables: { laneStock: t } }: UnitContext, lotIds: readonly string[]) {
  return yield* rows(
    db
      .select({ cabinetId: t.cabinetId, laneId: t.laneId })
      .from(t)
      .where(and(inArray(t.lotId, [...lotIds]), mayLieThere(t))),
  )
}

/** Ends a recall once its goods are off all shelves; the lanes are let go, the lot is sold and loaded again. */
export function* closeRecall(
  ctx: UnitContext,
  {
    recallId,
    note,
    by,
  }: { readonly recallId: string; readonly note: string; readonly by: Actor & { readonly accountId: string } },
): Unit<readonly Effect[]> {
  const { recalls: t } = ctx.tables
  const recall = yield* findRecall(ctx, recallId)
  if (recall === undefined) throw new RefusalError('recall.unknown')
  if (recall.closedAtMs !== null) throw new RefusalError('recall.closed')
  const left = yield* lanesWith(ctx, [recall.lotId])
  if (left.length > 0) throw new RefusalError('recall.goods_left', `${left.length} lanes hold the lot by the books`)
  yield* exec(
    ctx.db
      .update(t)
      .set({ closedBy: by.accountId, closedAtMs: ctx.now(), closeNote: note })
      .where(eq(t.recallId, recallId)),
  )
  yield* recordAudit(ctx, { accountId: by.accountId, action: 'recall.closed', subjectId: recallId, why: note })
  const { effects } = yield* releaseLanes(ctx, { reason: 'recalled', causeId: recallId, by, note })
  return effects
}
