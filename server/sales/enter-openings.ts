// Enters the sales of the time before the books began, one document at a time, and puts them in force.
import { and, asc, eq, isNull } from 'drizzle-orm'
import type { z } from 'zod'
import type { enterSalesOpenings } from '#shared/contracts/http/sales.ts'
import { districtDateOf } from '#shared/time/district-time.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { exec, insertRows, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'

export type OpeningRow = UnitContext['tables']['salesOpenings']['$inferSelect']
type OpeningDocument = z.output<(typeof enterSalesOpenings)['body']>

/** The rows of a document, in its order; empty when it is not known. */
export function* openingsOf(ctx: UnitContext, documentNumber: string): Unit<OpeningRow[]> {
  const { salesOpenings: t } = ctx.tables
  return yield* rows(ctx.db.select().from(t).where(eq(t.documentNumber, documentNumber)).orderBy(asc(t.ordinal)))
}

/** Refuses with sales.document_known and sales.day_wrong; nothing counts before another person approves. */
export function* enterOpenings(ctx: UnitContext, input: OpeningDocument, byAccountId: string): Unit<OpeningRow[]> {
  const { documentNumber, throughDay, note } = input
  const { salesOpenings: t } = ctx.tables
  if (throughDay > districtDateOf(ctx.now()))
    throw new RefusalError('sales.day_wrong', undefined, { field: 'throughDay' })
  const known = yield* one(
    ctx.db.select({ id: t.openingId }).from(t).where(eq(t.documentNumber, documentNumber)).limit(1),
  )
  if (known !== undefined) throw new RefusalError('sales.document_known', undefined, { field: 'documentNumber' })
  const preparedAtMs = ctx.now()
  const entered = input.rows.map(({ category = null, channel = null, amountFen }, index): OpeningRow => ({
    openingId: ctx.newId(),
    documentNumber,
    ordinal: index + 1,
    category,
    channel,
    amountFen,
    throughDay,
    note,
    preparedBy: byAccountId,
    preparedAtMs,
    approvedBy: null,
    approvedAtMs: null,
  }))
  yield* insertRows(t, entered)
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'sales.opening_entered',
    subjectId: documentNumber,
    why: note,
    after: input,
  })
  return entered
}

/** Puts a document in force. Refuses with sales.document_unknown, sales.document_approved and sales.same_person. */
export function* approveOpenings(ctx: UnitContext, documentNumber: string, byAccountId: string): Unit<OpeningRow[]> {
  const { salesOpenings: t } = ctx.tables
  const [first] = yield* openingsOf(ctx, documentNumber)
  if (first === undefined) throw new RefusalError('sales.document_unknown')
  if (first.approvedBy !== null) throw new RefusalError('sales.document_approved')
  if (first.preparedBy === byAccountId) throw new RefusalError('sales.same_person')
  const approval = { approvedBy: byAccountId, approvedAtMs: ctx.now() }
  yield* exec(
    ctx.db
      .update(t)
      .set(approval)
      .where(and(eq(t.documentNumber, documentNumber), isNull(t.approvedBy))),
  )
  yield* recordAudit(ctx, { accountId: byAccountId, action: 'sales.opening_approved', subjectId: documentNumber })
  return yield* openingsOf(ctx, documentNumber)
}
