// Payments: one row per intent, whatever the method. The figures can only tell a legal story: never more captured than held,
// never more refunded than captured, nothing held once it is finished.
import { sql } from 'drizzle-orm'
import type { Kit, Storage } from '../db/kit.ts'
import { intentStates, paymentMethods } from './payment-port.ts'

export function paymentTables({ table, column: c, check, index, primaryKey }: Kit) {
  const paymentIntents = table(
    'payment_intent',
    {
      /** Ours, made once with what is paid for (the session); every retry carries it. */
      intentId: c.text().primaryKey(),
      method: c.choice(paymentMethods).notNull(),
      payerAccountId: c.text().notNull(),
      state: c.choice(intentStates).notNull(),
      heldFen: c.int().notNull(),
      /** Taken from the payer: from the hold, and what was owed of it and paid. */
      capturedFen: c.int().notNull(),
      /** Given back to the payer; what a refund took off a debt or gave back to the platform is not in it. */
      refundedFen: c.int().notNull(),
      heldAtMs: c.int().notNull(),
      finishedAtMs: c.int(),
      /** Another intent whose hold this one is paid from; it holds nothing itself until it is captured. */
      drawsOnIntentId: c.text(),
      /** Taken from this hold by intents that draw on it. */
      drawnFen: c.int().notNull(),
      /** What a draw should have taken and the hold did not have. */
      shortFen: c.int().notNull(),
      /** Whether the payer owes what is short; false: the platform bears it for good. */
      isPayerLiable: c.bool().notNull(),
    },
    (t) => [
      check('payment_intent_captured_within_hold', sql`${t.capturedFen} between 0 and ${t.heldFen}`),
      check('payment_intent_refunded_within_capture', sql`${t.refundedFen} between 0 and ${t.capturedFen}`),
      check('payment_intent_held_captures_nothing', sql`${t.state} <> 'held' or ${t.capturedFen} = 0`),
      check('payment_intent_finished_once', sql`(${t.state} = 'held') = (${t.finishedAtMs} is null)`),
      check('payment_intent_drawn_within_hold', sql`${t.drawnFen} between 0 and ${t.heldFen}`),
      index('payment_intent_by_drawn_on').on(t.drawsOnIntentId),
      index('payment_intent_by_payer').on(t.payerAccountId, t.intentId),
    ],
  )
  const paymentRefunds = table(
    'payment_refund',
    {
      intentId: c
        .text()
        .notNull()
        .references(() => paymentIntents.intentId),
      refundId: c.text().notNull(),
      amountFen: c.int().notNull(),
      atMs: c.int().notNull(),
    },
    (t) => [primaryKey({ columns: [t.refundId] }), check('payment_refund_positive', sql`${t.amountFen} > 0`)],
  )
  /** What a payer owes because a hold did not reach. */
  const paymentArrears = table(
    'payment_arrears',
    {
      intentId: c
        .text()
        .primaryKey()
        .references(() => paymentIntents.intentId),
      payerAccountId: c.text().notNull(),
      /** Less what refunds took off it; once nothing is owed any more, what was owed last. */
      owedFen: c.int().notNull(),
      sinceMs: c.int().notNull(),
      /** When it was paid, or a refund took off the last of it. */
      paidAtMs: c.int(),
    },
    (t) => [
      index('payment_arrears_open')
        .on(t.payerAccountId)
        .where(sql`${t.paidAtMs} is null`),
      check('payment_arrears_positive', sql`${t.owedFen} > 0`),
    ],
  )
  return { paymentIntents, paymentRefunds, paymentArrears }
}

export const paymentStorage: Storage = {
  appendOnly: ['payment_refund'],
  clustered: ['payment_intent', 'payment_refund'],
}
