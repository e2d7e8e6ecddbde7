// The surplus desk (滞销, domain.md A4): notices of unsold produce, orders of buyers with a line per notice, and who had the
// notice when. A notice closes at zero kilograms left, by CHECK; a delivered line has its transfer `surplus-line:<line>:household`,
// a payment of the buyer its `surplus-payment:<payment>:paid`.
import { sql } from 'drizzle-orm'
import { categories } from '../catalog/schema.ts'
import type { Kit, Storage } from '../db/kit.ts'
import type { householdTables } from '../households/schema.ts'

export const surplusLevels = ['HELPER', 'TOWN', 'DISTRICT'] as const
export type SurplusLevel = (typeof surplusLevels)[number]
export const surplusChannels = ['UNIT_ORDER', 'DEALER', 'CABINET', 'OTHER'] as const
export type SurplusChannel = (typeof surplusChannels)[number]
export const orderStates = ['agreed', 'delivered', 'cancelled'] as const

type Households = Pick<ReturnType<typeof householdTables>, 'households'>

function noticeTables({ table, column: c, primaryKey, index, check }: Kit, { households }: Households) {
  const surplusNotices = table(
    'surplus_notice',
    {
      noticeId: c.text().primaryKey(),
      householdCode: c
        .text()
        .notNull()
        .references(() => households.householdCode),
      productName: c.text().notNull(),
      category: c.choice(categories).notNull(),
      massMg: c.int().notNull(),
      agreedMg: c.int().notNull(),
      deliveredMg: c.int().notNull(),
      deadlineAtMs: c.int().notNull(),
      level: c.choice(surplusLevels).notNull(),
      levelDueAtMs: c.int().notNull(),
      openedBy: c.text().notNull(),
      openedAtMs: c.int().notNull(),
      closedAtMs: c.int(),
    },
    (t) => [
      index('surplus_notice_by_household').on(t.householdCode, t.noticeId),
      index('surplus_notice_due')
        .on(t.levelDueAtMs)
        .where(sql`${t.closedAtMs} is null`),
      check(
        'surplus_notice_masses',
        sql`${t.agreedMg} >= 0 and ${t.deliveredMg} >= 0 and ${t.agreedMg} + ${t.deliveredMg} <= ${t.massMg}`,
      ),
      check('surplus_notice_closed_at_zero', sql`${t.closedAtMs} is null or ${t.deliveredMg} = ${t.massMg}`),
    ],
  )
  const surplusEscalations = table(
    'surplus_escalation',
    {
      noticeId: c
        .text()
        .notNull()
        .references(() => surplusNotices.noticeId),
      /** The level it went to. */
      level: c.choice(surplusLevels).notNull(),
      atMs: c.int().notNull(),
      /** Empty: its time had come. */
      byAccountId: c.text(),
      reason: c.text().notNull(),
    },
    (t) => [primaryKey({ columns: [t.noticeId, t.level] })],
  )
  return { surplusNotices, surplusEscalations }
}

export function surplusTables(kit: Kit, noun: Households) {
  const { table, column: c, index, check, unique } = kit
  const { surplusNotices, surplusEscalations } = noticeTables(kit, noun)
  const surplusOrders = table(
    'surplus_order',
    {
      orderId: c.text().primaryKey(),
      channel: c.choice(surplusChannels).notNull(),
      buyerName: c.text().notNull(),
      pricePerKgFen: c.int().notNull(),
      massMg: c.int().notNull(),
      amountFen: c.int().notNull(),
      /** Σ of its payments that stand. */
      paidFen: c.int().notNull(),
      state: c.choice(orderStates).notNull(),
      agreedBy: c.text().notNull(),
      agreedAtMs: c.int().notNull(),
      endedBy: c.text(),
      endedAtMs: c.int(),
      cancelReason: c.text(),
    },
    (t) => [
      index('surplus_order_delivered')
        .on(t.endedAtMs)
        .where(sql`${t.state} = 'delivered'`),
      check('surplus_order_paid', sql`${t.paidFen} between 0 and ${t.amountFen}`),
      check('surplus_order_ended', sql`(${t.state} = 'agreed') = (${t.endedAtMs} is null)`),
    ],
  )
  const surplusLines = table(
    'surplus_line',
    {
      lineId: c.text().primaryKey(),
      orderId: c
        .text()
        .notNull()
        .references(() => surplusOrders.orderId),
      noticeId: c
        .text()
        .notNull()
        .references(() => surplusNotices.noticeId),
      massMg: c.int().notNull(),
      /** Its part of the order's amount; by mass, largest remainder. */
      amountFen: c.int().notNull(),
    },
    (t) => [
      unique('surplus_line_once').on(t.orderId, t.noticeId),
      index('surplus_line_by_notice').on(t.noticeId),
      check('surplus_line_positive', sql`${t.massMg} > 0 and ${t.amountFen} > 0`),
    ],
  )
  const surplusPayments = table(
    'surplus_payment',
    {
      paymentId: c.text().primaryKey(),
      orderId: c
        .text()
        .notNull()
        .references(() => surplusOrders.orderId),
      amountFen: c.int().notNull(),
      /** Who paid, as the bank names them. */
      payerName: c.text().notNull(),
      /** The bank's: one payment stands recorded once. */
      reference: c.text().notNull(),
      /** 0; one more for each time a payment of this reference was taken back before. */
      turn: c.int().notNull(),
      /** When it came, as the statement says. */
      paidAtMs: c.int().notNull(),
      recordedBy: c.text().notNull(),
      recordedAtMs: c.int().notNull(),
    },
    (t) => [
      unique('surplus_payment_once').on(t.reference, t.turn),
      index('surplus_payment_by_order').on(t.orderId),
      check('surplus_payment_positive', sql`${t.amountFen} > 0`),
    ],
  )
  const surplusReversals = table('surplus_payment_reversal', {
    paymentId: c
      .text()
      .primaryKey()
      .references(() => surplusPayments.paymentId),
    reason: c.text().notNull(),
    reversedBy: c.text().notNull(),
    reversedAtMs: c.int().notNull(),
  })
  return { surplusNotices, surplusEscalations, surplusOrders, surplusLines, surplusPayments, surplusReversals }
}

export const surplusStorage: Storage = {
  appendOnly: ['surplus_escalation', 'surplus_line', 'surplus_payment', 'surplus_payment_reversal'],
}
