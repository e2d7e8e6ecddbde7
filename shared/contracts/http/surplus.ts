import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { NonNegativeFen } from '../../units/fen.ts'
import { MassMg, MassSumMg } from '../../units/mass.ts'
import { Sku } from './catalog.ts'
import { HouseholdCode } from './households.ts'
import { defineRoute } from './route.ts'
import { pageOf, PageQuery, TimedPageQuery } from './paging.ts'
import { Reason } from './reason.ts'

const readers = ['farmer', 'helper', 'desk', 'operator', 'finance', 'auditor', 'admin'] as const
const sellers = ['helper', 'desk', 'operator', 'admin'] as const
const bookers = ['desk', 'operator', 'finance', 'admin'] as const

/** Who is looking for a buyer now. */
export const SurplusLevel = z.enum(['HELPER', 'TOWN', 'DISTRICT']).meta({ id: 'SurplusLevel' })
/** Bulk order of a helper unit (单位采购), city dealer, cabinet, or other. */
export const SurplusChannel = z.enum(['UNIT_ORDER', 'DEALER', 'CABINET', 'OTHER']).meta({ id: 'SurplusChannel' })
const ProductName = z.string().trim().min(1).max(60)
const SurplusMass = MassMg.min(1_000)

export const SurplusNotice = z
  .object({
    noticeId: Id,
    householdCode: HouseholdCode,
    headName: z.string(),
    villageName: z.string(),
    townName: z.string(),
    helperName: z.string().optional(),
    productName: z.string(),
    category: Sku.shape.category,
    massMg: MassMg,
    /** Promised to a buyer and not delivered yet. */
    agreedMg: MassMg,
    deliveredMg: MassMg,
    /** Not delivered yet; the notice closes at zero. */
    leftMg: MassMg,
    deadlineAtMs: EpochMs,
    level: SurplusLevel,
    /** When the next level takes over what has no buyer. */
    levelDueAtMs: EpochMs,
    isOverdue: z.boolean(),
    openedAtMs: EpochMs,
    closedAtMs: EpochMs.optional(),
  })
  .meta({ id: 'SurplusNotice' })
export const SurplusLine = z
  .object({
    lineId: Id,
    orderId: Id,
    noticeId: Id,
    householdCode: HouseholdCode,
    headName: z.string(),
    productName: z.string(),
    channel: SurplusChannel,
    buyerName: z.string(),
    massMg: MassMg,
    amountFen: NonNegativeFen,
    state: z.enum(['agreed', 'delivered', 'cancelled']),
    agreedAtMs: EpochMs,
    endedAtMs: EpochMs.optional(),
  })
  .meta({ id: 'SurplusLine' })
export const SurplusOrder = z
  .object({
    orderId: Id,
    channel: SurplusChannel,
    buyerName: z.string(),
    pricePerKgFen: NonNegativeFen,
    massMg: MassSumMg,
    /** Price × mass, half-up; its lines sum to it. */
    amountFen: NonNegativeFen,
    /** What the buyer has paid of it. */
    paidFen: NonNegativeFen,
    state: z.enum(['agreed', 'delivered', 'cancelled']),
    lines: z.array(SurplusLine),
  })
  .meta({ id: 'SurplusOrder' })

export const SurplusPayment = z
  .object({
    paymentId: Id,
    orderId: Id,
    amountFen: NonNegativeFen.min(1),
    /** Who paid, as the bank names them. */
    payerName: z.string().trim().min(2).max(80),
    /** The bank's; the same payment stands recorded once. */
    reference: z.string().trim().min(2).max(80),
    paidAtMs: EpochMs,
    recordedBy: z.string(),
    recordedAtMs: EpochMs,
    /** Set once it was taken back: it pays nothing of the order. */
    reversal: z.object({ reason: z.string(), reversedBy: z.string(), reversedAtMs: EpochMs }).optional(),
  })
  .meta({ id: 'SurplusPayment' })

