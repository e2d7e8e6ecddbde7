import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { NonNegativeFen } from '../../units/fen.ts'
import { HouseholdCode } from './households.ts'
import { defineRoute } from './route.ts'
import { pageOf, PageQuery, TimedPageQuery } from './paging.ts'
import { Reason } from './reason.ts'

const readers = ['farmer', 'helper', 'desk', 'operator', 'finance', 'auditor', 'admin'] as const
const callers = ['operator', 'admin'] as const
const Units = z.int().min(1).max(100_000)

/** On which terms households are called to harvest a SKU. */
export const HarvestTerms = z
  .object({
    skuId: Id,
    skuName: z.string(),
    supplierId: Id,
    supplierName: z.string(),
    version: z.int().min(1),
    /** Least a household gets for a unit; below it nobody is called. */
    floorFen: NonNegativeFen.min(1),
    /** Units of one household in `capDays` days at most. */
    capUnits: Units,
    capDays: z.int().min(1).max(366),
    /** Least and most units of one call. */
    minUnitsPerCall: Units,
    maxUnitsPerCall: Units,
    /** Time to answer, and days from the call to the delivery. */
    answerHours: z.int().min(1).max(72),
    deliveryDays: z.int().min(1).max(14),
    setAtMs: EpochMs,
  })
  .meta({ id: 'HarvestTerms' })
export type HarvestTerms = z.infer<typeof HarvestTerms>

/** A household in the rotation of a SKU; who was called longest ago is next. */
export const HarvestMember = z
  .object({
    householdCode: HouseholdCode,
    headName: z.string(),
    villageName: z.string(),
    joinedAtMs: EpochMs,
    /** 1: next. Empty while the household may not be called. */
    position: z.int().min(1).optional(),
    lastCalledAtMs: EpochMs.optional(),
    calls: z.int().min(0),
    deliveredUnits: z.int().min(0),
    /** Units it may still be called for in the running days. */
    capLeftUnits: z.int().min(0),
    hasOpenCall: z.boolean(),
  })
  .meta({ id: 'HarvestMember' })
export type HarvestMember = z.infer<typeof HarvestMember>

export const HarvestNeed = z
  .object({
    needId: Id,
    skuId: Id,
    skuName: z.string(),
    units: Units,
    /** Asked for and not answered yet, promised, and at the depot. */
    calledUnits: z.int().min(0),
    acceptedUnits: z.int().min(0),
    deliveredUnits: z.int().min(0),
    deliverByMs: EpochMs,
    state: z.enum(['open', 'met', 'closed']),
    /** Why nobody is called for the rest. */
    stuck: z.enum(['under_floor', 'nobody_left', 'no_terms']).optional(),
    origin: z.enum(['restock_plan', 'by_hand']),
    raisedAtMs: EpochMs,
  })
  .meta({ id: 'HarvestNeed' })
export type HarvestNeed = z.infer<typeof HarvestNeed>

export const HarvestCallState = z
  .enum(['called', 'accepted', 'declined', 'lapsed', 'delivered', 'failed', 'withdrawn'])
  .meta({ id: 'HarvestCallState' })
export type HarvestCallState = z.infer<typeof HarvestCallState>
export const HarvestCall = z
  .object({
    callId: Id,
    needId: Id,
    skuId: Id,
    skuName: z.string(),
    spec: z.string(),
    householdCode: HouseholdCode,
    headName: z.string(),
    villageName: z.string(),
    state: HarvestCallState,
    /** Asked for; what was promised may be less, what came too. */
    units: Units,
    acceptedUnits: z.int().min(0),
    deliveredUnits: z.int().min(0),
    /** What the household gets for a unit when it sells at its label's price; never below `floorFen`. */
    priceFen: NonNegativeFen,
    floorFen: NonNegativeFen,
    calledAtMs: EpochMs,
    answerByMs: EpochMs,
    deliverByMs: EpochMs,
    answeredAtMs: EpochMs.optional(),
    reason: z.string().optional(),
    /** The lot it became. */
    lotId: Id.optional(),
  })
  .meta({ id: 'HarvestCall' })
export type HarvestCall = z.infer<typeof HarvestCall>

const callParams = z.object({ callId: Id })
const skuParams = z.object({ skuId: Id })

