// The steps between a draft and its release: submit, notice, objections, approval, release, giving up. Each checks the state by the
// table in rules.ts; who may take part is kept by the database (schema.ts), and refused here in words.
import { and, asc, eq, isNull, sql } from 'drizzle-orm'
import { addWorkingDays } from '../calendar/rules.ts'
import { readCalendar } from '../calendar/calendar-days.ts'
import { publishSelectedNotice } from '../disclosure/publish-notice.ts'
import { exec, insertRows, one, rows, sqlExec } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { refuseNumbers } from '../personal-data/refuse-numbers.ts'
import { nextBatchState, noticeWorkingDays, signaturesFor } from './rules.ts'
import type { SignedStep } from './rules.ts'
import { changeBatch, listStepRules, moveBatch, partsOf, requireBatch, takePart } from './store.ts'
import type { BatchRow } from './store.ts'

function* audit(ctx: UnitContext, batch: BatchRow, accountId: string, what: string, detail = {}): Unit<void> {
  yield* recordAudit(ctx, {
    accountId,
    action: `payout.${what}`,
    subjectId: batch.batchId,
    detail: { batchNo: batch.batchNo, ...detail },
  })
}

/** How many people have signed a step. */
function* signed(ctx: UnitContext, batchId: string, step: SignedStep): Unit<number> {
  return (yield* partsOf(ctx, batchId)).filter((part) => part.step === step).length
}

/**
 * DRAFT → REVIEWED. The preparer submits the complete draft; from then on the signatures that its total asks for are fixed. Where
 * the rules ask for reviewers too, each signs here, and the last one moves it on.
 */
export function* reviewBatch(ctx: UnitContext, batchId: string, accountId: string): Unit<BatchRow> {
  let batch = yield* requireBatch(ctx, batchId)
  if (nextBatchState(batch.state, 'review') === undefined)
    throw new RefusalError('payout.state_wrong', undefined, { facts: { state: batch.state } })
  if (batch.draftCursor !== null) throw new RefusalError('payout.draft_unfinished')
  if (batch.lineCount === 0) throw new RefusalError('payout.empty')
  const stepRules = yield* listStepRules(ctx)
  const required = (step: SignedStep) => signaturesFor(stepRules, step, batch.totalFen)
  batch = yield* changeBatch(ctx, batch, {
    reviewsRequired: required('review'),
    approvalsRequired: required('approve'),
    releasesRequired: required('release'),
  })
  if (batch.reviewsRequired === 0) {
    if (accountId !== batch.preparedBy) throw new RefusalError('payout.not_preparer')
  } else {
    yield* takePart(ctx, batchId, accountId, 'review')
  }
  yield* audit(ctx, batch, accountId, 'reviewed', { lineCount: batch.lineCount, totalFen: batch.totalFen })
  if ((yield* signed(ctx, batchId, 'review')) < batch.reviewsRequired) return batch
  return yield* moveBatch(ctx, batch, 'review')
}

/** REVIEWED → NOTICE_OPEN, until whole working days by the calendar have passed; a follow-up inherits its first batch's notice. */
export function* openNotice(ctx: UnitContext, batchId: string, accountId: string, workingDays: number): Unit<BatchRow> {
  const batch = yield* requireBatch(ctx, batchId)
  if (workingDays < noticeWorkingDays)
    throw new RefusalError('request.invalid', `a notice lasts at least ${noticeWorkingDays} working days`, {
      field: 'workingDays',
    })
  if (batch.followsBatchId !== null) {
    yield* audit(ctx, batch, accountId, 'notice_inherited', { from: batch.followsBatchId })
    return yield* moveBatch(ctx, batch, 'inheritNotice')
  }
  const noticeFromMs = ctx.now()
  const noticeUntilMs = addWorkingDays(yield* readCalendar(ctx), noticeFromMs, workingDays)
  yield* audit(ctx, batch, accountId, 'notice_opened', { noticeUntilMs })
  const opened = yield* moveBatch(ctx, batch, 'openNotice', { noticeFromMs, noticeUntilMs })
  const { payoutAttempts: a } = ctx.tables
  yield* publishSelectedNotice(
    ctx,
    {
      kind: 'payout',
      sourceId: batchId,
      title: `收益发放 ${batch.batchNo}`,
      openUntilMs: noticeUntilMs,
      byAccountId: accountId,
    },
    sql`select ${a.householdCode} as household_code, ${a.amountFen} as amount_fen, null as mass_mg from ${a} where ${a.batchId} = ${batchId}`,
  )
  return opened
}

export interface Objection {
  /** Undefined: against the batch as a whole. */
  readonly lineId: string | undefined
  readonly reason: string
  /** Who said it: an account, or a name given at the village office. */
  readonly raisedBy: string
}

/** NOTICE_OPEN → OBJECTED. Returns the objection's id. */
export function* raiseObjection(
  ctx: UnitContext,
  batchId: string,
  objection: Objection,
  accountId: string,
): Unit<{ readonly batch: BatchRow; readonly objectionId: string }> {
  const batch = yield* requireBatch(ctx, batchId)
  const { lineId, reason, raisedBy } = objection
  refuseNumbers({ reason, raisedBy })
  if (lineId !== undefined) yield* requireLineOf(ctx, batchId, lineId)
  const objectionId = ctx.newId()
  yield* insertRows(ctx.tables.payoutObjections, [
    { objectionId, batchId, lineId, raisedBy, reason, raisedAtMs: ctx.now() },
  ])
  yield* audit(ctx, batch, accountId, 'objected', { objectionId, lineId, reason })
  return { batch: yield* moveBatch(ctx, batch, 'object'), objectionId }
}

