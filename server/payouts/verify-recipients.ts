// Before a batch is closed, a sample of its recipients is asked whether the money arrived (lessons.md, GiveDirectly). The sample is
// drawn when the bank has answered, by the line ids alone: nobody chooses whom to ask.
import { createHash } from 'node:crypto'
import { and, asc, eq, inArray, isNull, ne, or } from 'drizzle-orm'
import { countRows } from '../db/expressions.ts'
import { exec, insertRows, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { refuseNumbers } from '../personal-data/refuse-numbers.ts'
import { householdScope } from '../personal-data/row-scope.ts'
import type { Viewer } from '../personal-data/row-scope.ts'
import { sampleSize } from './rules.ts'
import { moveBatch, requireBatch } from './store.ts'
import type { BatchRow } from './store.ts'

const hashOf = (batchId: string, what: string | number) =>
  createHash('sha256').update(`${batchId}:${what}`).digest('hex')

/** Up to this many lines are all ranked; of more, places are drawn. */
const maxRanked = 2_000

/** Draws the recipients to ask among the paid lines of a batch. */
export function* drawSample(ctx: UnitContext, batch: BatchRow): Unit<void> {
  const { payoutAttempts: a } = ctx.tables
  const { batchId, lineCount } = batch
  const isPaid = and(eq(a.batchId, batchId), eq(a.outcome, 'paid'))
  const paid = (yield* one(ctx.db.select({ count: countRows() }).from(a).where(isPaid)))?.count ?? 0
  const size = sampleSize(paid)
  const drawn = new Map<number, string>()
  for (let round = 0; drawn.size < size; round += 1) {
    const seqs = lineCount <= maxRanked ? undefined : drawSeqs(batchId, lineCount, round)
    const found = yield* rows(
      ctx.db
        .select({ seq: a.seq, lineId: a.lineId })
        .from(a)
        .where(and(isPaid, seqs === undefined ? undefined : inArray(a.seq, seqs))),
    )
    const ranked = found.toSorted((x, y) => (hashOf(batchId, x.seq) < hashOf(batchId, y.seq) ? -1 : 1))
    for (const { seq, lineId } of ranked) if (drawn.size < size) drawn.set(seq, lineId)
  }
  yield* insertRows(
    ctx.tables.payoutVerifications,
    [...drawn.values()].map((lineId) => ({ batchId, lineId })),
  )
}

/** Some places of a large batch, the same whenever the round is drawn. */
function drawSeqs(batchId: string, lineCount: number, round: number): number[] {
  return Array.from(
    { length: 200 },
    (_, index) => (Number.parseInt(hashOf(batchId, `${round}-${index}`).slice(0, 12), 16) % lineCount) + 1,
  )
}

export interface Verification {
  readonly lineId: string
  readonly answer: 'received' | 'not-received' | 'not-reached'
  readonly note: string
}

/**
 * Records what a sampled recipient said; asking again replaces it, the audit keeps both. A helper asks the own households. Refuses
 * with payout.line_unknown for a line that is not in the sample, or not of a household that the asker sees.
 */
export function* recordVerification(
  ctx: UnitContext,
  batchId: string,
  { lineId, answer, note }: Verification,
  asker: Viewer,
): Unit<void> {
  const { payoutVerifications: v, payoutAttempts: a, households: h } = ctx.tables
  refuseNumbers({ note })
  const batch = yield* requireBatch(ctx, batchId)
  if (batch.state !== 'BANK_RETURNED')
    throw new RefusalError('payout.state_wrong', undefined, { facts: { state: batch.state } })
  const drawn = yield* one(
    ctx.db
      .select({ lineId: v.lineId })
      .from(v)
      .innerJoin(a, and(eq(a.lineId, v.lineId), eq(a.batchId, v.batchId)))
      .innerJoin(h, eq(h.householdCode, a.householdCode))
      .where(and(eq(v.batchId, batchId), eq(v.lineId, lineId), householdScope(ctx, asker))),
  )
  if (drawn === undefined)
    throw new RefusalError('payout.line_unknown', 'this line is not in the sample', { field: 'lineId' })
  const askedBy = asker.accountId
  yield* exec(
    ctx.db
      .update(v)
      .set({ answer, note, askedBy, askedAtMs: ctx.now() })
      .where(and(eq(v.batchId, batchId), eq(v.lineId, lineId))),
  )
  yield* recordAudit(ctx, {
    accountId: askedBy,
    action: 'payout.recipient_asked',
    subjectId: batchId,
    detail: { lineId, answer, note },
  })
}

/**
 * BANK_RETURNED → SETTLED, once every sampled recipient confirmed; whose payment came back meanwhile has nothing to confirm. Refuses
 * with payout.verification_open.
 */
export function* settleBatch(ctx: UnitContext, batchId: string, accountId: string): Unit<BatchRow> {
  const { payoutVerifications: v, payoutAttempts: a } = ctx.tables
  const batch = yield* requireBatch(ctx, batchId)
  const open = yield* one(
    ctx.db
      .select({ lineId: v.lineId })
      .from(v)
      .innerJoin(a, and(eq(a.lineId, v.lineId), eq(a.batchId, v.batchId), eq(a.outcome, 'paid')))
      .where(and(eq(v.batchId, batchId), or(isNull(v.answer), ne(v.answer, 'received'))))
      .orderBy(asc(v.lineId))
      .limit(1),
  )
  if (open !== undefined)
    throw new RefusalError('payout.verification_open', undefined, { facts: { lineId: open.lineId } })
  yield* recordAudit(ctx, {
    accountId,
    action: 'payout.settled',
    subjectId: batchId,
    detail: { batchNo: batch.batchNo, totalFen: batch.totalFen },
  })
  return yield* moveBatch(ctx, batch, 'settle', { settledAtMs: ctx.now() })
}
