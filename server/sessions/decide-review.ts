// Manual review (人工复核): a person says what was taken, and may only lower the bill the cabinet thought the least. Also the
// way out of a session whose cabinet fell silent: nothing plausible is known of it, so it can only be let go.
import type { Effect } from '../context.ts'
import { exec } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { and, eq, isNull } from 'drizzle-orm'
import { RefusalError } from '../errors/refusal.ts'
import type { PaymentPort } from '../payments/payment-port.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { endUnsold } from './end-session.ts'
import { priceBill } from './pricing.ts'
import type { Bill, ContractLane, TakenLine } from './pricing.ts'
import { readBooks } from './read-books.ts'
import { nextState } from './rules.ts'
import { settleSession } from './settle-session.ts'
import { findContracted, findReportedBill, findReview } from './store.ts'
import type { Contracted } from './store.ts'

export interface ReviewDecision {
  readonly sessionId: string
  readonly lines: ReadonlyArray<{
    readonly laneId: string
    readonly count?: number | undefined
    readonly massMg?: number | undefined
  }>
  readonly reason: string
  readonly byAccountId: string
}

export function* decideReview(
  ctx: UnitContext,
  payments: PaymentPort,
  decision: ReviewDecision,
): Unit<readonly Effect[]> {
  const session = yield* findContracted(decision.sessionId)
  if (session === undefined) throw new RefusalError('session.unknown')
  if (nextState(session.state, 'review.decided') === undefined) throw new RefusalError('session.not_in_review')
  const taken = decision.lines.map((line, index) => asTaken(line, index, session.lanes))
  const { totalFen: lowestFen, labelFen } = yield* findLowest(ctx, session)
  const bill = priceBill(taken, session.lanes, session.heldFen, yield* readBooks(session))
  if (bill.totalFen > lowestFen || labelFenOf(bill) > labelFen) {
    throw new RefusalError('session.decision_too_high', undefined, { field: 'lines', facts: { lowestFen } })
  }
  const { reviewCases: r } = ctx.tables
  yield* exec(
    ctx.db
      .update(r)
      .set({ decidedAtMs: ctx.now(), decidedBy: decision.byAccountId, decisionReason: decision.reason })
      .where(and(eq(r.sessionId, session.sessionId), isNull(r.decidedAtMs))),
  )
  yield* recordAudit(ctx, {
    accountId: decision.byAccountId,
    action: 'session.review_decided',
    subjectId: session.sessionId,
    why: decision.reason,
    before: { state: session.state, lowestFen },
    after: { totalFen: bill.totalFen },
  })
  if (session.kind === 'restock') {
    return yield* endUnsold(ctx, payments, session, { state: 'settled', reason: decision.reason })
  }
  return yield* settleSession(ctx, payments, session, {
    taken,
    seq: session.outcomeSeq,
    flags: ['reviewed'],
    reason: decision.reason,
  })
}

/** What the goods of a bill cost by their labels, though the hold does not reach. */
const labelFenOf = ({ totalFen, shortfallFen }: Bill) => totalFen + shortfallFen

/**
 * The least bill that is plausible: the cabinet's lowest explanation; for a silent session what its cabinet did report but
 * could not be settled at the time (no revenue plan was in force, say); else nothing. A decision charges at most its total, for
 * goods of at most its labels' sum: more than the total where the hold does not reach. Fen.
 */
export function* findLowest(
  ctx: UnitContext,
  session: Contracted,
): Unit<{ readonly totalFen: number; readonly labelFen: number }> {
  const review = yield* findReview(ctx, session.sessionId)
  const lines = review?.lowestLines ?? (yield* findReportedBill(ctx, session)) ?? []
  const bill = priceBill(lines, session.lanes, session.heldFen, yield* readBooks(session))
  const totalFen = review?.lowestFen ?? bill.totalFen
  return { totalFen, labelFen: Math.max(totalFen, labelFenOf(bill)) }
}

function asTaken(line: ReviewDecision['lines'][number], index: number, lanes: readonly ContractLane[]): TakenLine {
  const lane = lanes.find((candidate) => candidate.laneId === line.laneId)
  if (lane === undefined) {
    throw new RefusalError('session.lane_unknown', undefined, { field: `lines.${index}.laneId` })
  }
  const quantity = lane.mode === 'piece' ? line.count : line.massMg
  if (quantity === undefined) {
    const field = lane.mode === 'piece' ? 'count' : 'massMg'
    throw new RefusalError('request.invalid', `lane ${lane.laneId} is sold by ${lane.mode}`, {
      field: `lines.${index}.${field}`,
    })
  }
  const { laneId, skuId, mode } = lane
  return { laneId, skuId, mode, ...(mode === 'piece' ? { count: line.count } : { massMg: line.massMg }) }
}
