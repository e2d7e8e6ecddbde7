// Sends a released batch: file after file, each in one unit that keeps the hash of the file's bytes and books every line of it. Nothing
// is written per line beside the books: that a line is out, and in which file, its place says (attempts.ts). What cannot be paid any
// more (the account was changed or paused, a refund took the money) leaves the batch here, with its reason; the money stays with the
// household.
import { createHash } from 'node:crypto'
import { and, eq, sql } from 'drizzle-orm'
import type { Clock } from '#shared/time/clock.ts'
import { addWorkingDays } from '../calendar/rules.ts'
import { readCalendar } from '../calendar/calendar-days.ts'
import type { Database } from '../db/database.ts'
import { insertRows, one, sqlExec, sqlRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { postSelected } from '../ledger/post-selected.ts'
import { makeBankFile } from './bank-file.ts'
import { FilesAhead } from './files-ahead.ts'
import type { FileMaker } from './files-ahead.ts'
import { findPayments, inRange, isPayable, makeFile, nextFile, openPayments, payments, pendingIn } from './make-file.ts'
import type { FileRequest, MadeFile, Opener } from './make-file.ts'
import { noticeLastAnswer } from './notice-last-answer.ts'
import { postingsOf } from './postings.ts'
import { returnWorkingDays } from './rules.ts'
import { changeBatch, moveBatch, requireBatch, requireProfile } from './store.ts'
import type { BatchRow, FileRow, ProfileRow } from './store.ts'

/**
 * Makes the next file of a released batch and books it. Returns the batch as it is then: EXPORTED once the last file is made, and
 * BANK_RETURNED when by then nothing waits for the bank, since every line has left the batch or been answered.
 * A file made before is taken when all it was made from still stands. Refuses with payout.state_wrong, with payout.not_released while
 * signatures are missing, and with ledger.balance_insufficient when a refund has taken money of the file made before: then without
 * that file it is made anew.
 */
export function* exportNext(
  ctx: UnitContext,
  sealer: Opener,
  batchId: string,
  byAccountId: string,
  madeBefore?: MadeFile,
): Unit<BatchRow> {
  const batch = yield* requireBatch(ctx, batchId)
  if (batch.state === 'EXPORTED') return batch
  const request = yield* nextFile(ctx, batch)
  const isGood = madeBefore !== undefined && (yield* isStillSo(request, madeBefore))
  const made = isGood ? madeBefore : yield* makeFile(ctx, sealer, request)
  yield* bookFile(ctx, batch, made, byAccountId)
  const { throughSeq: exportedSeq, rowCount } = made.file
  const atMs = ctx.now()
  const returnDueMs = addWorkingDays(yield* readCalendar(ctx), atMs, returnWorkingDays)
  // What is sent is due, even if nobody makes the files behind it.
  if (exportedSeq < batch.lineCount)
    return yield* changeBatch(ctx, batch, rowCount === 0 ? { exportedSeq } : { exportedSeq, returnDueMs })
  const exported = yield* moveBatch(ctx, batch, 'export', { exportedSeq, exportedAtMs: atMs, returnDueMs })
  return yield* noticeLastAnswer(ctx, exported)
}

/**
 * Whether the file asked for would be made just so: it holds the same attempts. What an attempt pays, to whom and to which account
 * never changes; waiting attempts only become fewer, therefore as many are the same. Whether each household still has the money of a
 * file that leaves nothing out is not looked at: the booking refuses what it has not.
 */
function* isStillSo({ batchId, afterSeq, fileNo }: FileRequest, { file, withheldSeqs }: MadeFile): Unit<boolean> {
  if (file.batchId !== batchId || file.fromSeq !== afterSeq + 1 || file.fileNo !== fileNo) return false
  const [waiting] = yield* sqlRows<{ count: number; notActive: number }>(sql`
    select cast(count(*) as bigint) as "count", cast(count(p.payee_account_id) as bigint) as "notActive"
    from payout_attempt a left join payee_account p on p.payee_account_id = a.payee_account_id and p.state <> 'active'
    where ${pendingIn(file)}`)
  if (waiting?.count !== file.rowCount + withheldSeqs.length) return false
  if (waiting.notActive === 0 && withheldSeqs.length === 0) return true
  const unpayable = yield* sqlRows<{ seq: number }>(sql`
    select a.seq as "seq" from ${payments} where ${pendingIn(file)} and not ${isPayable} order by a.seq`)
  return unpayable.length === withheldSeqs.length && unpayable.every(({ seq }, place) => seq === withheldSeqs[place])
}

function* bookFile(ctx: UnitContext, { batchNo }: BatchRow, made: MadeFile, byAccountId: string): Unit<void> {
  const { file, withheldSeqs } = made
  if (withheldSeqs.length > 0) yield* withdrawUnpayable(file)
  if (file.rowCount === 0) return
  yield* insertRows(ctx.tables.payoutFiles, [file])
  const posted = yield* postSelected(ctx, postingsOf('out', pendingIn(file)))
  if (posted.count !== file.rowCount || posted.totalFen !== file.totalFen)
    throw new Error(`file ${batchNo}/${file.fileNo} and its postings differ`)
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'payout.file_exported',
    subjectId: file.batchId,
    detail: { fileNo: file.fileNo, rowCount: file.rowCount, totalFen: file.totalFen, sha256: file.sha256 },
  })
}

