// What the buyer of an order pays: recorded by finance from the bank's statement, all at once or in parts, before or after the
// delivery. It comes in by the order's channel, which a delivery leaves owing; a paid order's channel is at zero again.
import { and, asc, eq, sql } from 'drizzle-orm'
import type { z } from 'zod'
import type { listUnpaidSurplusOrders, recordSurplusPayment, SurplusPayment } from '#shared/contracts/http/surplus.ts'
import { formatYuan } from '#shared/units/fen.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { behindKey, keyOfCursor, pageOfRows } from '../db/keyset.ts'
import type { Page, PageRequest } from '../db/keyset.ts'
import { exec, insertRows, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { accountIdOf, namedAccounts } from '../ledger/account-kinds.ts'
import { postTransfers } from '../ledger/post-transfers.ts'
import { refuseNumbers } from '../personal-data/refuse-numbers.ts'
import type { Viewer } from '../personal-data/row-scope.ts'
import { moneyFrom, showOrder } from './sell-surplus.ts'
import type { OrderView } from './sell-surplus.ts'

type Payment = z.output<(typeof recordSurplusPayment)['body']>
type PaymentView = z.input<typeof SurplusPayment>
type UnpaidView = z.input<(typeof listUnpaidSurplusOrders)['reply']>['rows'][number]

/**
 * Refuses with surplus.order_unknown, surplus.order_cancelled, surplus.payment_known, surplus.payment_exceeds, and a payment that
 * is yet to come.
 */
export function* recordPayment(
  ctx: UnitContext,
  { viewer, orderId, ...payment }: Payment & { readonly viewer: Viewer; readonly orderId: string },
): Unit<OrderView> {
  const { surplusOrders: o, surplusPayments: p } = ctx.tables
  const { amountFen, payerName, reference, paidAtMs } = payment
  refuseNumbers({ payerName })
  if (paidAtMs > ctx.now())
    throw new RefusalError('request.invalid', 'paidAtMs: the day is yet to come', { field: 'paidAtMs' })
  const order = yield* one(ctx.db.select().from(o).where(eq(o.orderId, orderId)))
  if (order === undefined) throw new RefusalError('surplus.order_unknown')
  if (order.state === 'cancelled') throw new RefusalError('surplus.order_cancelled')
  const turn = yield* requireNewReference(ctx, reference)
  const owedFen = order.amountFen - order.paidFen
  if (amountFen > owedFen)
    throw new RefusalError('surplus.payment_exceeds', undefined, { field: 'amountFen', facts: { owedFen } })
  const paymentId = ctx.newId()
  const recordedAtMs = ctx.now()
  yield* insertRows(p, [{ ...payment, turn, paymentId, orderId, recordedBy: viewer.accountId, recordedAtMs }])
  // The CHECK of the order is what two payments at once meet.
  yield* exec(
    ctx.db
      .update(o)
      .set({ paidFen: sql`${o.paidFen} + ${amountFen}` })
      .where(eq(o.orderId, orderId)),
  )
  yield* postTransfers(ctx, [
    {
      debit: namedAccounts.mainBank,
      credit: accountIdOf('channel', moneyFrom[order.channel]),
      amountFen,
      cause: { kind: 'surplus-payment', id: paymentId },
      leg: 'paid',
      memo: `${payerName}付帮销款 ${formatYuan(amountFen)} 元（${reference}）`,
    },
  ])
  const paidFen = order.paidFen + amountFen
  yield* recordAudit(ctx, {
    accountId: viewer.accountId,
    action: 'surplus.payment_recorded',
    subjectId: orderId,
    before: { paidFen: order.paidFen },
    after: { paidFen },
    detail: { paymentId, amountFen, payerName, paidAtMs },
  })
  return yield* showOrder(ctx, viewer, { ...order, paidFen })
}

/** How often payments of the reference were taken back. Refuses with surplus.payment_known when one stands. */
function* requireNewReference({ db, tables }: UnitContext, reference: string): Unit<number> {
  const { surplusPayments: p, surplusReversals: r } = tables
  const earlier = yield* rows(
    db
      .select({ reversedAtMs: r.reversedAtMs })
      .from(p)
      .leftJoin(r, eq(r.paymentId, p.paymentId))
      .where(eq(p.reference, reference)),
  )
  if (earlier.some(({ reversedAtMs }) => reversedAtMs === null))
    throw new RefusalError('surplus.payment_known', undefined, { field: 'reference' })
  return earlier.length
}

export function* listPayments(ctx: UnitContext, orderId: string, query: PageRequest): Unit<Page<PaymentView>> {
  const { surplusPayments: p, surplusReversals: r } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select({ payment: p, reversal: r })
      .from(p)
      .leftJoin(r, eq(r.paymentId, p.paymentId))
      .where(and(eq(p.orderId, orderId), behindKey([p.paymentId], keyOfCursor(query.cursor, 1), 'ascending')))
      .orderBy(asc(p.paymentId))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    ({ payment }) => [payment.paymentId],
    ({ payment: { turn: _turn, ...payment }, reversal }) => {
      if (reversal === null) return payment
      const { reason, reversedBy, reversedAtMs } = reversal
      return { ...payment, reversal: { reason, reversedBy, reversedAtMs } }
    },
  )
}

/** Delivered and not paid in full. */
export function* listUnpaid(ctx: UnitContext, query: PageRequest): Unit<Page<UnpaidView>> {
  const { surplusOrders: o } = ctx.tables
  const isOwed = and(eq(o.state, 'delivered'), sql`${o.paidFen} < ${o.amountFen}`)
  const found = yield* rows(
    ctx.db
      .select()
      .from(o)
      .where(and(isOwed, behindKey([o.orderId], keyOfCursor(query.cursor, 1), 'ascending')))
      .orderBy(asc(o.orderId))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    ({ orderId }) => [orderId],
    ({ orderId, channel, buyerName, pricePerKgFen, massMg, amountFen, paidFen, state, endedAtMs }) => ({
      orderId,
      channel,
      buyerName,
      pricePerKgFen,
      massMg,
      amountFen,
      paidFen,
      state,
      deliveredAtMs: endedAtMs ?? 0,
      owedFen: amountFen - paidFen,
    }),
  )
}
