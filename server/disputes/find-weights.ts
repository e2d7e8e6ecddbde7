// What a bill rests on as its buyer may see it: the steady weight of each changed lane before and after, with what was charged.
import { and, asc, eq } from 'drizzle-orm'
import type { z } from 'zod'
import type { SessionWeights } from '#shared/contracts/http/disputes.ts'
import { rows, type Unit, type UnitContext } from '../db/unit.ts'
import { findEvidence } from '../sessions/find-evidence.ts'
import { makeReceipt } from '../sessions/receipt.ts'
import { disputeMs } from './raise-dispute.ts'
import { findDispute } from './show-disputes.ts'

type WeightsView = z.input<typeof SessionWeights>

/** A change below this many standard errors is the scale's own noise, and no lane for a buyer to wonder about. */
const noiseErrors = 4

/** The caller has made sure that the account may see the session. */
export function* findWeights(ctx: UnitContext, sessionId: string): Unit<WeightsView> {
  const { saleRefunds: r, sessionContracts: k } = ctx.tables
  const { evidence } = yield* findEvidence(ctx, sessionId)
  const receipt = yield* makeReceipt(ctx, sessionId)
  const [contract] = yield* rows(ctx.db.select({ lanes: k.lanes }).from(k).where(eq(k.sessionId, sessionId)))
  const names = new Map((contract?.lanes ?? []).map((lane) => [lane.laneId, lane.name]))
  const charged = new Map<string, number>()
  for (const line of receipt?.lines ?? []) charged.set(line.laneId, (charged.get(line.laneId) ?? 0) + line.amountFen)
  const closing = new Map((evidence?.closing ?? []).map((plateau) => [plateau.laneId, plateau]))
  const lanes = (evidence?.opening ?? []).flatMap((before) => {
    const { laneId, levelMg: beforeMg } = before
    const after = closing.get(laneId)
    if (after === undefined) return []
    const standardErrorMg = Math.round(Math.hypot(before.standardErrorMg, after.standardErrorMg))
    const amountFen = charged.get(laneId) ?? 0
    const isQuiet = Math.abs(after.levelMg - beforeMg) <= noiseErrors * Math.max(standardErrorMg, 1_000)
    if (isQuiet && amountFen === 0) return []
    return [{ laneId, name: names.get(laneId) ?? '', beforeMg, afterMg: after.levelMg, standardErrorMg, amountFen }]
  })
  const refunds = yield* rows(
    ctx.db
      .select({
        refundId: r.refundId,
        saleLineId: r.saleLineId,
        amountFen: r.amountFen,
        reason: r.reason,
        atMs: r.atMs,
      })
      .from(r)
      .where(and(eq(r.sessionId, sessionId)))
      .orderBy(asc(r.refundId)),
  )
  const dispute = yield* findDispute(ctx, sessionId)
  return {
    sessionId,
    lanes,
    refunds,
    ...(dispute === undefined ? {} : { dispute }),
    ...(receipt === undefined ? {} : { disputeUntilMs: receipt.settledAtMs + disputeMs }),
  }
}
