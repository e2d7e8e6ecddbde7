import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { NonNegativeFen } from '../../units/fen.ts'
import { LaneId } from '../mqtt/lane.ts'
import { CabinetCode } from './shelf.ts'
import { defineRoute } from './route.ts'
import { pageOf, PageQuery, TimedPageQuery } from './paging.ts'

/** A recall (召回) of one lot. */
export const Recall = z
  .object({
    recallId: Id,
    lotId: Id,
    traceCode: z.string(),
    skuName: z.string(),
    reason: z.string(),
    openedAtMs: EpochMs,
    closedAtMs: EpochMs.optional(),
    closeNote: z.string().optional(),
  })
  .meta({ id: 'Recall' })
/** A lane locked for a recall. */
export const RecallPlace = z
  .object({
    cabinetId: Id,
    cabinetCode: CabinetCode,
    hostSiteName: z.string(),
    laneId: LaneId,
    /** Of the lot, by the books. */
    units: z.int(),
    isOnline: z.boolean(),
    /** The cabinet itself has said that the lane is locked. */
    isLockedThere: z.boolean(),
    isReleased: z.boolean(),
  })
  .meta({ id: 'RecallPlace' })
/** A sale line with the lot, and who bought it. */
export const RecallBuyer = z
  .object({
    saleLineId: Id,
    sessionId: Id,
    cabinetCode: CabinetCode,
    accountId: Id,
    buyerName: z.string(),
    count: z.int().optional(),
    massMg: z.int().optional(),
    amountFen: NonNegativeFen,
    refundedFen: NonNegativeFen,
    atMs: EpochMs,
  })
  .meta({ id: 'RecallBuyer' })

const params = z.object({ recallId: Id })
const text = z.string().trim().min(2).max(300)

export const openRecall = defineRoute({
  method: 'POST',
  path: '/api/recalls',
  tag: 'recalls',
  summary: 'Recall a lot: nothing of it is loaded or sold any more, its lanes lock in every cabinet at once',
  access: ['operator', 'admin'],
  body: z.object({ lotId: Id, reason: text }),
  reply: z.object({
    recallId: Id,
    lanesLocked: z.int().min(0),
    orders: z.int().min(0),
    buyers: z.int().min(0),
    soldFen: NonNegativeFen,
  }),
  status: 201,
})
export const listRecalls = defineRoute({
  method: 'GET',
  path: '/api/recalls',
  tag: 'recalls',
  summary: 'Recalls, newest first',
  access: ['operator', 'restocker', 'finance', 'auditor', 'admin'],
  query: TimedPageQuery.extend({ isOpen: z.stringbool().optional() }),
  reply: pageOf(Recall),
  status: 200,
})
export const getRecall = defineRoute({
  method: 'GET',
  path: '/api/recalls/:recallId',
  tag: 'recalls',
  summary: 'One recall',
  access: ['operator', 'restocker', 'finance', 'auditor', 'admin'],
  params,
  reply: Recall,
  status: 200,
})
export const listRecallPlaces = defineRoute({
  method: 'GET',
  path: '/api/recalls/:recallId/places',
  tag: 'recalls',
  summary: 'Cabinets and lanes of a recall, and whether each cabinet has taken the lock over',
  access: ['operator', 'restocker', 'auditor', 'admin'],
  params,
  query: PageQuery,
  reply: pageOf(RecallPlace),
  status: 200,
})
export const listRecallBuyers = defineRoute({
  method: 'GET',
  path: '/api/recalls/:recallId/buyers',
  tag: 'recalls',
  summary: 'Orders with the recalled lot and who bought; every look is in the audit trail',
  access: ['operator', 'finance', 'admin'],
  params,
  query: PageQuery,
  reply: pageOf(RecallBuyer),
  status: 200,
})
export const refundRecall = defineRoute({
  method: 'POST',
  path: '/api/recalls/:recallId/refunds',
  tag: 'recalls',
  summary: 'Give buyers of a recalled lot their money back, fifty lines at a time; call again until it is complete',
  access: ['finance', 'admin'],
  params,
  reply: z.object({ lines: z.int().min(0), amountFen: NonNegativeFen, isComplete: z.boolean() }),
  status: 200,
})
export const closeRecall = defineRoute({
  method: 'POST',
  path: '/api/recalls/:recallId/closing',
  tag: 'recalls',
  summary: 'End a recall once no lane holds the lot any more; its lanes are let go',
  access: ['operator', 'admin'],
  params,
  body: z.object({ note: text }),
  reply: z.void(),
  status: 204,
})
