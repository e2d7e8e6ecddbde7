// Sends a released batch: file after file, each in one unit that makes the file's bytes, keeps their hash and books every line of
// it. Nothing is written per line beside the books: that a line is out, and in which file, its place says (attempts.ts). What cannot be paid any more (the account was changed or paused, a refund took the money) leaves the batch
// here, with its reason; the money stays with the household.
import { createHash } from 'node:crypto'
import { and, eq, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { addWorkingDays } from '../calendar/rules.ts'
import { readCalendar } from '../calendar/calendar-days.ts'
import { insertRows, one, rows, sqlExec, sqlRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { postSelected } from '../ledger/post-selected.ts'
import type { Sealer } from '../personal-data/seal.ts'
import { makeBankFile, totalOf } from './bank-file.ts'
import type { BankRow } from './bank-file.ts'
import { accountPurpose } from './payee-account-seal.ts'
import { postingsOf } from './postings.ts'
import { returnWorkingDays } from './rules.ts'
import { changeBatch, moveBatch, partsOf, requireBatch, requireProfile } from './store.ts'
import type { BatchRow, FileRow, ProfileRow } from './store.ts'

export type Opener = Pick<Sealer, 'open'>

/** Attempts of a batch whose seq lies in (after, through], for SQL over `a`. */
const inRange = (batchId: string, afterSeq: number, throughSeq: number): SQL =>
  sql`a.batch_id = ${batchId} and a.seq > ${sql.raw(String(afterSeq))} and a.seq <= ${sql.raw(String(throughSeq))}`

/**
 * Makes the next file of a released batch and books it. Returns the batch as it is then: EXPORTED once the last file is made.
 * Refuses with payout.state_wrong, and with payout.not_released while signatures are missing.
 */
export function* exportNext(ctx: UnitContext, sealer: Opener, batchId: string, byAccountId: string): Unit<BatchRow> {
  const batch = yield* requireBatch(ctx, batchId)
  if (batch.state === 'EXPORTED') return batch
  if (batch.state !== 'APPROVED')
    throw new RefusalError('payout.state_wrong', undefined, { facts: { state: batch.state } })
  const signed = (yield* partsOf(ctx, batchId)).filter(({ step }) => step === 'release').length
  if (signed < batch.releasesRequired) throw new RefusalError('payout.not_released')
  const profile = yield* requireProfile(ctx, batch.profileId, batch.profileVersion)
  const throughSeq = Math.min(batch.exportedSeq + profile.maxRowsPerFile, batch.lineCount)
  if (throughSeq > batch.exportedSeq) yield* exportRange(ctx, sealer, { batch, profile, throughSeq, byAccountId })
  const change = { exportedSeq: throughSeq }
  if (throughSeq < batch.lineCount) return yield* changeBatch(ctx, batch, change)
  const exportedAtMs = ctx.now()
  const returnDueMs = addWorkingDays(yield* readCalendar(ctx), exportedAtMs, returnWorkingDays)
  return yield* moveBatch(ctx, batch, 'export', { ...change, exportedAtMs, returnDueMs })
}

interface Range {
  readonly batch: BatchRow
  readonly profile: ProfileRow
  readonly throughSeq: number
  readonly byAccountId: string
}

function* exportRange(ctx: UnitContext, sealer: Opener, range: Range): Unit<void> {
  const { batch, profile, throughSeq, byAccountId } = range
  const { batchId, exportedSeq } = batch
  const pending = sql`${inRange(batchId, exportedSeq, throughSeq)} and a.outcome = 'unanswered'`
  const found = yield* findPayments(pending)
  const payable = found.filter(({ isPayable }) => isPayable === 1)
  if (payable.length < found.length) yield* withdrawUnpayable(batchId, exportedSeq, throughSeq)
  const bankRows = openPayments(payable, sealer)
  if (bankRows.length === 0) return
  const fileNo = (yield* countFiles(ctx, batchId)) + 1
  const createdAtMs = ctx.now()
  const bytes = makeBankFile(profile, { ...batch, fileNo, createdAtMs, rows: bankRows })
  const file: FileRow = {
    batchId,
    fileNo,
    fromSeq: exportedSeq + 1,
    throughSeq,
    rowCount: bankRows.length,
    totalFen: totalOf(bankRows),
    sha256: createHash('sha256').update(bytes).digest('hex'),
    byteCount: bytes.byteLength,
    createdAtMs,
  }
  yield* insertRows(ctx.tables.payoutFiles, [file])
  const posted = yield* postSelected(ctx, postingsOf('out', pending), createdAtMs)
  if (posted.count !== file.rowCount || posted.totalFen !== file.totalFen)
    throw new Error(`file ${batch.batchNo}/${fileNo} and its postings differ`)
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'payout.file_exported',
    subjectId: batchId,
    detail: { fileNo, rowCount: file.rowCount, totalFen: file.totalFen, sha256: file.sha256 },
  })
}

/** The account is the household's usable one, and its money is there; over `a`, `p` and `h`. */
const isPayable = sql`(p.state = 'active' and coalesce(h.balance_fen, 0) >= a.amount_fen)`

/** Attempts with all that says whom they pay. */
const payments = sql`
  payout_attempt a
  join payee_account p on p.payee_account_id = a.payee_account_id
  left join ledger_account h on h.id = 'household:' || a.household_code`

/** Takes the lines out that cannot be paid any more. */
function* withdrawUnpayable(batchId: string, afterSeq: number, throughSeq: number): Unit<void> {
  yield* sqlExec(sql`
    update payout_attempt set outcome = 'withdrawn', is_live = null, fail_code = 'NOT_PAYABLE',
      fail_reason = 'the account changed or the balance is not enough'
    where batch_id = ${batchId} and seq in (
      select a.seq from ${payments}
      where ${inRange(batchId, afterSeq, throughSeq)} and a.outcome = 'unanswered' and not ${isPayable})`)
}

interface SealedPayment extends Record<string, unknown>, Omit<BankRow, 'payeeAccount'> {
  readonly payeeAccountId: string
  readonly accountSealed: string
  /** 1 or 0. */
  readonly isPayable: number
}

/** The payments of the attempts `a` that the condition selects, in the order of their file. */
function* findPayments(condition: SQL): Unit<SealedPayment[]> {
  return yield* sqlRows<SealedPayment>(sql`
    select a.seq as "seq", a.amount_fen as "amountFen", a.household_code as "householdCode",
      a.payee_account_id as "payeeAccountId", p.name as "payeeName", p.bank_name as "payeeBankName",
      p.bank_no as "payeeBankNo", p.account_sealed as "accountSealed", case when ${isPayable} then 1 else 0 end as "isPayable"
    from ${payments} where ${condition} order by a.seq`)
}

/** Account numbers are opened here and nowhere else. */
function openPayments(found: readonly SealedPayment[], sealer: Opener): BankRow[] {
  return found.map(
    ({ seq, amountFen, householdCode, payeeAccountId, payeeName, payeeBankName, payeeBankNo, accountSealed }) => ({
      seq,
      amountFen,
      householdCode,
      payeeName,
      payeeAccount: sealer.open(accountSealed, accountPurpose(payeeAccountId)),
      payeeBankName,
      payeeBankNo,
    }),
  )
}

function* countFiles({ db, tables: { payoutFiles: f } }: UnitContext, batchId: string): Unit<number> {
  const found = yield* rows(db.select({ fileNo: f.fileNo }).from(f).where(eq(f.batchId, batchId)))
  return found.length
}

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