function* requireLineOf({ db, tables: { payoutAttempts: a } }: UnitContext, batchId: string, lineId: string) {
  const found = yield* one(
    db
      .select({ seq: a.seq })
      .from(a)
      .where(and(eq(a.batchId, batchId), eq(a.lineId, lineId))),
  )
  if (found === undefined) throw new RefusalError('payout.line_unknown', undefined, { field: 'lineId' })
}

export interface Decision {
  readonly decision: 'upheld' | 'dismissed'
  readonly note: string
}

/**
 * Answers an objection. Upheld takes its line out of the batch, or gives the batch up when it is against the whole. OBJECTED → RESOLVED
 * with the last open one.
 */
export function* decideObjection(
  ctx: UnitContext,
  key: { readonly batchId: string; readonly objectionId: string },
  { decision, note }: Decision,
  decidedBy: string,
): Unit<BatchRow> {
  const { payoutObjections: o } = ctx.tables
  const { batchId, objectionId } = key
  refuseNumbers({ note })
  const batch = yield* requireBatch(ctx, batchId)
  const isOpen = and(eq(o.batchId, batchId), isNull(o.decision))
  const open = yield* rows(ctx.db.select().from(o).where(isOpen).orderBy(asc(o.objectionId)))
  const objection = open.find((other) => other.objectionId === objectionId)
  if (objection === undefined) throw new RefusalError('payout.objection_unknown')
  yield* exec(
    ctx.db
      .update(o)
      .set({ decision, decidedBy, decisionNote: note, decidedAtMs: ctx.now() })
      .where(eq(o.objectionId, objectionId)),
  )
  yield* audit(ctx, batch, decidedBy, `objection_${decision}`, { objectionId, note })
  if (decision === 'upheld') {
    if (objection.lineId === null) return yield* giveUp(ctx, batch, decidedBy, note)
    yield* withdrawLine(batchId, objection.lineId, note)
  }
  return open.length === 1 ? yield* moveBatch(ctx, batch, 'resolve') : batch
}

function* withdrawLine(batchId: string, lineId: string, reason: string): Unit<void> {
  yield* sqlExec(sql`
    update payout_attempt set outcome = 'withdrawn', is_live = null, fail_code = 'OBJECTION', fail_reason = ${reason}
    where batch_id = ${batchId} and line_id = ${lineId} and outcome = 'unanswered'`)
}

/** NOTICE_OPEN or RESOLVED → NOTICE_CLOSED, once its working days have passed and every objection is answered. */
export function* closeNotice(ctx: UnitContext, batchId: string, accountId: string): Unit<BatchRow> {
  const batch = yield* requireBatch(ctx, batchId)
  if (batch.state === 'OBJECTED') throw new RefusalError('payout.objection_open')
  const noticeClosedAtMs = ctx.now()
  if (batch.noticeUntilMs !== null && noticeClosedAtMs < batch.noticeUntilMs)
    throw new RefusalError('payout.notice_running', undefined, { facts: { noticeUntilMs: batch.noticeUntilMs } })
  yield* audit(ctx, batch, accountId, 'notice_closed')
  return yield* moveBatch(ctx, batch, 'closeNotice', { noticeClosedAtMs })
}

/** One approval; NOTICE_CLOSED → APPROVED with the last one asked for. */
export function* approveBatch(ctx: UnitContext, batchId: string, accountId: string): Unit<BatchRow> {
  const batch = yield* requireBatch(ctx, batchId)
  if (nextBatchState(batch.state, 'approve') === undefined)
    throw new RefusalError('payout.state_wrong', undefined, { facts: { state: batch.state } })
  yield* takePart(ctx, batchId, accountId, 'approve')
  yield* audit(ctx, batch, accountId, 'approved', { totalFen: batch.totalFen })
  if ((yield* signed(ctx, batchId, 'approve')) < batch.approvalsRequired) return batch
  return yield* moveBatch(ctx, batch, 'approve')
}

/** One release of an approved batch; with the last one asked for, its files may be made (export-batch.ts). */
export function* releaseBatch(ctx: UnitContext, batchId: string, accountId: string): Unit<BatchRow> {
  const batch = yield* requireBatch(ctx, batchId)
  if (batch.state !== 'APPROVED')
    throw new RefusalError('payout.state_wrong', undefined, { facts: { state: batch.state } })
  yield* takePart(ctx, batchId, accountId, 'release')
  yield* audit(ctx, batch, accountId, 'released', { totalFen: batch.totalFen })
  return batch
}

/** Gives a batch up before its first file: its lines are withdrawn and their money falls into the next draft. */
export function* cancelBatch(ctx: UnitContext, batchId: string, accountId: string, reason: string): Unit<BatchRow> {
  const batch = yield* requireBatch(ctx, batchId)
  const { payoutFiles: f } = ctx.tables
  const file = yield* one(ctx.db.select({ fileNo: f.fileNo }).from(f).where(eq(f.batchId, batchId)).limit(1))
  if (file !== undefined)
    throw new RefusalError('payout.state_wrong', 'files of this payout are out', { facts: { state: batch.state } })
  return yield* giveUp(ctx, batch, accountId, reason)
}

function* giveUp(ctx: UnitContext, batch: BatchRow, accountId: string, reason: string): Unit<BatchRow> {
  yield* sqlExec(sql`
    update payout_attempt set outcome = 'withdrawn', is_live = null, fail_code = 'CANCELLED', fail_reason = ${reason}
    where batch_id = ${batch.batchId} and outcome = 'unanswered'`)
  yield* audit(ctx, batch, accountId, 'cancelled', { reason })
  return yield* moveBatch(ctx, batch, 'cancel')
}
