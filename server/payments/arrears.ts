// Arrears (欠款): what a buyer took on a pass and its hold did not reach. The platform has borne it by then; paying it gives the
// money back to the account that did.
import { and, asc, eq, isNull, sql } from 'drizzle-orm'
import { recordAudit } from '../audit/record-audit.ts'
import { exec, one, rows, type Unit, type UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { accountIdOf, namedAccounts } from '../ledger/account-kinds.ts'
import { postTransfers } from '../ledger/post-transfers.ts'

export type ArrearsRow = UnitContext['tables']['paymentArrears']['$inferSelect']

/** Of one buyer, or everybody's: what is not paid, the oldest first. */
export function* listArrears(
  { db, tables: { paymentArrears: t } }: UnitContext,
  payerAccountId?: string,
): Unit<ArrearsRow[]> {
  const whose = payerAccountId === undefined ? undefined : eq(t.payerAccountId, payerAccountId)
  return yield* rows(
    db
      .select()
      .from(t)
      .where(and(isNull(t.paidAtMs), whose))
      .orderBy(asc(t.intentId))
      .limit(1_000),
  )
}

export function* owesArrears(ctx: UnitContext, payerAccountId: string): Unit<boolean> {
  return (yield* listArrears(ctx, payerAccountId)).length > 0
}

/** Pays one debt from the wallet, whole. Refuses with ledger.balance_insufficient; with payment.arrears_unknown what is paid already. */
export function* payArrears(
  ctx: UnitContext,
  input: { readonly intentId: string; readonly payerAccountId: string },
): Unit<void> {
  const { paymentArrears: t, paymentIntents: i } = ctx.tables
  const { intentId, payerAccountId } = input
  const owed = yield* one(ctx.db.select().from(t).where(eq(t.intentId, intentId)))
  const isOwed = owed !== undefined && owed.payerAccountId === payerAccountId && owed.paidAtMs === null
  if (!isOwed) throw new RefusalError('payment.arrears_unknown')
  yield* postTransfers(ctx, [
    {
      debit: accountIdOf('wallet', payerAccountId),
      credit: namedAccounts.offlineRisk,
      amountFen: owed.owedFen,
      cause: { kind: 'arrears', id: intentId },
      leg: 'paid',
    },
  ])
  yield* exec(ctx.db.update(t).set({ paidAtMs: ctx.now() }).where(eq(t.intentId, intentId)))
  // Captured after all, so that a refund of it goes to the payer; a hold that was drawn on held no more than was taken of it.
  const capturedFen = sql`${i.capturedFen} + ${owed.owedFen}`
  const heldFen = sql`case when ${i.heldFen} < ${capturedFen} then ${capturedFen} else ${i.heldFen} end`
  yield* exec(ctx.db.update(i).set({ capturedFen, heldFen }).where(eq(i.intentId, intentId)))
  const after = { paidFen: owed.owedFen }
  yield* recordAudit(ctx, { accountId: payerAccountId, action: 'arrears.paid', subjectId: intentId, after })
}
