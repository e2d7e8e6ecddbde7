import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { LaneId } from '../mqtt/lane.ts'
import { CabinetCode } from './shelf.ts'
import { Place } from './cabinets.ts'
import { defineRoute, Download } from './route.ts'
import { pageOf, TimedPageQuery } from './paging.ts'
import { ShoppingSession } from './open-cabinet.ts'
import { Reason } from './reason.ts'

const staff = ['operator', 'restocker', 'auditor', 'admin'] as const
const planners = ['operator', 'admin'] as const
const Count = z.int().min(0).max(1_000)

/** Where a restock task (补货单) stands. `closed` is the restocker's word; `isWeighed` says whether the scales have spoken too. */
export const RestockTaskState = z
  .enum(['planned', 'checked_in', 'opened', 'closed', 'given_up', 'cancelled'])
  .meta({ id: 'RestockTaskState' })
export type RestockTaskState = z.infer<typeof RestockTaskState>

/** Why goods leave a lane. */
export const TakeOffReason = z.enum(['expired', 'recalled', 'damaged', 'other']).meta({ id: 'TakeOffReason' })
export type TakeOffReason = z.infer<typeof TakeOffReason>
/** Why a lane does not hold what it should by books and plan. */
export const DifferenceReason = z
  .enum(['short_picked', 'did_not_fit', 'damaged', 'missing', 'found', 'miscounted', 'scale_wrong', 'other'])
  .meta({ id: 'DifferenceReason' })
export type DifferenceReason = z.infer<typeof DifferenceReason>

const LotUnits = z.object({
  lotId: Id,
  traceCode: z.string(),
  skuName: z.string(),
  expiresAtMs: EpochMs,
  count: z.int().min(1),
})
const Stated = z.object({
  takenOff: z.array(z.object({ lotId: Id, count: Count.min(1), reason: TakeOffReason })).max(20),
  putIn: z.array(z.object({ lotId: Id, count: Count.min(1) })).max(20),
  /** Pieces that lie in the lane afterwards, counted by hand. */
  countAfter: Count,
  /** Wanted when the lane holds something else afterwards than books and plan say. */
  difference: z.object({ reason: DifferenceReason, note: z.string().trim().max(300).optional() }).optional(),
  photoIds: z.array(Id).max(4).default([]),
})

/** One lane of a task: first what comes out, then what goes in. */
export const RestockTaskLane = z
  .object({
    laneId: LaneId,
    skuId: Id,
    skuName: z.string(),
    spec: z.string(),
    capacity: z.int().min(1),
    /** Pieces in the lane by the books when the task was made. */
    bookedBefore: z.int(),
    takeOff: z.array(LotUnits.extend({ reason: TakeOffReason })),
    putIn: z.array(LotUnits),
    expectedAfter: z.int(),
    stated: Stated.extend({ atMs: EpochMs, byName: z.string() }).optional(),
    /** What the cabinet's scales made of it. */
    weighed: z
      .object({
        countAfter: z.int(),
        /** The mass does not fit the count. */
        isDoubtful: z.boolean(),
        /** Pieces more (+) or fewer (−) than stated that the change of the mass speaks for; thousandths. */
        milliPiecesOff: z.int(),
        atMs: EpochMs,
      })
      .optional(),
    /** `open` nothing stated yet · `confirmed` stated, weighed and as planned · `explained` · `unexplained`. */
    verdict: z.enum(['open', 'stated', 'confirmed', 'explained', 'unexplained']),
    explanation: z.object({ reason: DifferenceReason, note: z.string(), byName: z.string(), atMs: EpochMs }).optional(),
  })
  .meta({ id: 'RestockTaskLane' })
export type RestockTaskLane = z.infer<typeof RestockTaskLane>

