import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { LaneId } from '../mqtt/lane.ts'
import { CabinetCode } from './shelf.ts'
import { defineRoute } from './route.ts'
import { pageOf, TimedPageQuery } from './paging.ts'
import { Reason } from './reason.ts'
import { LossBearer } from './stock-losses.ts'

/** What may be behind a lane's difference. */
export const DifferenceCause = z
  .enum([
    'session_unfinished',
    'report_old',
    'scale_faulty',
    'foreign_object',
    'count_doubtful',
    'misplaced',
    'beyond_books',
    'counted_missing',
    'more_than_booked',
    'unexplained',
  ])
  .meta({ id: 'DifferenceCause' })
/** A lane whose weight and books do not agree. */
export const LaneDifference = z
  .object({
    differenceId: Id,
    cabinetId: Id,
    cabinetCode: CabinetCode,
    laneId: LaneId,
    skuId: Id,
    skuName: z.string(),
    bookUnits: z.int().min(0),
    /** Without it the scale could not be trusted. */
    weighedUnits: z.int().min(0).optional(),
    /** What counts and sales found otherwise than booked and nobody explained; < 0 beyond the books. */
    unitsMissing: z.int(),
    /** Likeliest first. */
    causes: z.array(DifferenceCause),
    foundAtMs: EpochMs,
    /** What lies there by the books now, first expired first; for whoever counts it. */
    lots: z.array(z.object({ lotId: Id, traceCode: z.string(), units: z.int().min(0), unitsMissing: z.int() })),
    /** When a check last saw it. */
    seenAtMs: EpochMs,
    closedAtMs: EpochMs.optional(),
    closedBy: z.string().optional(),
    /** Empty: the account is not known here any more. */
    closedByName: z.string().optional(),
    reason: z.string().optional(),
  })
  .meta({ id: 'LaneDifference' })
/** One check of all lanes of live cabinets. */
export const StockCheck = z
  .object({
    checkId: Id,
    startedAtMs: EpochMs,
    endedAtMs: EpochMs,
    startedBy: z.string().optional(),
    cabinets: z.int().min(0),
    lanes: z.int().min(0),
    unweighed: z.int().min(0),
    accurate: z.int().min(0),
    /** Accurate of those that could be weighed, 0 to 1. */
    accuracy: z.number().min(0).max(1).optional(),
  })
  .meta({ id: 'StockCheck' })

const readers = ['operator', 'restocker', 'finance', 'auditor', 'admin'] as const

export const listStockChecks = defineRoute({
  method: 'GET',
  path: '/api/stock/checks',
  tag: 'stock',
  summary: 'Checks of what lanes weigh against the books, newest first',
  access: readers,
  query: TimedPageQuery,
  reply: pageOf(StockCheck),
  status: 200,
})
export const runStockCheck = defineRoute({
  method: 'POST',
  path: '/api/stock/checks',
  tag: 'stock',
  summary: 'Weigh all lanes against the books now, as is done every night',
  access: ['operator', 'admin'],
  reply: StockCheck,
  status: 201,
})
export const listLaneDifferences = defineRoute({
  method: 'GET',
  path: '/api/stock/differences',
  tag: 'stock',
  summary: 'Lanes whose weight and books do not agree, newest first or the one that waited longest',
  access: readers,
  query: TimedPageQuery.extend({
    isOpen: z.stringbool().optional(),
    cabinetId: Id.optional(),
  }),
  reply: pageOf(LaneDifference),
  status: 200,
})
export const closeLaneDifference = defineRoute({
  method: 'POST',
  path: '/api/stock/differences/:differenceId/closing',
  tag: 'stock',
  summary: 'Close a difference by a count of the lane and, of what is missing, by who bears it',
  access: ['operator', 'admin'],
  params: z.object({ differenceId: Id }),
  body: z.object({
    counts: z
      .array(z.object({ lotId: Id, units: z.int().min(0).max(1_000) }))
      .min(1)
      .max(50)
      .optional(),
    bearer: LossBearer.optional(),
    reason: Reason,
  }),
  reply: LaneDifference,
  status: 200,
})
