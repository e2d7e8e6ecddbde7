import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { LaneId } from '../mqtt/lane.ts'
import { LaneLockReason } from '../mqtt/twin.ts'
import { CabinetCode } from './shelf.ts'
import { defineRoute } from './route.ts'
import { pageOf, TimedPageQuery } from './paging.ts'

/** One lock of a lane (过期锁定 and others): since when, why, and who ended it. */
export const LaneLock = z
  .object({
    lockId: Id,
    cabinetId: Id,
    cabinetCode: CabinetCode,
    laneId: LaneId,
    reason: LaneLockReason,
    /** The lot, recall, SKU or check it is about. */
    causeId: z.string(),
    /** It holds from this instant on; that of an expiry may lie ahead. */
    fromMs: EpochMs,
    note: z.string().optional(),
    /** The account; none: the server itself. */
    lockedBy: z.string().optional(),
    lockedAtMs: EpochMs,
    releasedBy: z.string().optional(),
    releasedAtMs: EpochMs.optional(),
    releaseNote: z.string().optional(),
  })
  .meta({ id: 'LaneLock' })

const note = z.string().trim().min(2).max(300)

export const listLaneLocks = defineRoute({
  method: 'GET',
  path: '/api/lane-locks',
  tag: 'lane-locks',
  summary: 'Locks of lanes, newest first; `isHolding` leaves those that hold now',
  access: ['operator', 'restocker', 'auditor', 'admin'],
  query: TimedPageQuery.extend({
    cabinetId: Id.optional(),
    reason: LaneLockReason.optional(),
    isHolding: z.stringbool().optional(),
  }),
  reply: pageOf(LaneLock),
  status: 200,
})
export const lockLanesByHand = defineRoute({
  method: 'POST',
  path: '/api/cabinets/:cabinetId/lane-locks',
  tag: 'lane-locks',
  summary: 'Lock lanes until somebody has looked at them; the cabinet is told at once',
  access: ['operator', 'restocker', 'admin'],
  params: z.object({ cabinetId: Id }),
  body: z.object({ laneIds: z.array(LaneId).min(1).max(99), note }),
  reply: z.object({ lockIds: z.array(Id) }),
  status: 201,
})
export const releaseLaneLock = defineRoute({
  method: 'POST',
  path: '/api/lane-locks/:lockId/releases',
  tag: 'lane-locks',
  summary: 'Let a lane go after an inspection; not one that the server locked by rule, nor one under recall',
  access: ['operator', 'admin'],
  params: z.object({ lockId: Id }),
  body: z.object({ note }),
  reply: z.void(),
  status: 204,
})
export const getSchoolList = defineRoute({
  method: 'GET',
  path: '/api/school-list',
  tag: 'lane-locks',
  summary: 'What may be sold at school sites',
  access: ['operator', 'restocker', 'auditor', 'admin'],
  reply: z.object({ skus: z.array(z.object({ skuId: Id, name: z.string() })) }),
  status: 200,
})
export const putSchoolList = defineRoute({
  method: 'PUT',
  path: '/api/school-list',
  tag: 'lane-locks',
  summary: 'Say what may be sold at school sites; lanes with anything else lock there at once',
  access: ['operator', 'admin'],
  body: z.object({ skuIds: z.array(Id).max(2_000), note }),
  reply: z.object({ cabinetsChanged: z.int().min(0) }),
  status: 200,
})