export const RestockTaskSummary = z
  .object({
    taskId: Id,
    /** `YYYY-MM-DD`, China Standard Time. */
    day: z.string(),
    state: RestockTaskState,
    isWeighed: z.boolean(),
    cabinetId: Id,
    cabinetCode: CabinetCode,
    hostSiteName: z.string(),
    address: z.string(),
    place: Place.optional(),
    restockerId: Id,
    restockerName: z.string(),
    routeId: Id.optional(),
    lanes: z.int().min(0),
    putInUnits: z.int().min(0),
    takeOffUnits: z.int().min(0),
    unexplained: z.int().min(0),
  })
  .meta({ id: 'RestockTaskSummary' })
export type RestockTaskSummary = z.infer<typeof RestockTaskSummary>

export const RestockTask = RestockTaskSummary.extend({
  lanes: z.array(RestockTaskLane),
  /** Newest opening of the door; follow it with `GET /api/sessions/:sessionId` or on the WebSocket. */
  sessionId: Id.optional(),
  checkedInAtMs: EpochMs.optional(),
  closedAtMs: EpochMs.optional(),
  giveUpReason: z.string().optional(),
}).meta({ id: 'RestockTask' })
export type RestockTask = z.infer<typeof RestockTask>

const Stop = z.object({
  ordinal: z.int().min(1),
  taskId: Id,
  cabinetCode: CabinetCode,
  hostSiteName: z.string(),
  address: z.string(),
  /** Empty: nobody has entered where the site is; such stops come without a distance. */
  place: Place.optional(),
  /** From the stop before, the first from the depot; as the crow flies. */
  metres: z.int().min(0).optional(),
  putInUnits: z.int().min(0),
  takeOffUnits: z.int().min(0),
  state: RestockTaskState,
})
/** One trip of a restocker's day. */
export const RestockRoute = z
  .object({
    routeId: Id,
    day: z.string(),
    /** First, second … trip of this restocker on this day. */
    trip: z.int().min(1),
    restockerId: Id,
    restockerName: z.string(),
    stops: z.array(Stop),
    units: z.int().min(0),
    /** Depot → stops → depot. */
    metres: z.int().min(0),
    /** No order of these stops is shorter. */
    boundMetres: z.int().min(0),
    /** What to take from the depot, lot by lot. */
    picks: z.array(LotUnits),
  })
  .meta({ id: 'RestockRoute' })
export type RestockRoute = z.infer<typeof RestockRoute>

/** A day's restocking as it was last planned. */
export const RestockDay = z
  .object({
    day: z.string(),
    /** Counts the plannings of the day. */
    revision: z.int().min(1),
    plannedAtMs: EpochMs,
    plannedByName: z.string(),
    forecastMadeAtMs: EpochMs.optional(),
    tasks: z.int().min(0),
    routes: z.int().min(0),
    metres: z.int().min(0),
    /** No set of routes over these stops is shorter. */
    boundMetres: z.int().min(0),
    /** Units that the depot could not give. */
    shortUnits: z.int().min(0),
    /** Cabinets whose site has no place yet. */
    unplacedCabinetCodes: z.array(CabinetCode),
  })
  .meta({ id: 'RestockDay' })
export type RestockDay = z.infer<typeof RestockDay>

export const RestockSettings = z
  .object({
    depot: Place,
    /** Units a van takes, and stops of one trip. */
    capacityUnits: z.int().min(1).max(100_000),
    maximumStops: z.int().min(1).max(100),
  })
  .meta({ id: 'RestockSettings' })
export type RestockSettings = z.infer<typeof RestockSettings>

const step = { stepId: Id, atMs: EpochMs }
/** What a restocker did, made on the phone with its own id and time: done offline, it is sent later, in any number of parts. */
export const RestockStep = z
  .discriminatedUnion('kind', [
    z.object({ ...step, kind: z.literal('checked-in'), cabinetCode: CabinetCode, place: Place.optional() }),
    Stated.extend({ ...step, kind: z.literal('lane-done'), laneId: LaneId }),
    z.object({ ...step, kind: z.literal('closed'), note: z.string().trim().max(300).optional() }),
    z.object({ ...step, kind: z.literal('given-up'), reason: Reason }),
  ])
  .meta({ id: 'RestockStep' })
