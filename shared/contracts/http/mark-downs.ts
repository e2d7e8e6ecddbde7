import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { NonNegativeFen } from '../../units/fen.ts'
import { LaneId } from '../mqtt/lane.ts'
import { CabinetCode } from './shelf.ts'
import { Sku } from './catalog.ts'
import { defineRoute } from './route.ts'
import { pageOf, TimedPageQuery } from './paging.ts'

/** The near-expiry ladder (临期) of a category of goods. */
export const LadderRule = z
  .object({
    category: Sku.shape.category,
    /** From so many whole days left on (0: the last day), so much off; later steps take more off. */
    steps: z.array(z.object({ daysLeft: z.int().min(0).max(365), percentOff: z.int().min(1).max(90) })).max(6),
    /** From so many days left on, what will not be sold here is offered to other cabinets. */
    transferDaysLeft: z.int().min(0).max(365),
    /** From so many days left on, what will be sold nowhere is offered as a donation. */
    donationDaysLeft: z.int().min(0).max(365),
  })
  .meta({ id: 'LadderRule' })
/** A price of a cabinet that is down for the lot sold next there. */
export const MarkDown = z
  .object({
    markDownId: Id,
    cabinetId: Id,
    cabinetCode: CabinetCode,
    skuId: Id,
    skuName: z.string(),
    lotId: Id,
    percentOff: z.int().min(1).max(90),
    listPriceFen: NonNegativeFen,
    priceFen: NonNegativeFen,
    /** True: the step would go below what the households were promised for a unit, so the price stays at that. */
    isAtFloor: z.boolean(),
    startedAtMs: EpochMs,
    endedAtMs: EpochMs.optional(),
  })
  .meta({ id: 'MarkDown' })
/** Goods near their date that should leave a lane: to a cabinet that sells them in time, or as a donation. */
export const LadderProposal = z
  .object({
    proposalId: Id,
    kind: z.enum(['transfer', 'donation']),
    lotId: Id,
    traceCode: z.string(),
    skuName: z.string(),
    cabinetId: Id,
    cabinetCode: CabinetCode,
    laneId: LaneId,
    to: z.object({ cabinetId: Id, cabinetCode: CabinetCode, laneId: LaneId }).optional(),
    units: z.int().min(1),
    daysLeft: z.int().min(0),
    /** Thousandths of units this cabinet, and the other one, should sell until the date. */
    milliHere: z.int().min(0),
    milliThere: z.int().min(0),
    state: z.enum(['open', 'accepted', 'dismissed', 'lapsed']),
    proposedAtMs: EpochMs,
    decidedBy: z.string().optional(),
    decidedAtMs: EpochMs.optional(),
    note: z.string().optional(),
  })
  .meta({ id: 'LadderProposal' })

/** Of all the rules together: equal for equal rules, so that who sets them says which ones they saw. */
const LadderVersion = z.string().regex(/^[0-9a-f]{64}$/, 'a version of the rules')
const LadderRules = z.object({ rules: z.array(LadderRule), version: LadderVersion })
const note = z.string().trim().min(2).max(300)
const ofProposal = z.object({ proposalId: Id })
const readers = ['operator', 'restocker', 'finance', 'auditor', 'admin'] as const

export const getLadderRules = defineRoute({
  method: 'GET',
  path: '/api/ladder-rules',
  tag: 'mark-downs',
  summary: 'The near-expiry ladder of each category that has one',
  access: readers,
  reply: LadderRules,
  status: 200,
})
export const putLadderRules = defineRoute({
  method: 'PUT',
  path: '/api/ladder-rules',
  tag: 'mark-downs',
  summary: 'Set the near-expiry ladder, all categories at once; prices follow within ten minutes, between sessions',
  access: ['operator', 'admin'],
  body: z.object({ rules: z.array(LadderRule).max(20), expectedVersion: LadderVersion, note }),
  reply: LadderRules,
  status: 200,
})
export const listMarkDowns = defineRoute({
  method: 'GET',
  path: '/api/mark-downs',
  tag: 'mark-downs',
  summary: 'Prices that are or were down, newest first',
  access: readers,
  query: TimedPageQuery.extend({ isOpen: z.stringbool().optional(), cabinetId: Id.optional() }),
  reply: pageOf(MarkDown),
  status: 200,
})
export const listLadderProposals = defineRoute({
  method: 'GET',
  path: '/api/ladder-proposals',
  tag: 'mark-downs',
  summary: 'Transfers and donations the ladder proposes, newest first',
  access: readers,
  query: TimedPageQuery.extend({ state: z.enum(['open', 'accepted', 'dismissed', 'lapsed']).optional() }),
  reply: pageOf(LadderProposal),
  status: 200,
})
export const acceptLadderProposal = defineRoute({
  method: 'POST',
  path: '/api/ladder-proposals/:proposalId/acceptance',
  tag: 'mark-downs',
  summary: 'Take a proposal up: the goods are booked to the other lane, or given away and the producers paid',
  access: ['operator', 'admin'],
  params: ofProposal,
  body: z.object({ note, recipient: note.optional() }),
  reply: LadderProposal,
  status: 200,
})
export const dismissLadderProposal = defineRoute({
  method: 'POST',
  path: '/api/ladder-proposals/:proposalId/dismissal',
  tag: 'mark-downs',
  summary: 'Let a proposal go; nothing more is proposed for these goods in this lane',
  access: ['operator', 'admin'],
  params: ofProposal,
  body: z.object({ note }),
  reply: LadderProposal,
  status: 200,
})