export const listHarvestTerms = defineRoute({
  method: 'GET',
  path: '/api/harvest-terms',
  tag: 'harvest',
  summary: 'On which terms households are called, SKU by SKU',
  access: ['operator', 'desk', 'finance', 'auditor', 'admin'],
  query: PageQuery,
  reply: pageOf(HarvestTerms),
  status: 200,
})
export const putHarvestTerms = defineRoute({
  method: 'PUT',
  path: '/api/harvest-terms/:skuId',
  tag: 'harvest',
  summary: 'Set the terms of a SKU’s harvest calls: floor price, cap, time to answer; calls made already keep theirs',
  access: callers,
  params: skuParams,
  body: HarvestTerms.omit({ skuId: true, skuName: true, supplierName: true, version: true, setAtMs: true }).extend({
    /** 0: there are none yet. */
    expectedVersion: z.int().min(0),
  }),
  reply: HarvestTerms,
  status: 200,
})
export const listHarvestMembers = defineRoute({
  method: 'GET',
  path: '/api/harvest-terms/:skuId/members',
  tag: 'harvest',
  summary: 'The rotation of a SKU by household code, in scope, with who is next',
  access: ['helper', 'desk', 'operator', 'finance', 'auditor', 'admin'],
  params: skuParams,
  query: PageQuery,
  reply: pageOf(HarvestMember),
  status: 200,
})
export const admitHarvestMembers = defineRoute({
  method: 'POST',
  path: '/api/harvest-terms/:skuId/members',
  tag: 'harvest',
  summary: 'Take households into the rotation of a SKU; who is in it already stays where it is',
  access: callers,
  params: skuParams,
  body: z.object({ householdCodes: z.array(HouseholdCode).min(1).max(2_000) }),
  reply: z.object({ admitted: z.int().min(0) }),
  status: 200,
})
export const dismissHarvestMember = defineRoute({
  method: 'POST',
  path: '/api/harvest-terms/:skuId/members/:householdCode/leave',
  tag: 'harvest',
  summary: 'Take a household out of the rotation; its open calls go on',
  access: callers,
  params: skuParams.extend({ householdCode: HouseholdCode }),
  body: z.object({ reason: Reason }),
  reply: z.void(),
  status: 204,
})
export const listHarvestNeeds = defineRoute({
  method: 'GET',
  path: '/api/harvest-needs',
  tag: 'harvest',
  summary: 'What is to be harvested, newest first, and how far the calls for it have come',
  access: ['operator', 'desk', 'finance', 'auditor', 'admin'],
  query: TimedPageQuery.extend({ skuId: Id.optional(), isOpen: z.stringbool().optional() }),
  reply: pageOf(HarvestNeed),
  status: 200,
})
export const raiseHarvestNeed = defineRoute({
  method: 'POST',
  path: '/api/harvest-needs',
  tag: 'harvest',
  summary:
    'Call households to harvest so many units, in rotation; the restock plan does the same for what the depot lacks',
  access: callers,
  body: z.object({ skuId: Id, units: Units }),
  reply: HarvestNeed,
  status: 201,
})
export const listHarvestCalls = defineRoute({
  method: 'GET',
  path: '/api/harvest-calls',
  tag: 'harvest',
  summary: 'Harvest calls in scope, newest first; a farmer sees those of the own household',
  access: readers,
  query: TimedPageQuery.extend({
    state: HarvestCallState.optional(),
    needId: Id.optional(),
    householdCode: HouseholdCode.optional(),
  }),
  reply: pageOf(HarvestCall),
  status: 200,
})
export const answerHarvestCall = defineRoute({
  method: 'POST',
  path: '/api/harvest-calls/:callId/answer',
  tag: 'harvest',
  summary:
    'Accept a call, wholly or for fewer units, or decline it, before its deadline; the helper may answer for the household',
  access: ['farmer', 'helper', 'desk', 'operator', 'admin'],
  params: callParams,
  body: z.discriminatedUnion('answer', [
    z.object({ answer: z.literal('accept'), units: Units.optional() }),
    z.object({ answer: z.literal('decline'), reason: z.string().trim().max(300).optional() }),
  ]),
  reply: HarvestCall,
  status: 200,
})
export const deliverHarvestCall = defineRoute({
  method: 'POST',
  path: '/api/harvest-calls/:callId/delivery',
  tag: 'harvest',
  summary: 'Receive what an accepted call brought: it becomes a lot at the depot with the household as its source',
  access: ['operator', 'restocker', 'admin'],
  params: callParams,
  body: z.object({
    units: Units,
    harvestedAtMs: EpochMs,
    certificateNumber: z.string().trim().min(1).max(60),
  }),
  reply: HarvestCall,
  status: 200,
})
export const withdrawHarvestCall = defineRoute({
  method: 'POST',
  path: '/api/harvest-calls/:callId/withdrawal',
  tag: 'harvest',
  summary:
    'Take a call back that was not answered yet, or give up an accepted one that did not come; the next is called',
  access: callers,
  params: callParams,
  body: z.object({ reason: Reason }),
  reply: HarvestCall,
  status: 200,
})
