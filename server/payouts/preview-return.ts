// Dry run of a return file: it is imported in full behind a savepoint, what it booked is read, and all of it is undone. What is shown
// is therefore what an import would do, to the fen.
import { sql } from 'drizzle-orm'
import { recordAudit } from '../audit/record-audit.ts'
import { attempt, sqlRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { importReturn } from './import-return.ts'
import type { ReturnFile, ReturnSummary } from './import-return.ts'

interface BookedTransfer extends Record<string, unknown> {
  readonly transferId: string
  readonly debitAccountId: string
  readonly creditAccountId: string
  readonly amountFen: number
}

export type ReturnPreview = ReturnSummary & { readonly postings: BookedTransfer[] }

/** Transfers shown; the counts say how many there are. */
const shown = 200

/** Thrown to undo what the preview did; never seen outside. */
class PreviewDone extends RefusalError {
  readonly preview: ReturnPreview

  constructor(preview: ReturnPreview) {
    super('payout.return_invalid')
    this.preview = preview
  }
}

/** Refuses like importReturn. Of a file that was imported already it shows the summary and no transfers. */
export function* previewReturn(
  ctx: UnitContext,
  batchId: string,
  file: ReturnFile,
  byAccountId: string,
): Unit<ReturnPreview> {
  const tried = yield* attempt(importAndStop(ctx, batchId, file, byAccountId))
  if (tried.ok || !(tried.refusal instanceof PreviewDone)) throw tried.ok ? new Error('unreachable') : tried.refusal
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'payout.return_previewed',
    subjectId: batchId,
    detail: { sha256: file.sha256 },
  })
  return tried.refusal.preview
}

function* importAndStop(ctx: UnitContext, batchId: string, file: ReturnFile, byAccountId: string): Unit<never> {
  const summary = yield* importReturn(ctx, batchId, file, byAccountId)
  const id = (cause: string, leg: string) =>
    sql`${sql.raw(`'${cause}:'`)} || a.line_id || ${sql.raw(`':${leg}.'`)} || cast(a.attempt as text)`
  const postings = yield* sqlRows<BookedTransfer>(sql`
    select t.id as "transferId", t.debit_account_id as "debitAccountId", t.credit_account_id as "creditAccountId",
      t.amount_fen as "amountFen"
    from payout_return_row r
    join payout_attempt a on a.batch_id = ${batchId} and a.seq = r.seq
    join ledger_transfer t
      on t.id in (${id('payout-line', 'paid')}, ${id('payout-return', 'failed')}, ${id('payout-return', 'returned')})
    where r.return_id = ${summary.returnId} and t.at_ms = cast(${summary.importedAtMs} as bigint)
    order by r.row, t.id limit ${sql.raw(String(shown))}`)
  throw new PreviewDone({ ...summary, postings })
}
