import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { Fen, NonNegativeFen } from '../../units/fen.ts'
import { MassMg } from '../../units/mass.ts'
import { LaneLoad } from '../mqtt/command.ts'
import { WeighingEvidence } from '../mqtt/event.ts'
import { LaneId, PricingMode } from '../mqtt/lane.ts'
import { LiveMessage } from '../mqtt/live.ts'
import { CabinetCode } from './shelf.ts'
import { SessionState, ShoppingSession } from './open-cabinet.ts'
import { defineRoute } from './route.ts'
import { pageOf, PageQuery, TimedPageQuery } from './paging.ts'
import { Reason } from './reason.ts'

/** Where one part of a sale line's amount went. Σ parts = amount. */
export const AttributionPart = z
  .object({
    payeeKind: z.enum(['household', 'supplier', 'organisation', 'fund', 'operator', 'rounding']),
    /** Masked for the public and for buyers: 王**. */
    payeeName: z.string(),
    householdCodeLast4: z.string().optional(),
    villageName: z.string().optional(),
    amountFen: Fen,
    why: z.string(),
  })
  .meta({ id: 'AttributionPart' })
export const ReceiptLine = z
  .object({
    saleLineId: Id,
    laneId: LaneId,
    skuId: Id,
    name: z.string(),
    spec: z.string(),
    origin: z.string(),
    mode: PricingMode,
    count: z.int().optional(),
    massMg: MassMg.optional(),
    unitPriceFen: NonNegativeFen,
    amountFen: NonNegativeFen,
    isCertified: z.boolean(),
    lotTraceCode: z.string().optional(),
    revenuePlanVersion: z.int().optional(),
    parts: z.array(AttributionPart),
  })
  .meta({ id: 'ReceiptLine' })
export const Receipt = z
  .object({
    sessionId: Id,
    receiptNumber: z.string(),
    cabinetCode: CabinetCode,
    hostSiteName: z.string(),
    openedAtMs: EpochMs.optional(),
    settledAtMs: EpochMs,
    lines: z.array(ReceiptLine),
    totalFen: NonNegativeFen,
    heldFen: NonNegativeFen,
    walletAfterFen: Fen.optional(),
    /** One pricing function; its version is on the receipt. */
    pricingVersion: z.string(),
    confidence: z.number().optional(),
    flags: z.array(z.string()),
  })
  .meta({ id: 'Receipt' })
export type Receipt = z.infer<typeof Receipt>

const sessionParams = z.object({ sessionId: Id })

export const getSession = defineRoute({
  method: 'GET',
  path: '/api/sessions/:sessionId',
  tag: 'sessions',
  summary: 'One session: the buyer’s own, or any for staff',
  access: 'signed-in',
  params: sessionParams,
  reply: ShoppingSession,
  status: 200,
})
export const listMySessions = defineRoute({
  method: 'GET',
  path: '/api/me/sessions',
  tag: 'sessions',
  summary: 'My sessions, newest first',
  access: 'signed-in',
  query: PageQuery,
  reply: pageOf(ShoppingSession),
  status: 200,
})
export const listSessions = defineRoute({
  method: 'GET',
  path: '/api/sessions',
  tag: 'sessions',
  summary: 'All sessions, newest first, or oldest first as a queue is worked off',
  access: ['operator', 'finance', 'auditor', 'admin'],
  query: TimedPageQuery.extend({
    state: SessionState.optional(),
    cabinetId: Id.optional(),
  }),
  reply: pageOf(ShoppingSession),
  status: 200,
})
/** What my purchases did: to whom their money went, village by village. */
export const Impact = z
  .object({
    purchases: z.int().min(0),
    spentFen: NonNegativeFen,
    householdsFen: NonNegativeFen,
    households: z.int().min(0),
    villages: z.array(
      z.object({
        villageName: z.string(),
        townName: z.string(),
        households: z.int().min(1),
        amountFen: NonNegativeFen,
      }),
    ),
  })
  .meta({ id: 'Impact' })
