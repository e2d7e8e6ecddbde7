// Disputes (申诉): a buyer's word against the bill of one session, and a person's answer.
import { sql } from 'drizzle-orm'
import type { Kit } from '../db/kit.ts'
import type { sessionTables } from '../sessions/schema.ts'

type Sessions = Pick<ReturnType<typeof sessionTables>, 'shoppingSessions'>

export function disputeTables({ table, column: c, check, index }: Kit, { shoppingSessions }: Sessions) {
  const disputes = table(
    'dispute',
    {
      disputeId: c.text().primaryKey(),
      sessionId: c
        .text()
        .notNull()
        .unique()
        .references(() => shoppingSessions.sessionId),
      accountId: c.text().notNull(),
      complaint: c.text().notNull(),
      raisedAtMs: c.int().notNull(),
      answer: c.text(),
      refundedFen: c.int(),
      answeredBy: c.text(),
      answeredAtMs: c.int(),
    },
    (t) => [
      index('dispute_open')
        .on(t.disputeId)
        .where(sql`${t.answeredAtMs} is null`),
      check(
        'dispute_answered_whole',
        sql`(${t.answeredAtMs} is null) = (${t.answer} is null) and (${t.answer} is null) = (${t.refundedFen} is null) and (${t.refundedFen} is null) = (${t.answeredBy} is null)`,
      ),
      check('dispute_refund_not_negative', sql`${t.refundedFen} is null or ${t.refundedFen} >= 0`),
    ],
  )
  return { disputes }
}
