// Paying from the prepaid staff wallet: the whole payment happens in our own ledger, in the caller's unit. wallet → hold at
// open; hold → channel at settlement, the rest back to the wallet; channel → wallet on a refund.
import { eq, sql } from 'drizzle-orm'
import { command, exec, insertRows, one, statement } from '../db/unit.ts'
import type { Params, Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { accountIdOf } from '../ledger/account-kinds.ts'
import { postTransfers } from '../ledger/post-transfers.ts'
import type { Transfer } from '../ledger/post-transfers.ts'
import type { HoldRequest, PaymentIntent, PaymentPort, RefundRequest } from './payment-port.ts'

export const walletChannel = accountIdOf('channel', 'wallet')

const intentById = statement((ctx, p: Params<{ intentId: string }>) => {
  const { paymentIntents: t } = ctx.tables
  return ctx.db
    .select({
      intentId: t.intentId,
      method: t.method,
      payerAccountId: t.payerAccountId,
      state: t.state,
      heldFen: t.heldFen,
      capturedFen: t.capturedFen,
      refundedFen: t.refundedFen,
    })
    .from(t)
    .where(eq(t.intentId, p.intentId))
})

const finishIntent = command(
  (ctx, p: Params<{ intentId: string; state: 'captured' | 'released'; capturedFen: number; atMs: number }>) => {
    const { paymentIntents: t } = ctx.tables
    return ctx.db
      .update(t)
      .set({ state: sql`${p.state}`, capturedFen: sql`${p.capturedFen}`, finishedAtMs: sql`${p.atMs}` })
      .where(eq(t.intentId, p.intentId))
  },
)

/** Refuses with payment.intent_unknown. */
export function* requireIntent(intentId: string): Unit<PaymentIntent> {
  const intent = yield* one(intentById.with({ intentId }))
  if (intent === undefined) throw new RefusalError('payment.intent_unknown')
  return intent
}

function* hold(ctx: UnitContext, request: HoldRequest): Unit<PaymentIntent> {
  const { intentId, payerAccountId, amountFen } = request
  const known = yield* one(intentById.with({ intentId }))
  if (known !== undefined) {
    if (known.payerAccountId !== payerAccountId || known.heldFen !== amountFen)
      throw new RefusalError('payment.intent_conflict')
    return known
  }
  const intent = {
    intentId,
    method: 'wallet' as const,
    payerAccountId,
    state: 'held' as const,
    heldFen: amountFen,
    capturedFen: 0,
    refundedFen: 0,
  }
  yield* insertRows(ctx.tables.paymentIntents, [{ ...intent, heldAtMs: ctx.now() }])
  yield* postTransfers(ctx, [
    {
      debit: accountIdOf('wallet', payerAccountId),
      credit: accountIdOf('hold', payerAccountId),
      amountFen,
      cause: { kind: 'hold', id: intentId },
      leg: 'whole',
    },
  ])
  return intent
}

function* finish(
  ctx: UnitContext,
  intent: PaymentIntent,
  state: 'captured' | 'released',
  capturedFen: number,
): Unit<PaymentIntent> {
  const { intentId, payerAccountId, heldFen } = intent
  const held = accountIdOf('hold', payerAccountId)
  const restFen = heldFen - capturedFen
  const transfers: Transfer[] = []
  if (capturedFen > 0)
    transfers.push({
      debit: held,
      credit: walletChannel,
      amountFen: capturedFen,
      cause: { kind: 'capture', id: intentId },
      leg: 'taken',
    })
  if (restFen > 0)
    transfers.push({
      debit: held,
      credit: accountIdOf('wallet', payerAccountId),
      amountFen: restFen,
      cause: { kind: 'release', id: intentId },
      leg: 'rest',
    })
  const atMs = ctx.now()
  yield* exec(finishIntent.with({ intentId, state, capturedFen, atMs }))
  yield* postTransfers(ctx, transfers, atMs)
  return { ...intent, state, capturedFen }
}

function* capture(ctx: UnitContext, intentId: string, amountFen: number): Unit<PaymentIntent> {
  const intent = yield* requireIntent(intentId)
  if (amountFen > intent.heldFen) throw new RefusalError('payment.capture_exceeds_hold')
  if (intent.state === 'held') return yield* finish(ctx, intent, 'captured', amountFen)
  if (intent.state === 'captured' && intent.capturedFen === amountFen) return intent
  throw new RefusalError('payment.intent_closed')
}

function* release(ctx: UnitContext, intentId: string): Unit<PaymentIntent> {
  const intent = yield* requireIntent(intentId)
  if (intent.state === 'held') return yield* finish(ctx, intent, 'released', 0)
  if (intent.state === 'released') return intent
  throw new RefusalError('payment.intent_closed')
}

function* refund(ctx: UnitContext, request: RefundRequest): Unit<PaymentIntent> {
  const { intentId, refundId, amountFen } = request
  const intent = yield* requireIntent(intentId)
  const { paymentIntents, paymentRefunds: t } = ctx.tables
  const known = yield* one(ctx.db.select().from(t).where(eq(t.refundId, refundId)))
  if (known !== undefined) {
    if (known.intentId !== intentId || known.amountFen !== amountFen) throw new RefusalError('payment.intent_conflict')
    return intent
  }
  const refundedFen = intent.refundedFen + amountFen
  if (refundedFen > intent.capturedFen) throw new RefusalError('payment.refund_exceeds_capture')
  yield* insertRows(t, [{ intentId, refundId, amountFen, atMs: ctx.now() }])
  yield* exec(ctx.db.update(paymentIntents).set({ refundedFen }).where(eq(paymentIntents.intentId, intentId)))
  yield* postTransfers(ctx, [
    {
      debit: walletChannel,
      credit: accountIdOf('wallet', intent.payerAccountId),
      amountFen,
      cause: { kind: 'refund', id: refundId },
      leg: 'back',
    },
  ])
  return { ...intent, refundedFen }
}

export const walletPayments: PaymentPort = { method: 'wallet', channel: walletChannel, hold, capture, release, refund }
