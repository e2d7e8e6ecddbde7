import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { Fen, NonNegativeFen } from '../../units/fen.ts'
import { MassMg } from '../../units/mass.ts'
import { LaneId } from '../mqtt/lane.ts'
import { CabinetCode } from './shelf.ts'
import { defineRoute } from './route.ts'
import { pageOf, TimedPageQuery } from './paging.ts'
import { Reason } from './reason.ts'

/** A buyer's word against a bill (申诉): one for each session, answered once by a person with what is given back. */
export const Dispute = z
  .object({
    disputeId: Id,
    sessionId: Id,
    cabinetCode: CabinetCode,
    hostSiteName: z.string(),
    totalFen: NonNegativeFen,
    complaint: Reason,
    raisedAtMs: EpochMs,
    answer: Reason.optional(),
    /** Given back with the answer; 0 when the bill stands. */
    refundedFen: NonNegativeFen.optional(),
    answeredAtMs: EpochMs.optional(),
  })
  .meta({ id: 'Dispute' })
export type Dispute = z.infer<typeof Dispute>

/** What a bill rests on, in words a buyer can follow: each lane whose weight changed, before the door opened and after. */
export const SessionWeights = z
  .object({
    sessionId: Id,
    lanes: z.array(
      z.object({
        laneId: LaneId,
        name: z.string(),
        beforeMg: MassMg,
        afterMg: MassMg,
        /** Standard error of the difference. */
        standardErrorMg: z.int().min(0),
        /** What was charged for it; 0 when nothing was. */
        amountFen: Fen,
      }),
    ),
    refunds: z.array(
      z.object({ refundId: Id, saleLineId: Id, amountFen: NonNegativeFen, reason: z.string(), atMs: EpochMs }),
    ),
    dispute: Dispute.optional(),
    /** Until then a dispute may be raised; absent where there is no bill. */
    disputeUntilMs: EpochMs.optional(),
  })
  .meta({ id: 'SessionWeights' })
export type SessionWeights = z.infer<typeof SessionWeights>

const bySession = z.object({ sessionId: Id })

export const getSessionWeights = defineRoute({
  method: 'GET',
  path: '/api/sessions/:sessionId/weights',
  tag: 'disputes',
  summary: 'Weights before and after, refunds and the dispute of one session: the buyer’s own, or any for staff',
  access: 'signed-in',
  params: bySession,
  reply: SessionWeights,
  status: 200,
})
export const raiseDispute = defineRoute({
  method: 'POST',
  path: '/api/sessions/:sessionId/dispute',
  tag: 'disputes',
  summary: 'Dispute the bill of an own session, within 30 days; asked again it is the same dispute',
  access: ['buyer'],
  params: bySession,
  body: z.object({ complaint: Reason }),
  reply: Dispute,
  status: 201,
})
export const listDisputes = defineRoute({
  method: 'GET',
  path: '/api/disputes',
  tag: 'disputes',
  summary: 'Disputes, newest first or the one that waited longest',
  access: ['operator', 'finance', 'auditor', 'admin'],
  query: TimedPageQuery.extend({
    isOpen: z.stringbool().optional(),
  }),
  reply: pageOf(Dispute),
  status: 200,
})
export const answerDispute = defineRoute({
  method: 'POST',
  path: '/api/disputes/:disputeId/answer',
  tag: 'disputes',
  summary: 'Answer a dispute: what of each sale line goes back to the buyer, and why',
  access: ['finance', 'admin'],
  params: z.object({ disputeId: Id }),
  body: z.object({
    answer: Reason,
    refunds: z.array(z.object({ saleLineId: Id, amountFen: NonNegativeFen.min(1) })).max(99),
  }),
  reply: Dispute,
  status: 200,
})
