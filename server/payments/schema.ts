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
      capturedFen: c.int().notNull(),
      refundedFen: c.int().notNull(),
      heldAtMs: c.int().notNull(),
      finishedAtMs: c.int(),
    },
    (t) => [
      check('payment_intent_captured_within_hold', sql`${t.capturedFen} between 0 and ${t.heldFen}`),
      check('payment_intent_refunded_within_capture', sql`${t.refundedFen} between 0 and ${t.capturedFen}`),
      check('payment_intent_held_captures_nothing', sql`${t.state} <> 'held' or ${t.capturedFen} = 0`),
      check('payment_intent_finished_once', sql`(${t.state} = 'held') = (${t.finishedAtMs} is null)`),
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
  return { paymentIntents, paymentRefunds }
}

export const paymentStorage: Storage = {
  appendOnly: ['payment_refund'],
  clustered: ['payment_intent', 'payment_refund'],
}
