// Sales that will never be paid (核销): proposed by one person with the paper behind it, booked when another approves, and
// recovered when the money comes after all.
import { sql } from 'drizzle-orm'
import type { Kit, Storage } from '../db/kit.ts'

/** A line of a cabinet's session, or a line of a surplus order. */
export const saleKinds = ['cabinet', 'surplus'] as const
export type SaleKind = (typeof saleKinds)[number]

export const writeOffStates = ['proposed', 'approved', 'withdrawn'] as const

export function writeOffTables({ table, column: c, check, index, uniqueIndex }: Kit) {
  const writeOffs = table(
    'write_off',
    {
      writeOffId: c.text().primaryKey(),
      saleKind: c.choice(saleKinds).notNull(),
      /** Id of the sale line or the surplus line. */
      saleLineId: c.text().notNull(),
      amountFen: c.int().notNull(),
      reason: c.text().notNull(),
      documentNumber: c.text().notNull(),
      state: c.choice(writeOffStates).notNull(),
      proposedBy: c.text().notNull(),
      proposedAtMs: c.int().notNull(),
      decidedBy: c.text(),
      decidedAtMs: c.int(),
    },
    (t) => [
      index('write_off_by_line').on(t.saleLineId),
      uniqueIndex('write_off_proposed_once')
        .on(t.saleLineId)
        .where(sql`${t.state} = 'proposed'`),
      check('write_off_positive', sql`${t.amountFen} > 0`),
      check('write_off_two_people', sql`${t.state} <> 'approved' or ${t.decidedBy} <> ${t.proposedBy}`),
      check(
        'write_off_decided_by_someone',
        sql`(${t.state} = 'proposed') = (${t.decidedBy} is null) and (${t.decidedBy} is null) = (${t.decidedAtMs} is null)`,
      ),
    ],
  )
  /** What came after all. */
  const writeOffRecoveries = table(
    'write_off_recovery',
    {
      recoveryId: c.text().primaryKey(),
      writeOffId: c
        .text()
        .notNull()
        .references(() => writeOffs.writeOffId),
      amountFen: c.int().notNull(),
      reason: c.text().notNull(),
      /** Of the payment: the bank's or the channel's reference. */
      documentNumber: c.text().notNull(),
      bookedBy: c.text().notNull(),
      atMs: c.int().notNull(),
    },
    (t) => [
      index('write_off_recovery_by_write_off').on(t.writeOffId),
      check('write_off_recovery_positive', sql`${t.amountFen} > 0`),
    ],
  )
  return { writeOffs, writeOffRecoveries }
}

export const writeOffStorage: Storage = { appendOnly: ['write_off_recovery'] }
