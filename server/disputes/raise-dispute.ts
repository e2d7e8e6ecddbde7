// Raises a dispute against the bill of an own session, once and in time.
import { eq } from 'drizzle-orm'
import { recordAudit } from '../audit/record-audit.ts'
import { insertRows, one, type Unit, type UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'

/** How long after the receipt a bill may be disputed, ms. The weights behind it are kept much longer. */
export const disputeMs = 30 * 86_400_000

export interface Complaint {
  readonly sessionId: string
  readonly accountId: string
  readonly complaint: string
}

/** A second complaint about the same bill finds the first: its words stand. */
export function* raiseDispute(ctx: UnitContext, { sessionId, accountId, complaint }: Complaint): Unit<void> {
  const { disputes: d, shoppingSessions: s } = ctx.tables
  const session = yield* one(ctx.db.select().from(s).where(eq(s.sessionId, sessionId)))
  if (session === undefined || session.accountId !== accountId) throw new RefusalError('session.unknown')
  if (session.state !== 'settled' || session.endedAtMs === null) throw new RefusalError('session.no_receipt')
  const known = yield* one(ctx.db.select().from(d).where(eq(d.sessionId, sessionId)))
  if (known !== undefined) {
    yield* recordAudit(ctx, { accountId, action: 'dispute.asked_again', subjectId: known.disputeId })
    return
  }
  if (ctx.now() > session.endedAtMs + disputeMs) throw new RefusalError('dispute.too_late')
  const disputeId = ctx.newId()
  yield* insertRows(d, [
    {
      disputeId,
      sessionId,
      accountId,
      complaint,
      raisedAtMs: ctx.now(),
      answer: null,
      refundedFen: null,
      answeredBy: null,
      answeredAtMs: null,
    },
  ])
  yield* recordAudit(ctx, { accountId, action: 'dispute.raised', subjectId: disputeId, after: { sessionId } })
}
