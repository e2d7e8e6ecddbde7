import { z } from 'zod'
import { EpochMs } from '../../time/clock.ts'
import { Fen, NonNegativeFen } from '../../units/fen.ts'
import { Sku } from './catalog.ts'
import { Reason } from './reason.ts'
import { defineRoute } from './route.ts'

/** How produce reaches its buyers (domain.md, A3). */
const SalesChannel = z.enum(['cabinet', 'unit_order', 'dealer', 'other']).meta({ id: 'SalesChannel' })
const Category = Sku.shape.category
const Day = z.iso.date()
const DocumentNumber = z.string().trim().min(2).max(100)

/** Sales of the time before the books, from a paper; what it does not tell apart is left out. */
export const SalesOpening = z
  .object({
    documentNumber: DocumentNumber,
    ordinal: z.int(),
    category: Category.optional(),
    channel: SalesChannel.optional(),
    amountFen: NonNegativeFen.min(1).max(1e13),
    /** The last day it covers. */
    throughDay: Day,
    note: z.string(),
    preparedBy: z.string(),
    preparedAtMs: EpochMs,
    approvedBy: z.string().optional(),
    approvedAtMs: EpochMs.optional(),
  })
  .meta({ id: 'SalesOpening' })

const QueryInstant = z.coerce.number().pipe(EpochMs)

export const getSales = defineRoute({
  method: 'GET',
  path: '/api/sales',
  tag: 'money',
  summary: 'Sales of a span by category and channel, and beside them the approved sales of the time before the books',
  access: ['operator', 'finance', 'desk', 'auditor', 'admin'],
  query: z.object({ fromMs: QueryInstant.default(0), beforeMs: QueryInstant.optional() }),
  reply: z.object({
    fromMs: EpochMs,
    beforeMs: EpochMs,
    rows: z.array(
      z.object({
        category: Category,
        channel: SalesChannel,
        soldFen: Fen,
        /** Refunded or written off in the span. */
        takenBackFen: Fen,
        netFen: Fen,
      }),
    ),
    soldFen: Fen,
    netFen: Fen,
    /** In force; in none of the sums above. */
    openings: z.array(SalesOpening),
    openingFen: Fen,
  }),
  status: 200,
})
export const enterSalesOpenings = defineRoute({
  method: 'POST',
  path: '/api/sales/openings',
  tag: 'money',
  summary: 'Enter the sales of the time before the books from a document; they count when another person approves',
  access: ['finance', 'admin'],
  body: z.object({
    documentNumber: DocumentNumber,
    throughDay: Day,
    note: Reason,
    rows: z
      .array(SalesOpening.pick({ category: true, channel: true, amountFen: true }))
      .min(1)
      .max(100),
  }),
  reply: z.object({ rows: z.array(SalesOpening) }),
  status: 201,
})
export const approveSalesOpenings = defineRoute({
  method: 'POST',
  path: '/api/sales/opening-approvals',
  tag: 'money',
  summary: 'Put a document of earlier sales in force, by another person than who entered it',
  access: ['finance', 'admin'],
  body: z.object({ documentNumber: DocumentNumber }),
  reply: z.object({ rows: z.array(SalesOpening) }),
  status: 201,
})