export type RestockStep = z.infer<typeof RestockStep>

/** Why a step was kept and not applied, or how it was fitted in. */
export const RestockConflictCode = z
  .enum([
    'step_id_reused',
    'wrong_cabinet',
    'not_checked_in',
    'not_opened',
    'not_assigned',
    'task_ended',
    'task_replanned',
    'lane_unknown',
    'lot_unknown',
    'difference_unexplained',
    'lanes_missing',
    'stated_later',
    'replaces_earlier',
  ])
  .meta({ id: 'RestockConflictCode' })
export type RestockConflictCode = z.infer<typeof RestockConflictCode>
export const StepOutcome = z
  .object({
    stepId: Id,
    /** `repeated`: known already, nothing changed · `kept`: not applied, listed among the conflicts. */
    outcome: z.enum(['applied', 'repeated', 'kept']),
    conflict: RestockConflictCode.optional(),
    detail: z.string().optional(),
  })
  .meta({ id: 'StepOutcome' })
export type StepOutcome = z.infer<typeof StepOutcome>

export const RestockConflict = z
  .object({
    stepId: Id,
    taskId: Id,
    day: z.string(),
    cabinetCode: CabinetCode,
    kind: z.string(),
    laneId: LaneId.optional(),
    byName: z.string(),
    conflict: RestockConflictCode,
    detail: z.string(),
    isApplied: z.boolean(),
    atMs: EpochMs,
    receivedAtMs: EpochMs,
  })
  .meta({ id: 'RestockConflict' })
export type RestockConflict = z.infer<typeof RestockConflict>

const taskParams = z.object({ taskId: Id })
const Day = z.iso.date()

