// Sales of the time before the books began (domain.md, A3): data from a paper, in force when a second person has approved it.
// They are no postings and are never added to what the ledger sold. And what cabinets sold, a row a day and SKU, so that a sum over
// years does not go through every line: a cache, made of the lines (roll-up-sales.ts).
import { sql } from 'drizzle-orm'
import { categories } from '../catalog/schema.ts'
import type { Kit } from '../db/kit.ts'

export const salesChannels = ['cabinet', 'unit_order', 'dealer', 'other'] as const
export type SalesChannel = (typeof salesChannels)[number]

export function salesTables({ table, column: c, check, unique, primaryKey }: Kit) {
  const salesOpenings = table(
    'sales_opening',
    {
      openingId: c.text().primaryKey(),
      documentNumber: c.text().notNull(),
      /** Row of the document, from 1. */
      ordinal: c.int().notNull(),
      /** Empty where the document does not tell them apart. */
      category: c.choice(categories),
      channel: c.choice(salesChannels),
      amountFen: c.int().notNull(),
      /** The last day it covers, YYYY-MM-DD. */
      throughDay: c.text().notNull(),
      note: c.text().notNull(),
      preparedBy: c.text().notNull(),
      preparedAtMs: c.int().notNull(),
      approvedBy: c.text(),
      approvedAtMs: c.int(),
    },
    (t) => [
      unique('sales_opening_once').on(t.documentNumber, t.ordinal),
      check('sales_opening_positive', sql`${t.amountFen} > 0 and ${t.ordinal} > 0`),
      check('sales_opening_day', sql`length(${t.throughDay}) = 10`),
      check('sales_opening_two_people', sql`${t.approvedBy} is null or ${t.approvedBy} <> ${t.preparedBy}`),
      check('sales_opening_approved', sql`(${t.approvedBy} is null) = (${t.approvedAtMs} is null)`),
    ],
  )
  const salesDays = table(
    'sales_day',
    {
      /** The day's first instant in the district. */
      dayStartMs: c.int().notNull(),
      skuId: c.text().notNull(),
      soldFen: c.int().notNull(),
      /** Refunded or written off on the day, whenever it was sold; less than nothing where more was recovered. */
      takenBackFen: c.int().notNull(),
    },
    (t) => [primaryKey({ columns: [t.dayStartMs, t.skuId] })],
  )
  return { salesOpenings, salesDays }
}
