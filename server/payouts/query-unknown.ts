// Lines the bank does not know what became of (SUBMIT_UNKNOWN) are asked about and never sent again: the asking is recorded here, the
// answer comes as a return file. Nothing else can move them on.
import { and, eq } from 'drizzle-orm'
import { exec } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { requireBatch } from './store.ts'
import type { BatchRow } from './store.ts'

/** Marks the batch's unknown lines as asked about now. */
export function* queryUnknown(ctx: UnitContext, batchId: string, accountId: string): Unit<BatchRow> {
  const { payoutAttempts: a } = ctx.tables
  const batch = yield* requireBatch(ctx, batchId)
  const asked = yield* exec(
    ctx.db
      .update(a)
      .set({ queriedAtMs: ctx.now() })
      .where(and(eq(a.batchId, batchId), eq(a.outcome, 'unknown'))),
  )
  yield* recordAudit(ctx, { accountId, action: 'payout.bank_asked', subjectId: batchId, detail: { lines: asked } })
  return batch
}
