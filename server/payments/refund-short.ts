// A refund of what its payer has not paid whole, because the hold did not reach. Nobody gets back what they never gave: a debt
// goes first, then the payer's money, then what a named account has borne for good.
import { eq } from 'drizzle-orm'
import { sumOf } from '../db/expressions.ts'
import { exec, one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'

interface ShortIntent {
  readonly intentId: string
  readonly capturedFen: number
  readonly refundedFen: number
  readonly shortFen: number
}

/** Whole fen ≥ 0; what of the refund is neither is the named account's, which has borne arrears until they are paid. */
export interface RefundShare {
  readonly payerFen: number
  readonly arrearsFen: number
}

/** Undefined when more would go back than came in. */
export function* shareOfRefund(
  ctx: UnitContext,
  intent: ShortIntent,
  amountFen: number,
): Unit<RefundShare | undefined> {
  const { owedFen, borneFen } = intent.shortFen === 0 ? { owedFen: 0, borneFen: 0 } : yield* findShort(ctx, intent)
  const arrearsFen = Math.min(amountFen, owedFen)
  const payerFen = Math.min(amountFen - arrearsFen, intent.capturedFen - intent.refundedFen)
  return amountFen - arrearsFen - payerFen > borneFen ? undefined : { payerFen, arrearsFen }
}

/** Of what the hold did not have: what is owed still, and what was borne for good and has not gone back. */
function* findShort(ctx: UnitContext, { intentId, refundedFen, shortFen }: ShortIntent) {
  const { paymentArrears: a, paymentRefunds: r } = ctx.tables
  const debt = yield* one(ctx.db.select().from(a).where(eq(a.intentId, intentId)))
  if (debt !== undefined) return { owedFen: debt.paidAtMs === null ? debt.owedFen : 0, borneFen: 0 }
  const earlier = yield* one(
    ctx.db
      .select({ fen: sumOf(r.amountFen) })
      .from(r)
      .where(eq(r.intentId, intentId)),
  )
  return { owedFen: 0, borneFen: shortFen - ((earlier?.fen ?? 0) - refundedFen) }
}

/** Takes so much off what is owed; the last of it ends the debt. */
export function* takeOffArrears(ctx: UnitContext, intentId: string, amountFen: number): Unit<void> {
  if (amountFen === 0) return
  const { paymentArrears: a } = ctx.tables
  const debt = yield* one(ctx.db.select().from(a).where(eq(a.intentId, intentId)))
  if (debt === undefined) throw new Error(`intent ${intentId} owes nothing`)
  const leftFen = debt.owedFen - amountFen
  const change = leftFen === 0 ? { paidAtMs: ctx.now() } : { owedFen: leftFen }
  yield* exec(ctx.db.update(a).set(change).where(eq(a.intentId, intentId)))
}
