// Tells when a batch has nothing more to hear from its bank: with the last answer, or at once when no file holds a line any more.
import { eq, sql } from 'drizzle-orm'
import { sumOf } from '../db/expressions.ts'
import { one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { drawSample } from './verify-recipients.ts'
import { moveBatch } from './store.ts'
import type { BatchRow } from './store.ts'

/** EXPORTED → BANK_RETURNED once no attempt waits for the bank: as many are answered for good as the files hold. */
export function* noticeLastAnswer(ctx: UnitContext, batch: BatchRow): Unit<BatchRow> {
  if (batch.state !== 'EXPORTED') return batch
  const { payoutFiles: f, payoutReturns: r } = ctx.tables
  const sent = yield* one(
    ctx.db
      .select({ count: sumOf(f.rowCount) })
      .from(f)
      .where(eq(f.batchId, batch.batchId)),
  )
  const answered = yield* one(
    ctx.db
      .select({ count: sumOf(sql`${r.paidCount} + ${r.failedCount}`) })
      .from(r)
      .where(eq(r.batchId, batch.batchId)),
  )
  if ((answered?.count ?? 0) < (sent?.count ?? 0)) return batch
  yield* drawSample(ctx, batch)
  return yield* moveBatch(ctx, batch, 'return')
}