export type Impact = z.infer<typeof Impact>
export const getMyImpact = defineRoute({
  method: 'GET',
  path: '/api/me/impact',
  tag: 'sessions',
  summary: 'What my purchases did: which villages their money went to, refunds taken off',
  access: ['buyer'],
  reply: Impact,
  status: 200,
})
export const getReceipt = defineRoute({
  method: 'GET',
  path: '/api/sessions/:sessionId/receipt',
  tag: 'sessions',
  summary: 'The receipt (小票): every line, and where every fen went',
  access: 'signed-in',
  params: sessionParams,
  reply: Receipt,
  status: 200,
})
export const getSessionEvidence = defineRoute({
  method: 'GET',
  path: '/api/sessions/:sessionId/evidence',
  tag: 'sessions',
  summary: 'What the bill rests on: plateaus, steps, hypotheses, versions',
  access: ['operator', 'finance', 'auditor', 'admin'],
  params: sessionParams,
  reply: z.object({
    sessionId: Id,
    evidence: WeighingEvidence.optional(),
    versions: z.record(z.string(), z.unknown()).optional(),
    /** The scales' record of a reviewed session: NDJSON, gzipped, base64; `npm run replay` computes the bill again from it. */
    trace: z.string().optional(),
    reason: z.string().optional(),
    /** What the goods of a decision may cost by their labels; of that the money held is charged. Present while one is waited for. */
    mostFen: NonNegativeFen.optional(),
  }),
  status: 200,
})
/** What a cabinet reported and no rule could use, or used in part: no money moved by it. */
export const SessionFinding = z
  .object({
    cabinetId: Id,
    cabinetCode: CabinetCode.optional(),
    /** Place in the cabinet's journal. */
    seq: z.int(),
    sessionId: Id.optional(),
    /** unknown_session, session_ended, capped_at_hold …: a stable word. */
    finding: z.string(),
    detail: z.string(),
    atMs: EpochMs,
  })
  .meta({ id: 'SessionFinding' })
export const listSessionFindings = defineRoute({
  method: 'GET',
  path: '/api/session-findings',
  tag: 'sessions',
  summary: 'What cabinets reported and no rule could use, newest first: for a person to look at',
  access: ['operator', 'finance', 'auditor', 'admin'],
  query: PageQuery.extend({ sessionId: Id.optional(), cabinetId: Id.optional() }),
  reply: pageOf(SessionFinding),
  status: 200,
})
export const decideReview = defineRoute({
  method: 'POST',
  path: '/api/sessions/:sessionId/review-decision',
  tag: 'sessions',
  summary: 'Decide a session in review (人工复核): charge at most the lowest plausible bill, never more',
  access: ['operator', 'admin'],
  params: sessionParams,
  body: z.object({
    lines: z
      .array(z.object({ laneId: LaneId, count: z.int().min(1).optional(), massMg: MassMg.min(1).optional() }))
      .max(100),
    reason: Reason,
  }),
  /** Null of a restocking, which has no receipt. */
  reply: Receipt.nullable(),
  status: 200,
})
export const refundLine = defineRoute({
  method: 'POST',
  path: '/api/sessions/:sessionId/refunds',
  tag: 'sessions',
  summary: 'Refund pieces of a sale line; reverses the same graph of postings',
  access: ['finance', 'admin'],
  params: sessionParams,
  body: z.object({
    saleLineId: Id,
    amountFen: NonNegativeFen.min(1),
    reason: Reason,
    idempotencyKey: z.string().min(8).max(64),
  }),
  reply: z.object({ refundId: Id, amountFen: NonNegativeFen }),
  status: 201,
})
export const openForRestock = defineRoute({
  method: 'POST',
  path: '/api/restocks',
  tag: 'restock',
  summary: 'Open a cabinet in restock mode with what will be loaded, lane by lane',
  access: ['restocker', 'operator', 'admin'],
  body: z.object({
    cabinetCode: CabinetCode,
    loads: z.array(LaneLoad).min(1).max(99),
    idempotencyKey: z.string().min(8).max(64),
  }),
  reply: ShoppingSession,
  status: 201,
})

/** Server → page on the WebSocket `/api/live`: the signed-in person's own sessions, as they change. */
export const LiveUpdate = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('session'), session: ShoppingSession }),
    z.object({ kind: z.literal('cart'), live: LiveMessage }),
    z.object({ kind: z.literal('receipt'), receipt: Receipt }),
    z.object({ kind: z.literal('hello'), accountId: Id, atMs: EpochMs }),
  ])
  .meta({ id: 'LiveUpdate' })
export type LiveUpdate = z.infer<typeof LiveUpdate>
