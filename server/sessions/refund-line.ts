// Refunds a sale line, whole or in part: the attribution is reversed through the same graph and the buyer gets the money
// back by the way it came. The key belongs to the intent: the same one refunds once.
import { eq } from 'drizzle-orm'
import { refundSaleLine } from '../attribution/refund-sale-line.ts'
import { sumOf } from '../db/expressions.ts'
import { insertRows, one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { recordAudit } from '../audit/record-audit.ts'
import type { PaymentPort } from '../payments/payment-port.ts'
import { findSession } from './store.ts'

export interface LineRefund {
  readonly sessionId: string
  readonly saleLineId: string
  readonly amountFen: number
  readonly reason: string
  readonly idempotencyKey: string
  readonly byAccountId: string
}

export interface RefundOutcome {
  readonly refundId: string
  readonly amountFen: number
}

export function* refundLine(ctx: UnitContext, payments: PaymentPort, refund: LineRefund): Unit<RefundOutcome> {
  const known = yield* findRefund(ctx, refund)
  if (known !== undefined) return known
  if ((yield* findSession(refund.sessionId)) === undefined) throw new RefusalError('session.unknown')
  yield* requireRefundable(ctx, refund)
  const refundId = ctx.newId()
  const { sessionId, saleLineId, amountFen, reason, idempotencyKey, byAccountId } = refund
  yield* insertRows(ctx.tables.saleRefunds, [
    {
      refundId,
      idempotencyKey,
      sessionId,
      saleLineId,
      amountFen,
      reason,
      decidedBy: byAccountId,
      atMs: ctx.now(),
    },
  ])
  yield* refundSaleLine(ctx, { refundId, saleLineId, amountFen, reason })
  yield* payments.refund(ctx, { intentId: sessionId, refundId, amountFen })
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'session.line_refunded',
    subjectId: sessionId,
    why: reason,
    detail: { refundId, saleLineId, amountFen },
  })
  return { refundId, amountFen }
}

function* findRefund(ctx: UnitContext, refund: LineRefund): Unit<RefundOutcome | undefined> {
  const { saleRefunds: r } = ctx.tables
  const known = yield* one(ctx.db.select().from(r).where(eq(r.idempotencyKey, refund.idempotencyKey)))
  if (known === undefined) return undefined
  if (known.saleLineId !== refund.saleLineId || known.amountFen !== refund.amountFen) {
    throw new RefusalError('session.intent_conflict', undefined, { field: 'idempotencyKey' })
  }
  return { refundId: known.refundId, amountFen: known.amountFen }
}

function* requireRefundable(ctx: UnitContext, refund: LineRefund): Unit<void> {
  const { saleLines: l, saleRefunds: r } = ctx.tables
  const line = yield* one(ctx.db.select().from(l).where(eq(l.saleLineId, refund.saleLineId)))
  if (line === undefined || line.sessionId !== refund.sessionId) {
    throw new RefusalError('session.sale_line_unknown', undefined, { field: 'saleLineId' })
  }
  const earlier = yield* one(
    ctx.db
      .select({ fen: sumOf(r.amountFen) })
      .from(r)
      .where(eq(r.saleLineId, refund.saleLineId)),
  )
  const leftFen = line.amountFen - (earlier?.fen ?? 0)
  if (refund.amountFen > leftFen) {
    throw new RefusalError('session.refund_exceeds', undefined, { field: 'amountFen', facts: { leftFen } })
  }
}
