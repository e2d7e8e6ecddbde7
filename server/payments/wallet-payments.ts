// Paying from the prepaid staff wallet: the whole payment happens in our own ledger, in the caller's unit. wallet → hold at
// open; hold → channel at settlement, the rest back to the wallet; channel → wallet on a refund, or to whom bore what the payer
// has not paid.
import { eq, sql } from 'drizzle-orm'
import { command, exec, insertRows, one, statement } from '../db/unit.ts'
import type { Params, Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { accountIdOf, namedAccounts } from '../ledger/account-kinds.ts'
import { postTransfers } from '../ledger/post-transfers.ts'
import { shareOfRefund, takeOffArrears } from './refund-short.ts'
import { walletOf } from './wallets.ts'
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
      drawsOnIntentId: t.drawsOnIntentId,
      drawnFen: t.drawnFen,
      shortFen: t.shortFen,
      isPayerLiable: t.isPayerLiable,
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

interface StoredIntent extends PaymentIntent {
  readonly drawsOnIntentId: string | null
  readonly drawnFen: number
  readonly shortFen: number
  readonly isPayerLiable: boolean
}

/** Refuses with payment.intent_unknown. */
export function* requireIntent(intentId: string): Unit<StoredIntent> {
  const intent = yield* one(intentById.with({ intentId }))
  if (intent === undefined) throw new RefusalError('payment.intent_unknown')
  return intent
}

const notDrawn = { drawsOnIntentId: undefined, drawnFen: 0, shortFen: 0, isPayerLiable: true }

/** Opens an intent that is paid from another's hold when it is captured; until then it holds nothing. */
export function* openDraw(
  ctx: UnitContext,
  draw: {
    readonly intentId: string
    readonly drawsOnIntentId: string
    readonly payerAccountId: string
    /** Whether the payer owes what the hold does not reach. */
    readonly isPayerLiable: boolean
  },
): Unit<void> {
  const figures = { heldFen: 0, capturedFen: 0, refundedFen: 0, drawnFen: 0, shortFen: 0 }
  const row = { ...draw, ...figures, method: 'wallet', state: 'held', heldAtMs: ctx.now() } as const
  yield* insertRows(ctx.tables.paymentIntents, [row])
}

/**
 * Captures from another's hold as far as it reaches. The rest is booked to the named account of offline risk, so that the sale
 * is whole for everybody who earned it, and the payer owes it unless somebody else was to blame.
 */
function* captureDraw(ctx: UnitContext, intent: StoredIntent, onIntentId: string, amountFen: number) {
  const { paymentIntents: t, paymentArrears } = ctx.tables
  const { intentId, payerAccountId, isPayerLiable } = intent
  const parent = yield* requireIntent(onIntentId)
  const leftFen = parent.state === 'held' ? parent.heldFen - parent.drawnFen : 0
  const capturedFen = Math.min(amountFen, leftFen)
  const shortFen = amountFen - capturedFen
  const atMs = ctx.now()
  const taken = { heldFen: capturedFen, capturedFen, shortFen, state: 'captured', finishedAtMs: atMs } as const
  yield* exec(ctx.db.update(t).set(taken).where(eq(t.intentId, intentId)))
  const drawnFen = parent.drawnFen + capturedFen
  yield* exec(ctx.db.update(t).set({ drawnFen }).where(eq(t.intentId, onIntentId)))
  const transfers: Transfer[] = []
  if (capturedFen > 0) {
    const cause = { kind: 'capture', id: intentId } as const
    const debit = accountIdOf('hold', payerAccountId)
    transfers.push({ debit, credit: walletChannel, amountFen: capturedFen, cause, leg: 'taken' })
  }
  if (shortFen > 0) {
    const cause = { kind: 'offline-risk', id: intentId } as const
    const debit = namedAccounts.offlineRisk
    transfers.push({ debit, credit: walletChannel, amountFen: shortFen, cause, leg: 'borne' })
  }
  yield* postTransfers(ctx, transfers, atMs)
  if (shortFen > 0 && isPayerLiable)
    yield* insertRows(paymentArrears, [
      { intentId, payerAccountId, owedFen: shortFen, sinceMs: atMs, paidAtMs: undefined },
    ])
  return { ...intent, state: 'captured' as const, heldFen: capturedFen, capturedFen }
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
  yield* insertRows(ctx.tables.paymentIntents, [{ ...intent, ...notDrawn, heldAtMs: ctx.now() }])
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
  intent: StoredIntent,
  state: 'captured' | 'released',
  capturedFen: number,
): Unit<PaymentIntent> {
  const { intentId, payerAccountId, heldFen, drawnFen } = intent
  const held = accountIdOf('hold', payerAccountId)
  const restFen = heldFen - drawnFen - capturedFen
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
  const { drawsOnIntentId } = intent
  if (drawsOnIntentId !== null && intent.state === 'held')
    return yield* captureDraw(ctx, intent, drawsOnIntentId, amountFen)
  if (amountFen > intent.heldFen) throw new RefusalError('payment.capture_exceeds_hold')
  if (intent.state === 'held') return yield* finish(ctx, intent, 'captured', amountFen)
  if (intent.state === 'captured' && intent.capturedFen === amountFen) return intent
  throw new RefusalError('payment.intent_closed')
}

function* captureLate(ctx: UnitContext, intentId: string, amountFen: number): Unit<PaymentIntent> {
  const intent = yield* requireIntent(intentId)
  const { payerAccountId, heldFen } = intent
  if (intent.state === 'captured' && intent.capturedFen === amountFen) return intent
  if (intent.state !== 'released') throw new RefusalError('payment.intent_closed')
  if (amountFen > heldFen) throw new RefusalError('payment.capture_exceeds_hold')
  const { balanceFen } = yield* walletOf(ctx, payerAccountId)
  const capturedFen = Math.min(amountFen, Math.max(0, balanceFen))
  const shortFen = amountFen - capturedFen
  const atMs = ctx.now()
  const taken = { capturedFen, shortFen, state: 'captured', finishedAtMs: atMs } as const
  yield* exec(
    ctx.db.update(ctx.tables.paymentIntents).set(taken).where(eq(ctx.tables.paymentIntents.intentId, intentId)),
  )
  const transfers: Transfer[] = []
  if (capturedFen > 0) {
    const cause = { kind: 'capture', id: intentId } as const
    const debit = accountIdOf('wallet', payerAccountId)
    transfers.push({ debit, credit: walletChannel, amountFen: capturedFen, cause, leg: 'taken' })
  }
  if (shortFen > 0) {
    const cause = { kind: 'offline-risk', id: intentId } as const
    const debit = namedAccounts.offlineRisk
    transfers.push({ debit, credit: walletChannel, amountFen: shortFen, cause, leg: 'borne' })
  }
  yield* postTransfers(ctx, transfers, atMs)
  if (shortFen > 0) {
    const owed = { intentId, payerAccountId, owedFen: shortFen, sinceMs: atMs, paidAtMs: undefined }
    yield* insertRows(ctx.tables.paymentArrears, [owed])
  }
  return { ...intent, state: 'captured', capturedFen }
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
  const share = yield* shareOfRefund(ctx, intent, amountFen)
  if (share === undefined) throw new RefusalError('payment.refund_exceeds_capture')
  const refundedFen = intent.refundedFen + share.payerFen
  yield* insertRows(t, [{ intentId, refundId, amountFen, atMs: ctx.now() }])
  yield* exec(ctx.db.update(paymentIntents).set({ refundedFen }).where(eq(paymentIntents.intentId, intentId)))
  yield* takeOffArrears(ctx, intentId, share.arrearsFen)
  const base = { debit: walletChannel, cause: { kind: 'refund', id: refundId } } as const
  const wallet = accountIdOf('wallet', intent.payerAccountId)
  const borneFen = amountFen - share.payerFen
  yield* postTransfers(ctx, [
    ...(share.payerFen > 0 ? [{ ...base, credit: wallet, amountFen: share.payerFen, leg: 'back' }] : []),
    ...(borneFen > 0 ? [{ ...base, credit: namedAccounts.offlineRisk, amountFen: borneFen, leg: 'borne' }] : []),
  ])
  return { ...intent, refundedFen }
}

export const walletPayments: PaymentPort = {
  method: 'wallet',
  channel: walletChannel,
  hold,
  capture,
  captureLate,
  release,
  refund,
}
