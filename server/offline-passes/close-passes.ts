// Gives back what is left of a pass's money, once no cabinet can report a use of it any more: it expired, the grace for late
// journals is over, and no session on it waits for a person.
import { and, asc, eq, exists, isNull, lt, not } from 'drizzle-orm'
import { exec, rows, type Unit, type UnitContext } from '../db/unit.ts'
import type { PaymentPort } from '../payments/payment-port.ts'

/** Passes per unit, so that a unit stays short. */
const passesPerUnit = 100

/** Returns how many were closed. Run it now and then; safe on any number of processes. */
export function* closePasses(ctx: UnitContext, payments: PaymentPort, graceMs: number): Unit<number> {
  const { db, tables } = ctx
  const { offlinePasses: p, paymentIntents: i } = tables
  const undecided = db
    .select({ intentId: i.intentId })
    .from(i)
    .where(and(eq(i.drawsOnIntentId, p.passId), eq(i.state, 'held')))
  const due = yield* rows(
    db
      .select({ passId: p.passId })
      .from(p)
      .where(and(isNull(p.closedAtMs), lt(p.expiresAtMs, ctx.now() - graceMs), not(exists(undecided))))
      .orderBy(asc(p.expiresAtMs))
      .limit(passesPerUnit),
  )
  for (const { passId } of due) {
    yield* payments.release(ctx, passId)
    yield* exec(db.update(p).set({ closedAtMs: ctx.now() }).where(eq(p.passId, passId)))
  }
  return due.length
}