export const planRestockDay = defineRoute({
  method: 'POST',
  path: '/api/restock-days/:day/plan',
  tag: 'restock',
  summary: 'Plan a day’s restocking, or plan it anew: tasks that nobody has begun are replaced, begun ones stay',
  access: planners,
  params: z.object({ day: Day }),
  body: z.object({
    /** Empty: every open account that restocks. */
    restockerIds: z.array(Id).max(200).optional(),
    coverDays: z.int().min(1).max(7).default(3),
    servicePercent: z.int().min(50).max(99).default(95),
  }),
  reply: RestockDay,
  status: 200,
})
export const getRestockDay = defineRoute({
  method: 'GET',
  path: '/api/restock-days/:day',
  tag: 'restock',
  summary: 'How a day’s restocking was planned, with the length of its routes and the bound',
  access: staff,
  params: z.object({ day: Day }),
  reply: RestockDay,
  status: 200,
})
export const listRestockRoutes = defineRoute({
  method: 'GET',
  path: '/api/restock-days/:day/routes',
  tag: 'restock',
  summary: 'The day’s routes: order of stops, distances, pick list. A restocker sees the own ones',
  access: staff,
  params: z.object({ day: Day }),
  reply: z.object({ rows: z.array(RestockRoute) }),
  status: 200,
})
export const listRestockTasks = defineRoute({
  method: 'GET',
  path: '/api/restock-tasks',
  tag: 'restock',
  summary: 'Restock tasks (补货单) by day, newest first. A restocker sees the own ones',
  access: staff,
  query: TimedPageQuery.extend({
    day: Day.optional(),
    state: RestockTaskState.optional(),
    cabinetId: Id.optional(),
    isUnexplained: z.stringbool().optional(),
  }),
  reply: pageOf(RestockTaskSummary),
  status: 200,
})
export const orderRestockTask = defineRoute({
  method: 'POST',
  path: '/api/restock-tasks',
  tag: 'restock',
  summary: 'Order a restock of one cabinet by hand; what is expired or recalled there comes out in any case',
  access: planners,
  body: z.object({
    cabinetCode: CabinetCode,
    restockerId: Id,
    day: Day,
    putIn: z.array(z.object({ laneId: LaneId, lotId: Id, count: Count.min(1) })).max(99),
  }),
  reply: RestockTask,
  status: 201,
})
export const getRestockTask = defineRoute({
  method: 'GET',
  path: '/api/restock-tasks/:taskId',
  tag: 'restock',
  summary: 'One task, lane by lane: what comes out, what goes in, what was stated and weighed',
  access: staff,
  params: taskParams,
  reply: RestockTask,
  status: 200,
})
export const addRestockSteps = defineRoute({
  method: 'POST',
  path: '/api/restock-tasks/:taskId/steps',
  tag: 'restock',
  summary:
    'Say what was done: check in, lanes, close. Each step has the id and time the phone gave it; sending it again changes nothing',
  access: ['restocker', 'operator', 'admin'],
  params: taskParams,
  body: z.object({
    /** The phone's clock when it sends; minutes off are refused, since the steps' times would be wrong too. */
    sentAtMs: EpochMs,
    steps: z.array(RestockStep).min(1).max(200),
  }),
  reply: z.object({ task: RestockTask, outcomes: z.array(StepOutcome) }),
  status: 200,
})
export const openRestockTask = defineRoute({
  method: 'POST',
  path: '/api/restock-tasks/:taskId/openings',
  tag: 'restock',
  summary:
    'Open the cabinet in restock mode for this task; only with the network, by its restocker, after the check-in',
  access: ['restocker', 'operator', 'admin'],
  params: taskParams,
  body: z.object({
    /** Made by the page once per intent. */
    idempotencyKey: z.string().min(8).max(64),
  }),
  reply: ShoppingSession,
  status: 201,
})
export const restockPhotoMaxBytes = 2 * 1024 * 1024
export const addRestockPhoto = defineRoute({
  method: 'POST',
  path: '/api/restock-tasks/:taskId/photos/:photoId',
  tag: 'restock',
  summary:
    'Keep a photo of a lane (JPEG, PNG or WebP, at most 2 MB) under the id the phone gave it; sent as application/octet-stream',
  access: ['restocker', 'operator', 'admin'],
  params: taskParams.extend({ photoId: Id }),
  query: z.object({ laneId: LaneId }),
  upload: { maxBytes: restockPhotoMaxBytes, holds: 'JPEG, PNG or WebP, told by its content' },
  reply: z.object({ photoId: Id, bytes: z.int().min(1) }),
  status: 201,
})
export const getRestockPhoto = defineRoute({
  method: 'GET',
  path: '/api/restock-tasks/:taskId/photos/:photoId',
  tag: 'restock',
  summary: 'A photo of a lane',
  access: staff,
  params: taskParams.extend({ photoId: Id }),
  reply: Download,
  download: ['image/jpeg', 'image/png', 'image/webp'],
  status: 200,
})
export const explainRestockLane = defineRoute({
  method: 'POST',
  path: '/api/restock-tasks/:taskId/lanes/:laneId/explanation',
  tag: 'restock',
  summary: 'Say why a lane holds something else than stated or planned',
  access: ['restocker', 'operator', 'admin'],
  params: taskParams.extend({ laneId: LaneId }),
  body: z.object({ reason: DifferenceReason, note: Reason }),
  reply: RestockTask,
  status: 200,
})
export const listRestockConflicts = defineRoute({
  method: 'GET',
  path: '/api/restock-conflicts',
  tag: 'restock',
  summary: 'Steps that came from phones and were not applied, or replaced others; newest first',
  access: ['operator', 'auditor', 'admin'],
  query: TimedPageQuery.extend({ taskId: Id.optional() }),
  reply: pageOf(RestockConflict),
  status: 200,
})
export const getRestockSettings = defineRoute({
  method: 'GET',
  path: '/api/restock-settings',
  tag: 'restock',
  summary: 'Where the depot is and what a van takes',
  access: staff,
  reply: RestockSettings,
  status: 200,
})
export const putRestockSettings = defineRoute({
  method: 'PUT',
  path: '/api/restock-settings',
  tag: 'restock',
  summary: 'Say where the depot is and what a van takes; counts from the next planning on',
  access: planners,
  body: RestockSettings,
  reply: RestockSettings,
  status: 200,
})
