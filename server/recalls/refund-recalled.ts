// Gives buyers of a recalled lot their money back, some lines to a unit. The key belongs to recall and line, so that pressing
// twice pays once.
import type { Unit, UnitContext } from '../db/unit.ts'
import type { PaymentPort } from '../payments/payment-port.ts'
import { refundLine } from '../sessions/refund-line.ts'
import { findRefundable, requireRecall } from './show-recall.ts'

const linesPerUnit = 50

export interface RefundedPart {
  readonly lines: number
  readonly amountFen: number
  readonly isComplete: boolean
}

export function* refundRecalled(
  ctx: UnitContext,
  payments: PaymentPort,
  { recallId, byAccountId }: { readonly recallId: string; readonly byAccountId: string },
): Unit<RefundedPart> {
  const { lotId, reason } = yield* requireRecall(ctx, recallId)
  const found = yield* findRefundable(ctx, lotId, linesPerUnit + 1)
  let amountFen = 0
  for (const { saleLineId, sessionId, leftFen } of found.slice(0, linesPerUnit)) {
    yield* refundLine(ctx, payments, {
      sessionId,
      saleLineId,
      amountFen: leftFen,
      reason: `recall: ${reason}`.slice(0, 200),
      idempotencyKey: `recall-${recallId}-${saleLineId}`,
      byAccountId,
    })
    amountFen += leftFen
  }
  return { lines: Math.min(found.length, linesPerUnit), amountFen, isComplete: found.length <= linesPerUnit }
}
