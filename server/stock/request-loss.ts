// Losses that are too large for one person (lessons.md, write-offs): one requests, another confirms, and only then the goods leave
// the books. Until that nothing has happened.
import { and, eq } from 'drizzle-orm'
import { recordAudit } from '../audit/record-audit.ts'
import { exec, insertRows, one, rehearse } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { recordLoss } from './record-loss.ts'
import type { NewLoss, RecordedLoss } from './record-loss.ts'
import { parsePlace } from './rules.ts'

export type LossRequestRow = UnitContext['tables']['stockLossRequests']['$inferSelect']

interface Decision {
  readonly requestId: string
  readonly by: string
}

/** Refuses what the loss itself would be refused with, and with request.conflict while one of the lot and place waits. */
export function* requestLoss(ctx: UnitContext, input: Omit<NewLoss, 'confirmedBy'>): Unit<LossRequestRow> {
  const { reason, by } = input
  const { stockLossRequests: t } = ctx.tables
  // As if somebody had confirmed it: what cannot be booked is not worth a second person's time.
  const { loss } = yield* rehearse(recordLoss(ctx, { ...input, dayLimitFen: undefined }))
  const { kind, lotId, fromPlace, units, bearer, hostSiteId, recipient, listFen } = loss
  const what = { kind, lotId, fromPlace, units, bearer, hostSiteId, recipient, listFen }
  const isWaiting = and(eq(t.lotId, lotId), eq(t.fromPlace, fromPlace), eq(t.state, 'requested'))
  const waiting = yield* one(ctx.db.select({ requestId: t.requestId }).from(t).where(isWaiting))
  if (waiting !== undefined)
    throw new RefusalError('request.conflict', 'A loss of this lot here waits for its second person.')
  const row: LossRequestRow = {
    ...what,
    reason,
    requestId: ctx.newId(),
    state: 'requested',
    requestedBy: by,
    requestedAtMs: ctx.now(),
    decidedBy: null,
    decidedAtMs: null,
    lossId: null,
  }
  yield* insertRows(t, [row])
  const { requestId: subjectId } = row
  yield* recordAudit(ctx, { accountId: by, action: 'stock.loss_requested', subjectId, why: reason, after: what })
  return row
}

/**
 * Books it. Refuses with stock.request_unknown, request_decided, same_person, and what the loss is refused with: the goods may
 * have gone elsewhere meanwhile.
 */
export function* confirmLoss(
  ctx: UnitContext,
  { requestId, by }: Decision,
  dayLimitFen: number,
): Unit<{ readonly request: LossRequestRow; readonly effects: RecordedLoss['effects'] }> {
  const row = yield* requireWaiting(ctx, requestId)
  const { kind, lotId, fromPlace, units, bearer, hostSiteId, recipient, reason, requestedBy } = row
  const place = parsePlace(fromPlace)
  const { loss, effects } = yield* recordLoss(ctx, {
    kind,
    lotId,
    lane: 'cabinetId' in place ? { cabinetId: place.cabinetId, laneId: place.laneId } : undefined,
    isFromDifference: place.kind === 'difference',
    units,
    bearer: { kind: bearer, hostSiteId: hostSiteId ?? undefined },
    recipient: recipient ?? undefined,
    reason,
    by: requestedBy,
    dayLimitFen,
    confirmedBy: by,
  })
  return { request: yield* decide(ctx, row, { state: 'confirmed', lossId: loss.lossId }, by), effects }
}

/** Lets a request go. Refuses with stock.request_unknown and request_decided. */
export function* withdrawLoss(ctx: UnitContext, { requestId, by }: Decision): Unit<LossRequestRow> {
  const row = yield* requireWaiting(ctx, requestId)
  return yield* decide(ctx, row, { state: 'withdrawn', lossId: null }, by)
}

function* requireWaiting(ctx: UnitContext, requestId: string): Unit<LossRequestRow> {
  const { stockLossRequests: t } = ctx.tables
  const row = yield* one(ctx.db.select().from(t).where(eq(t.requestId, requestId)))
  if (row === undefined) throw new RefusalError('stock.request_unknown')
  if (row.state !== 'requested')
    throw new RefusalError('stock.request_decided', undefined, { facts: { state: row.state } })
  return row
}

function* decide(
  ctx: UnitContext,
  row: LossRequestRow,
  outcome: Pick<LossRequestRow, 'state' | 'lossId'>,
  by: string,
): Unit<LossRequestRow> {
  const { stockLossRequests: t } = ctx.tables
  const change = { ...outcome, decidedBy: by, decidedAtMs: ctx.now() }
  const isWaiting = and(eq(t.requestId, row.requestId), eq(t.state, 'requested'))
  if ((yield* exec(ctx.db.update(t).set(change).where(isWaiting))) === 0) throw new RefusalError('request.conflict')
  yield* recordAudit(ctx, {
    accountId: by,
    action: `stock.loss_${outcome.state}`,
    subjectId: row.requestId,
    why: row.reason,
    before: { state: row.state },
    after: outcome,
  })
  return { ...row, ...change }
}