/** Takes the lines out that cannot be paid any more. */
function* withdrawUnpayable(file: FileRow): Unit<void> {
  yield* sqlExec(sql`
    update payout_attempt set outcome = 'withdrawn', is_live = null, fail_code = 'NOT_PAYABLE',
      fail_reason = 'the account changed or the balance is not enough'
    where batch_id = ${file.batchId} and seq in (
      select a.seq from ${payments} where ${pendingIn(file)} and not ${isPayable})`)
}

export interface Exporter {
  readonly database: Database
  readonly sealer: Opener
  readonly clock: Clock
  /** Makes files while the ones before them are booked; without it the units make all files themselves. */
  readonly thread?: FileMaker | undefined
}

/** Makes and books all files that a released batch still lacks, each in a unit of its own, and tells of the batch after each. */
export async function exportAll(
  { database, sealer, clock, thread }: Exporter,
  { batchId }: BatchRow,
  byAccountId: string,
  progress: (batch: BatchRow) => void = () => {},
): Promise<BatchRow> {
  let batch = await database.read((ctx) => requireBatch(ctx, batchId))
  const { maxRowsPerFile } = await database.read((ctx) => requireProfile(ctx, batch.profileId, batch.profileVersion))
  const ahead = thread && new FilesAhead(thread, clock, { lineCount: batch.lineCount, maxRowsPerFile })
  while (batch.state === 'APPROVED') {
    const made = await ahead?.take(await database.read((ctx) => nextFile(ctx, batch)))
    const book = (madeBefore?: MadeFile) =>
      database.run((ctx) => exportNext(ctx, sealer, batchId, byAccountId, madeBefore))
    batch = await book(made).catch((error: unknown) => {
      if (made === undefined || !isUncovered(error)) throw error
      return book()
    })
    progress(batch)
  }
  return batch
}

const isUncovered = (error: unknown) => error instanceof RefusalError && error.code === 'ledger.balance_insufficient'

export interface FileContent {
  readonly file: FileRow
  readonly profile: ProfileRow
  readonly batch: BatchRow
  readonly bytes: Uint8Array
}

/** Makes a file again: byte by byte what it was, or payout.file_changed. The reading of account numbers leaves its audit row. */
export function* readFile(
  ctx: UnitContext,
  sealer: Opener,
  key: { readonly batchId: string; readonly fileNo: number },
  byAccountId: string,
): Unit<FileContent> {
  const { payoutFiles: f } = ctx.tables
  const { batchId, fileNo } = key
  const batch = yield* requireBatch(ctx, batchId)
  const file = yield* one(
    ctx.db
      .select()
      .from(f)
      .where(and(eq(f.batchId, batchId), eq(f.fileNo, fileNo))),
  )
  if (file === undefined) throw new RefusalError('payout.file_unknown')
  const profile = yield* requireProfile(ctx, batch.profileId, batch.profileVersion)
  const inFile = sql`${inRange(batchId, file.fromSeq - 1, file.throughSeq)} and a.outcome <> 'withdrawn'`
  const bankRows = openPayments(yield* findPayments(inFile), sealer)
  const bytes = makeBankFile(profile, { ...batch, fileNo, createdAtMs: file.createdAtMs, rows: bankRows })
  if (createHash('sha256').update(bytes).digest('hex') !== file.sha256)
    throw new RefusalError('payout.file_changed', undefined, { facts: { sha256: file.sha256 } })
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'payout.file_read',
    subjectId: batchId,
    detail: { fileNo, sha256: file.sha256 },
  })
  return { file, profile, batch, bytes }
}
