// Answers a dispute, once: what goes back to the buyer is refunded through the same graph as any refund, in the same unit.
import { and, eq, isNull } from 'drizzle-orm'
import { recordAudit } from '../audit/record-audit.ts'
import { exec, one, type Unit, type UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import type { PaymentPort } from '../payments/payment-port.ts'
import { refundLine } from '../sessions/refund-line.ts'

export interface DisputeAnswer {
  readonly disputeId: string
  readonly answer: string
  readonly refunds: ReadonlyArray<{ readonly saleLineId: string; readonly amountFen: number }>
  readonly byAccountId: string
}

/** Returns the session whose bill it was about. */
export function* answerDispute(ctx: UnitContext, payments: PaymentPort, input: DisputeAnswer): Unit<string> {
  const { disputes: d } = ctx.tables
  const { disputeId, answer, refunds, byAccountId } = input
  const dispute = yield* one(ctx.db.select().from(d).where(eq(d.disputeId, disputeId)))
  if (dispute === undefined) throw new RefusalError('dispute.unknown')
  if (dispute.answeredAtMs !== null) throw new RefusalError('dispute.answered')
  if (dispute.accountId === byAccountId) throw new RefusalError('dispute.own')
  const { sessionId } = dispute
  for (const { saleLineId, amountFen } of refunds) {
    const idempotencyKey = `dispute:${disputeId}:${saleLineId}`.slice(-64)
    yield* refundLine(ctx, payments, { sessionId, saleLineId, amountFen, reason: answer, idempotencyKey, byAccountId })
  }
  const refundedFen = refunds.reduce((sum, { amountFen }) => sum + amountFen, 0)
  yield* exec(
    ctx.db
      .update(d)
      .set({ answer, refundedFen, answeredBy: byAccountId, answeredAtMs: ctx.now() })
      .where(and(eq(d.disputeId, disputeId), isNull(d.answeredAtMs))),
  )
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'dispute.answered',
    subjectId: disputeId,
    why: answer,
    after: { refundedFen },
    detail: { sessionId, refunds },
  })
  return sessionId
}
