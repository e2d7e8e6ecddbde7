import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { LaneId } from '../mqtt/lane.ts'
import { CabinetCode } from './shelf.ts'
import { defineRoute } from './route.ts'
import { pageOf, TimedPageQuery } from './paging.ts'

/** Where goods may be. `difference`: what a lane's counts found otherwise than booked, until somebody explains it. */
export const StockPlace = z
  .object({
    kind: z.enum(['supplier', 'depot', 'lane', 'difference', 'buyer', 'wastage', 'shrink', 'donation']),
    /** Of a lane and of its difference. */
    cabinetId: Id.optional(),
    cabinetCode: CabinetCode.optional(),
    laneId: LaneId.optional(),
  })
  .meta({ id: 'StockPlace' })
/** Units of a lot that went from one place to another. */
export const StockMove = z
  .object({
    moveId: Id,
    atMs: EpochMs,
    kind: z.enum(['received', 'loaded', 'sold', 'transferred', 'taken_off', 'counted', 'wasted', 'shrunk', 'donated']),
    lotId: Id,
    from: StockPlace,
    to: StockPlace,
    units: z.int().min(1),
    /** The lot received, the session, or the loss. */
    causeId: z.string(),
    reason: z.string().optional(),
    /** The account; none: a cabinet reported it. */
    movedBy: z.string().optional(),
  })
  .meta({ id: 'StockMove' })
/** What was written down when the lot was bought (进货查验记录). */
export const PurchaseRecord = z
  .object({
    skuName: z.string(),
    spec: z.string(),
    unitsReceived: z.int().min(1),
    /** Where the sources were weighed. */
    massMg: z.int().min(1).optional(),
    supplierName: z.string(),
    supplierAddress: z.string(),
    supplierContact: z.string(),
    certificateNumber: z.string(),
    harvestedAtMs: EpochMs,
    receivedAtMs: EpochMs,
  })
  .meta({ id: 'PurchaseRecord' })
/** Where every unit of a lot is; the figures add up to what was received. */
export const LotStock = z
  .object({
    lotId: Id,
    traceCode: z.string(),
    skuId: Id,
    skuName: z.string(),
    expiresAtMs: EpochMs,
    purchase: PurchaseRecord.optional(),
    closedAtMs: EpochMs.optional(),
    received: z.int().min(0),
    atDepot: z.int().min(0),
    inLanes: z.int().min(0),
    /** Unexplained; < 0: more turned up than was booked. */
    missing: z.int(),
    sold: z.int().min(0),
    wasted: z.int().min(0),
    /** Differences that were closed, missing less found. */
    shrunk: z.int(),
    donated: z.int().min(0),
    lanes: z.array(
      z.object({ cabinetId: Id, cabinetCode: CabinetCode, laneId: LaneId, units: z.int().min(0), missing: z.int() }),
    ),
  })
  .meta({ id: 'LotStock' })

const text = z.string().trim().min(2).max(300)
const units = z.int().min(1).max(100_000)
const Lane = z.object({ cabinetId: Id, laneId: LaneId })
const ofLot = z.object({ lotId: Id })
const readers = ['operator', 'restocker', 'finance', 'auditor', 'admin'] as const
const movers = ['operator', 'restocker', 'admin'] as const

export const getLotStock = defineRoute({
  method: 'GET',
  path: '/api/lots/:lotId/stock',
  tag: 'stock',
  summary: 'Where every unit of a lot is, with its purchase record',
  access: readers,
  params: ofLot,
  reply: LotStock,
  status: 200,
})
export const listStockMoves = defineRoute({
  method: 'GET',
  path: '/api/lots/:lotId/stock-moves',
  tag: 'stock',
  summary: 'Every move of a lot, newest first',
  access: readers,
  params: ofLot,
  query: TimedPageQuery,
  reply: pageOf(StockMove),
  status: 200,
})
export const closeLot = defineRoute({
  method: 'POST',
  path: '/api/lots/:lotId/closing',
  tag: 'stock',
  summary: 'Close a lot once nothing of it lies anywhere and nothing is unexplained; nothing of it moves after that',
  access: ['operator', 'admin'],
  params: ofLot,
  body: z.object({ note: text }),
  reply: z.void(),
  status: 204,
})
export const transferStock = defineRoute({
  method: 'POST',
  path: '/api/stock/transfers',
  tag: 'stock',
  summary: 'Book goods from one lane to another, of the same cabinet or of another (调拨)',
  access: movers,
  body: z.object({ lotId: Id, from: Lane, to: Lane, units, reason: text }),
  reply: z.object({ moveId: Id }),
  status: 201,
})
export const takeOffStock = defineRoute({
  method: 'POST',
  path: '/api/stock/take-offs',
  tag: 'stock',
  summary: 'Book goods of a lane back to the depot (下架); from its difference where a count has missed them already',
  access: movers,
  body: Lane.extend({ lotId: Id, units, isFromDifference: z.boolean().default(false), reason: text }),
  reply: z.object({ moveId: Id }),
  status: 201,
})
export const countLane = defineRoute({
  method: 'POST',
  path: '/api/stock/stocktakes',
  tag: 'stock',
  summary: 'Set the books of a lane to what was counted (盘点); what differs stays with the lane until it is explained',
  access: movers,
  body: Lane.extend({
    counts: z
      .array(z.object({ lotId: Id, units: z.int().min(0).max(1_000) }))
      .min(1)
      .max(50),
    reason: text,
  }),
  reply: z.object({ differences: z.array(z.object({ lotId: Id, units: z.int() })) }),
  status: 201,
})
