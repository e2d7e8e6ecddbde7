import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { NonNegativeFen } from '../../units/fen.ts'
import { LaneId } from '../mqtt/lane.ts'
import { defineRoute } from './route.ts'
import { pageOf, TimedPageQuery } from './paging.ts'
import { StockPlace } from './stock.ts'

const LossKind = z.enum(['wastage', 'shrink', 'donation'])
/** Who bears a loss (损耗承担方); never a household, which is paid as if its goods had been sold. */
export const LossBearer = z
  .object({
    kind: z.enum(['operator', 'site', 'insurer']),
    /** The host site, when it is the site. */
    hostSiteId: Id.optional(),
  })
  .refine((bearer) => (bearer.kind === 'site') === (bearer.hostSiteId !== undefined), {
    message: 'a site is named, and only a site',
    path: ['hostSiteId'],
  })
  .meta({ id: 'LossBearer' })
/** Goods that nobody bought: spoiled (损耗), missing at a count (短少), or given away (捐赠). */
export const StockLoss = z
  .object({
    lossId: Id,
    kind: LossKind,
    lotId: Id,
    traceCode: z.string(),
    skuName: z.string(),
    from: StockPlace,
    units: z.int().min(1),
    bearer: LossBearer,
    recipient: z.string().optional(),
    reason: z.string(),
    /** Fen per piece or per kg. */
    unitPriceFen: NonNegativeFen,
    /** What the goods would have sold for. */
    listFen: NonNegativeFen,
    /** What the bearer pays the producers: their part of that. */
    owedFen: NonNegativeFen,
    recordedBy: z.string(),
    /** Empty: the account is not known here any more. */
    recordedByName: z.string().optional(),
    /** The second person, where one alone was not enough. */
    confirmedBy: z.string().optional(),
    confirmedByName: z.string().optional(),
    atMs: EpochMs,
  })
  .meta({ id: 'StockLoss' })

const LossRequestState = z.enum(['requested', 'confirmed', 'withdrawn']).meta({ id: 'LossRequestState' })
/** A loss that is too large for one person: nothing leaves the books until another confirms. */
export const LossRequest = StockLoss.pick({
  kind: true,
  lotId: true,
  traceCode: true,
  skuName: true,
  from: true,
  units: true,
  bearer: true,
  recipient: true,
  reason: true,
})
  .extend({
    requestId: Id,
    /** What the goods would have sold for when it was requested. */
    listFen: NonNegativeFen,
    state: LossRequestState,
    requestedBy: z.string(),
    requestedByName: z.string().optional(),
    requestedAtMs: EpochMs,
    decidedBy: z.string().optional(),
    decidedByName: z.string().optional(),
    decidedAtMs: EpochMs.optional(),
    /** What was booked. */
    lossId: Id.optional(),
  })
  .meta({ id: 'LossRequest' })

const text = z.string().trim().min(2).max(300)
const NewLoss = z.object({
  kind: LossKind,
  lotId: Id,
  /** Without it: the depot. */
  lane: z.object({ cabinetId: Id, laneId: LaneId }).optional(),
  /** Of the lane: what its counts missed, not what lies in it. */
  isFromDifference: z.boolean().default(false),
  units: z.int().min(1).max(100_000),
  bearer: LossBearer,
  /** Of a donation: who was given the goods. */
  recipient: text.optional(),
  reason: text,
})
const ofRequest = z.object({ requestId: Id })
const deciders = ['operator', 'finance', 'admin'] as const

export const recordLoss = defineRoute({
  method: 'POST',
  path: '/api/stock/losses',
  tag: 'stock',
  summary:
    'Record wastage, shrink or a donation: the goods leave the books, the bearer pays the producers their part. A large one takes two people',
  access: ['operator', 'admin'],
  body: NewLoss,
  reply: StockLoss,
  status: 201,
})
export const listLosses = defineRoute({
  method: 'GET',
  path: '/api/stock/losses',
  tag: 'stock',
  summary: 'Wastage, shrink and donations, newest first',
  access: ['operator', 'finance', 'auditor', 'admin'],
  query: TimedPageQuery.extend({ lotId: Id.optional(), kind: LossKind.optional() }),
  reply: pageOf(StockLoss),
  status: 200,
})
export const requestLoss = defineRoute({
  method: 'POST',
  path: '/api/stock/loss-requests',
  tag: 'stock',
  summary: 'Request a loss that one person may not record alone; nothing is booked until another confirms',
  access: ['operator', 'admin'],
  body: NewLoss,
  reply: LossRequest,
  status: 201,
})
export const confirmLoss = defineRoute({
  method: 'POST',
  path: '/api/stock/loss-requests/:requestId/confirmation',
  tag: 'stock',
  summary: 'Confirm a loss, by another person than who requested it: books it',
  access: deciders,
  params: ofRequest,
  reply: LossRequest,
  status: 200,
})
export const withdrawLoss = defineRoute({
  method: 'POST',
  path: '/api/stock/loss-requests/:requestId/withdrawal',
  tag: 'stock',
  summary: 'Let a requested loss go',
  access: deciders,
  params: ofRequest,
  reply: LossRequest,
  status: 200,
})
export const listLossRequests = defineRoute({
  method: 'GET',
  path: '/api/stock/loss-requests',
  tag: 'stock',
  summary: 'Losses that were requested of a second person, newest first',
  access: ['operator', 'finance', 'auditor', 'admin'],
  query: TimedPageQuery.extend({ state: LossRequestState.optional() }),
  reply: pageOf(LossRequest),
  status: 200,
})
