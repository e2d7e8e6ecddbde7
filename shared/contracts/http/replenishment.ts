import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { Fen } from '../../units/fen.ts'
import { MassMg } from '../../units/mass.ts'
import { LaneId } from '../mqtt/lane.ts'
import { defineRoute } from './route.ts'
import { pageOf, PageQuery } from './paging.ts'

/** What one cabinet is expected to sell of one SKU. */
export const Forecast = z
  .object({
    cabinetId: Id,
    skuId: Id,
    skuName: z.string(),
    /** `YYYY-MM-DD`, China Standard Time. */
    firstDay: z.string(),
    /** Thousandths of a unit on each day from the first on. */
    milliUnitsByDay: z.array(z.int().min(0)),
    /** Variance ÷ mean of a day's demand, thousandths. */
    dispersionMilli: z.int().min(1000),
    madeAtMs: EpochMs,
  })
  .meta({ id: 'Forecast' })
export type Forecast = z.infer<typeof Forecast>

const Pick = z.object({
  skuId: Id,
  skuName: z.string(),
  lotId: Id,
  traceCode: z.string(),
  expiresAtMs: EpochMs,
  count: z.int().min(1),
})
/** What to load where, and what to take from the depot for it, lot by lot. */
export const RestockProposal = z
  .object({
    /** Empty: no forecast was made yet, so nothing is proposed. */
    forecastMadeAtMs: EpochMs.optional(),
    cabinets: z.array(
      z.object({
        cabinetId: Id,
        cabinetCode: z.string(),
        hostSiteName: z.string(),
        loads: z.array(Pick.extend({ laneId: LaneId })),
      }),
    ),
    picks: z.array(Pick),
    /** What the depot cannot give, or would expire before it sells. */
    shortages: z.array(z.object({ cabinetId: Id, laneId: LaneId, count: z.int().min(1) })),
  })
  .meta({ id: 'RestockProposal' })
export type RestockProposal = z.infer<typeof RestockProposal>

export const listForecasts = defineRoute({
  method: 'GET',
  path: '/api/forecasts',
  tag: 'replenishment',
  summary: 'What a cabinet is expected to sell, SKU by SKU',
  access: ['operator', 'restocker', 'auditor', 'admin'],
  query: z.object({ cabinetId: Id }),
  reply: z.object({ rows: z.array(Forecast) }),
  status: 200,
})
export const proposeRestock = defineRoute({
  method: 'GET',
  path: '/api/restock-proposal',
  tag: 'replenishment',
  summary: 'Loads per cabinet up to their par levels, first expired first out, with the pick list',
  access: ['operator', 'restocker', 'admin'],
  query: z.object({
    /** Days until the loads arrive, and days they have to last. */
    leadDays: z.coerce.number().int().min(0).max(7).default(1),
    coverDays: z.coerce.number().int().min(1).max(7).default(3),
    /** Probability in % that a lane does not run empty before. */
    servicePercent: z.coerce.number().int().min(50).max(99).default(95),
    /** Cabinets shown, those that get the most units first. */
    limit: z.coerce.number().int().min(1).max(200).default(50),
  }),
  reply: RestockProposal,
  status: 200,
})

/** One lot with a household's produce in it. */
export const TrackedLot = z
  .object({
    lotId: Id,
    traceCode: z.string(),
    skuName: z.string(),
    expiresAtMs: EpochMs,
    /** Whole days it may still be sold. */
    daysLeft: z.int().min(0),
    unitsReceived: z.int().min(1),
    unitsAtDepot: z.int().min(0),
    /** The household's part of the lot. */
    ownUnits: z.int().min(0),
    ownMassMg: MassMg.min(0),
    /** Where it lies for sale. */
    places: z.array(z.object({ hostSiteName: z.string(), units: z.int().min(1) })),
    /** Of the whole lot. */
    soldUnits: z.int().min(0),
    soldMassMg: MassMg.min(0),
    /** Given away, and lost; the household was paid for both. */
    donatedUnits: z.int().min(0),
    lostUnits: z.int().min(0),
    /** Near its date and cheaper somewhere: the most that is off, percent. */
    percentOff: z.int().min(1).max(90).optional(),
    /** What this household was paid for it: sales, losses that others bear, donations. */
    incomeFen: Fen,
  })
  .meta({ id: 'TrackedLot' })
export type TrackedLot = z.infer<typeof TrackedLot>

export const trackLots = defineRoute({
  method: 'GET',
  path: '/api/households/:householdCode/lots',
  tag: 'replenishment',
  summary: 'Where a household’s produce is, how long it keeps, what was sold and what it brought; newest lots first',
  access: ['farmer', 'helper', 'desk', 'operator', 'finance', 'auditor', 'admin'],
  params: z.object({ householdCode: z.string().regex(/^\d{16}$/) }),
  query: PageQuery,
  reply: pageOf(TrackedLot),
  status: 200,
})
