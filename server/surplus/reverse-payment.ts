// Takes back a payment that was recorded wrongly: on the wrong order, of another amount, or never. Its transfer is mirrored and its
// row stays; the order owes again, and the bank's reference may be recorded where it belongs.
import { and, eq, sql } from 'drizzle-orm'
import { recordAudit } from '../audit/record-audit.ts'
import { exec, insertRows, one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { reverseCause } from '../ledger/reverse-transfers.ts'
import type { Viewer } from '../personal-data/row-scope.ts'
import { showOrder } from './sell-surplus.ts'
import type { OrderView } from './sell-surplus.ts'

interface Reversal {
  readonly viewer: Viewer
  readonly orderId: string
  readonly paymentId: string
  readonly reason: string
}

/** Refuses with surplus.payment_unknown, surplus.payment_reversed and surplus.payment_recovered. */
export function* reversePayment(ctx: UnitContext, reversal: Reversal): Unit<OrderView> {
  const { viewer, orderId, paymentId, reason } = reversal
  const { surplusOrders: o, surplusPayments: p, surplusReversals: r } = ctx.tables
  const found = yield* one(
    ctx.db
      .select({ order: o, amountFen: p.amountFen })
      .from(p)
      .innerJoin(o, eq(o.orderId, p.orderId))
      .where(and(eq(p.paymentId, paymentId), eq(p.orderId, orderId))),
  )
  if (found === undefined) throw new RefusalError('surplus.payment_unknown')
  const known = yield* one(ctx.db.select({ id: r.paymentId }).from(r).where(eq(r.paymentId, paymentId)))
  if (known !== undefined) throw new RefusalError('surplus.payment_reversed')
  yield* refuseRecovered(ctx, orderId)
  const { order, amountFen } = found
  const reversedBy = viewer.accountId
  yield* insertRows(r, [{ paymentId, reason, reversedBy, reversedAtMs: ctx.now() }])
  yield* exec(
    ctx.db
      .update(o)
      .set({ paidFen: sql`${o.paidFen} - ${amountFen}` })
      .where(eq(o.orderId, orderId)),
  )
  yield* reverseCause(ctx, { kind: 'surplus-payment', id: paymentId }, reason)
  const paidFen = order.paidFen - amountFen
  yield* recordAudit(ctx, {
    accountId: reversedBy,
    action: 'surplus.payment_reversed',
    subjectId: orderId,
    why: reason,
    before: { paidFen: order.paidFen },
    after: { paidFen },
    detail: { paymentId, amountFen },
  })
  return yield* showOrder(ctx, viewer, { ...order, paidFen })
}

/** What came back of a write-off was given to the households as money that had arrived; it stays so. */
function* refuseRecovered({ db, tables }: UnitContext, orderId: string): Unit<void> {
  const { writeOffRecoveries: v, writeOffs: w, surplusLines: l } = tables
  const recovery = yield* one(
    db
      .select({ id: v.recoveryId })
      .from(v)
      .innerJoin(w, eq(w.writeOffId, v.writeOffId))
      .innerJoin(l, eq(l.lineId, w.saleLineId))
      .where(eq(l.orderId, orderId))
      .limit(1),
  )
  if (recovery !== undefined) throw new RefusalError('surplus.payment_recovered')
}