export const openSurplusNotice = defineRoute({
  method: 'POST',
  path: '/api/surplus/notices',
  tag: 'surplus',
  summary: 'Notice of unsold produce (滞销): household, product, mass, deadline',
  access: ['farmer', ...sellers],
  body: z.object({
    householdCode: HouseholdCode,
    productName: ProductName,
    category: Sku.shape.category,
    massMg: SurplusMass,
    deadlineAtMs: EpochMs,
  }),
  reply: SurplusNotice,
  status: 201,
})
export const listSurplusNotices = defineRoute({
  method: 'GET',
  path: '/api/surplus/notices',
  tag: 'surplus',
  summary: 'Notices in scope, newest first',
  access: readers,
  query: TimedPageQuery.extend({
    isOpen: z.stringbool().optional(),
    level: SurplusLevel.optional(),
    townCode: z.string().max(12).optional(),
    householdCode: HouseholdCode.optional(),
  }),
  reply: pageOf(SurplusNotice),
  status: 200,
})
export const getSurplusNotice = defineRoute({
  method: 'GET',
  path: '/api/surplus/notices/:noticeId',
  tag: 'surplus',
  summary: 'One notice with its escalations and the lines that sold it',
  access: readers,
  params: z.object({ noticeId: Id }),
  reply: SurplusNotice.extend({
    escalations: z.array(
      z.object({ level: SurplusLevel, atMs: EpochMs, byAccountId: Id.optional(), reason: z.string() }),
    ),
    lines: z.array(SurplusLine),
  }),
  status: 200,
})
export const escalateSurplus = defineRoute({
  method: 'POST',
  path: '/api/surplus/notices/:noticeId/escalation',
  tag: 'surplus',
  summary: 'Hand a notice to the next level before its time: helper → town → district',
  access: sellers,
  params: z.object({ noticeId: Id }),
  body: z.object({ reason: Reason }),
  reply: SurplusNotice,
  status: 200,
})
export const recountSurplus = defineRoute({
  method: 'POST',
  path: '/api/surplus/notices/:noticeId/recount',
  tag: 'surplus',
  summary: 'Correct the mass of a notice (spoilt, eaten, miscounted); never below what has a buyer',
  access: sellers,
  params: z.object({ noticeId: Id }),
  body: z.object({ massMg: MassMg.min(0), reason: Reason }),
  reply: SurplusNotice,
  status: 200,
})
export const agreeSurplusOrder = defineRoute({
  method: 'POST',
  path: '/api/surplus/orders',
  tag: 'surplus',
  summary: 'Match produce of one or many notices with a buyer, such as a helper unit’s bulk order',
  access: sellers,
  body: z.object({
    channel: SurplusChannel,
    buyerName: z.string().trim().min(2).max(80),
    pricePerKgFen: NonNegativeFen.min(1).max(1_000_000),
    lines: z
      .array(z.object({ noticeId: Id, massMg: SurplusMass }))
      .min(1)
      .max(500),
  }),
  reply: SurplusOrder,
  status: 201,
})
const orderParams = z.object({ orderId: Id })
export const deliverSurplusOrder = defineRoute({
  method: 'POST',
  path: '/api/surplus/orders/:orderId/delivery',
  tag: 'surplus',
  summary:
    'The order was delivered: each line books its household’s income; once. What the buyer pays is recorded apart',
  access: bookers,
  params: orderParams,
  reply: SurplusOrder,
  status: 200,
})
export const cancelSurplusOrder = defineRoute({
  method: 'POST',
  path: '/api/surplus/orders/:orderId/cancellation',
  tag: 'surplus',
  summary: 'The buyer withdrew: the produce needs another buyer',
  access: sellers,
  params: orderParams,
  body: z.object({ reason: Reason }),
  reply: SurplusOrder,
  status: 200,
})
export const recordSurplusPayment = defineRoute({
  method: 'POST',
  path: '/api/surplus/orders/:orderId/payments',
  tag: 'surplus',
  summary: 'The buyer of an order paid, all or part of it: who, when, under which reference of the bank',
  access: ['finance', 'admin'],
  params: orderParams,
  body: SurplusPayment.pick({ amountFen: true, payerName: true, reference: true, paidAtMs: true }),
  reply: SurplusOrder,
  status: 201,
})
export const reverseSurplusPayment = defineRoute({
  method: 'POST',
  path: '/api/surplus/orders/:orderId/payments/:paymentId/reversal',
  tag: 'surplus',
  summary:
    'Take back a payment that was recorded wrongly: the order owes again, and the reference may be recorded anew',
  access: ['finance', 'admin'],
  params: orderParams.extend({ paymentId: Id }),
  body: z.object({ reason: Reason }),
  reply: SurplusOrder,
  status: 201,
})
export const getSurplusOrder = defineRoute({
  method: 'GET',
  path: '/api/surplus/orders/:orderId',
  tag: 'surplus',
  summary: 'One order with its lines and how much of it is paid',
  access: ['operator', 'finance', 'auditor', 'admin'],
  params: orderParams,
  reply: SurplusOrder,
  status: 200,
})
export const listSurplusPayments = defineRoute({
  method: 'GET',
  path: '/api/surplus/orders/:orderId/payments',
  tag: 'surplus',
  summary: 'What the buyer of an order has paid, oldest first, with what was taken back',
  access: ['operator', 'finance', 'auditor', 'admin'],
  params: orderParams,
  query: PageQuery,
  reply: pageOf(SurplusPayment),
  status: 200,
})
export const listUnpaidSurplusOrders = defineRoute({
  method: 'GET',
  path: '/api/surplus/unpaid-orders',
  tag: 'surplus',
  summary: 'Delivered orders whose buyer still owes, the oldest first',
  access: ['finance', 'auditor', 'admin'],
  query: PageQuery,
  reply: pageOf(SurplusOrder.omit({ lines: true }).extend({ deliveredAtMs: EpochMs, owedFen: NonNegativeFen })),
  status: 200,
})
export const listSurplusLines = defineRoute({
  method: 'GET',
  path: '/api/surplus/lines',
  tag: 'surplus',
  summary: 'Matching lines in scope, newest first',
  access: readers,
  query: TimedPageQuery.extend({ channel: SurplusChannel.optional(), householdCode: HouseholdCode.optional() }),
  reply: pageOf(SurplusLine),
  status: 200,
})
export const getSurplusDesk = defineRoute({
  method: 'GET',
  path: '/api/surplus/desk',
  tag: 'surplus',
  summary: 'The desk at a glance, in scope: what is left, per level; what was sold, per channel',
  access: readers,
  reply: z.object({
    openNotices: z.int(),
    leftMg: MassSumMg,
    levels: z.array(z.object({ level: SurplusLevel, notices: z.int(), leftMg: MassSumMg })),
    channels: z.array(z.object({ channel: SurplusChannel, massMg: MassSumMg, amountFen: NonNegativeFen })),
  }),
  status: 200,
})
