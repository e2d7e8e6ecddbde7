// Takes over what the bank says about a batch, whole or not at all: every row is checked against its attempt first, and a file
// with one wrong row changes nothing. The same file does nothing the second time, nor does the same answer in another file.
import { and, asc, between, eq, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { insertRows, one, rows, sqlExec } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { postSelected } from '../ledger/post-selected.ts'
import { postingsOf } from './postings.ts'
import type { PostingName } from './postings.ts'
import { noticeLastAnswer } from './notice-last-answer.ts'
import { applyResult, outcomeOf } from './rules.ts'
import type { AttemptOutcome, BankResult } from './rules.ts'
import { requireBatch } from './store.ts'
import type { BatchRow } from './store.ts'

/** One row of a return file, whatever its format. */
export interface ReturnRow {
  /** As in the file; the header is 1. */
  readonly row: number
  readonly batchNo: string
  readonly seq: number
  readonly result: BankResult
  readonly failCode?: string | undefined
  readonly failReason?: string | undefined
  readonly bankSerialNo?: string | undefined
  readonly settledAtMs?: number | undefined
  /** Checked when the bank repeats it. */
  readonly amountFen?: number | undefined
}

export interface ReturnFile {
  /** Hex, of the bytes as they came. */
  readonly sha256: string
  readonly rows: readonly ReturnRow[]
}

export interface ReturnRowError {
  readonly row: number
  readonly column?: string
  readonly message: string
}

export type ReturnSummary = UnitContext['tables']['payoutReturns']['$inferSelect']

interface KnownAttempt {
  readonly seq: number
  readonly outcome: AttemptOutcome
  readonly amountFen: number
}

/** Most errors that one refusal names. */
const maxErrors = 200

/** Errors of a return file as a refusal that names each row; thrown inside a unit it undoes everything. */
export function refuseReturn(errors: readonly ReturnRowError[]): never {
  const [first] = errors
  throw new RefusalError(
    'payout.return_invalid',
    first === undefined ? undefined : `row ${first.row}: ${first.message}`,
    {
      errors: errors.slice(0, maxErrors).map(({ row, column, message }) => ({
        field: column === undefined ? `row ${row}` : `row ${row}, ${column}`,
        message,
      })),
    },
  )
}

/**
 * Applies a return file to its batch. Returns the summary, of the earlier import when the file came before. The last answer moves
 * the batch to BANK_RETURNED and draws the recipients to ask. Refuses with
 * payout.return_invalid, naming each wrong row.
 */
export function* importReturn(
  ctx: UnitContext,
  batchId: string,
  file: ReturnFile,
  byAccountId: string,
): Unit<ReturnSummary> {
  const { payoutReturns: r, payoutReturnRows } = ctx.tables
  const batch = yield* requireBatch(ctx, batchId)
  const earlier = yield* one(
    ctx.db
      .select()
      .from(r)
      .where(and(eq(r.batchId, batchId), eq(r.sha256, file.sha256))),
  )
  if (earlier !== undefined) {
    yield* recordAudit(ctx, {
      accountId: byAccountId,
      action: 'payout.return_repeated',
      subjectId: batchId,
      detail: { sha256: file.sha256 },
    })
    return earlier
  }
  if (!['EXPORTED', 'BANK_RETURNED', 'SETTLED'].includes(batch.state))
    throw new RefusalError('payout.state_wrong', undefined, { facts: { state: batch.state } })
  refuseRepeats(batch, file.rows)
  const plan = yield* planReturn(ctx, batch, file)
  const counted: ReturnSummary = {
    returnId: ctx.newId(),
    batchId,
    sha256: file.sha256,
    rowCount: file.rows.length,
    ...plan.counts,
    importedBy: byAccountId,
    importedAtMs: ctx.now(),
  }
  yield* insertRows(r, [counted])
  yield* insertRows(
    payoutReturnRows,
    plan.changes.map((row) => toReturnRow(counted.returnId, row)),
  )
  yield* applyPlan(ctx, counted, plan.changes)
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'payout.return_imported',
    subjectId: batchId,
    detail: { sha256: file.sha256, ...plan.counts },
  })
  yield* noticeLastAnswer(ctx, batch)
  return counted
}

function toReturnRow(
  returnId: string,
  { row, seq, result, failCode, failReason, bankSerialNo, settledAtMs }: ReturnRow,
) {
  return { returnId, row, seq, result, failCode, failReason, bankSerialNo, settledAtMs }
}

/** What the file itself says twice, or says of another batch. */
function refuseRepeats(batch: BatchRow, given: readonly ReturnRow[]): void {
  const errors: ReturnRowError[] = []
  const rowBySeq = new Map<number, number>()
  const rowBySerial = new Map<string, number>()
  for (const { row, batchNo, seq, bankSerialNo } of given) {
    if (batchNo !== batch.batchNo)
      errors.push({ row, column: 'batchNo', message: `is of batch ${batchNo}, not ${batch.batchNo}` })
    const before = rowBySeq.get(seq)
    if (before !== undefined) errors.push({ row, column: 'seq', message: `row ${before} has seq ${seq} too` })
    rowBySeq.set(seq, row)
    if (bankSerialNo === undefined || bankSerialNo === '') continue
    const serialBefore = rowBySerial.get(bankSerialNo)
    if (serialBefore !== undefined)
      errors.push({ row, column: 'bankSerialNo', message: `row ${serialBefore} has this serial number too` })
    rowBySerial.set(bankSerialNo, row)
  }
  if (errors.length > 0) refuseReturn(errors)
}

interface Plan {
  /** Rows that change their attempt; the others repeat what is known. */
  readonly changes: readonly ReturnRow[]
  readonly counts: {
    readonly paidCount: number
    readonly failedCount: number
    readonly unknownCount: number
    readonly returnedCount: number
    readonly repeatedCount: number
  }
}

function* planReturn(ctx: UnitContext, batch: BatchRow, file: ReturnFile): Unit<Plan> {
  const known = yield* attemptsOf(ctx, batch, file.rows)
  const errors: ReturnRowError[] = []
  const changes: ReturnRow[] = []
  const counts = { paidCount: 0, failedCount: 0, unknownCount: 0, returnedCount: 0, repeatedCount: 0 }
  for (const given of file.rows) {
    const attempt = known.get(given.seq)
    const outcome = attempt === undefined ? undefined : applyResult(attempt.outcome, given.result)
    const problem = problemOf(given, attempt, outcome)
    if (problem !== undefined) errors.push({ row: given.row, ...problem })
    else if (outcome === 'same') counts.repeatedCount += 1
    else {
      changes.push(given)
      if (outcome === 'paid') counts.paidCount += 1
      else if (outcome === 'failed') counts.failedCount += 1
      else if (outcome === 'unknown') counts.unknownCount += 1
      else counts.returnedCount += 1
    }
  }
  if (errors.length > 0) refuseReturn(errors)
  return { changes, counts }
}

function problemOf(
  given: ReturnRow,
  attempt: KnownAttempt | undefined,
  outcome: AttemptOutcome | 'same' | undefined,
): Omit<ReturnRowError, 'row'> | undefined {
  if (attempt === undefined) return { column: 'seq', message: `the batch has no seq ${given.seq}` }
  if (given.amountFen !== undefined && given.amountFen !== attempt.amountFen)
    return { column: 'amount', message: `the amount is ${given.amountFen} fen, ours is ${attempt.amountFen}` }
  if (outcome === undefined)
    return { column: 'result', message: `${given.result} contradicts what is known: ${attempt.outcome}` }
  return undefined
}

function rangeOf(given: readonly ReturnRow[]): { lowest: number; highest: number } {
  const lowest = given.reduce((least, { seq }) => Math.min(least, seq), Number.MAX_SAFE_INTEGER)
  const highest = given.reduce((most, { seq }) => Math.max(most, seq), 0)
  return { lowest, highest }
}

/** Attempts by seq, from the lowest to the highest that the file names. */
function* attemptsOf(
  { db, tables: { payoutAttempts: a } }: UnitContext,
  { batchId, exportedSeq }: BatchRow,
  given: readonly ReturnRow[],
): Unit<Map<number, KnownAttempt>> {
  const { lowest, highest } = rangeOf(given)
  const found = yield* rows(
    db
      .select({ seq: a.seq, outcome: a.outcome, amountFen: a.amountFen })
      .from(a)
      .where(and(eq(a.batchId, batchId), between(a.seq, lowest, highest)))
      .orderBy(asc(a.seq)),
  )
  return new Map(
    found.map(({ seq, outcome, amountFen }) => [
      seq,
      { seq, amountFen, outcome: outcomeOf(outcome, seq, exportedSeq) },
    ]),
  )
}

/** Attempts `a` that rows of this return change from one of the outcomes by one of the results. */
const changedBy = ({ batchId, returnId }: ReturnSummary, outcomes: string, results: string): SQL => sql`
  a.batch_id = ${batchId} and a.outcome in (${sql.raw(outcomes)}) and a.seq in (
    select r.seq from payout_return_row r where r.return_id = ${returnId} and r.result in (${sql.raw(results)}))`

const open = `'unanswered', 'unknown'`

/** Books what the rows of the return say, then says so on their attempts; planReturn has found that each may be changed. */
function* applyPlan(ctx: UnitContext, counted: ReturnSummary, changes: readonly ReturnRow[]): Unit<void> {
  // The instant of the return itself: by it the dry run finds what was booked.
  const atMs = counted.importedAtMs
  const post = (name: PostingName, outcomes: string, results: string) =>
    postSelected(ctx, postingsOf(name, changedBy(counted, outcomes, results)), atMs)
  if (counted.returnedCount > 0) yield* post('returned', `'paid'`, `'RETURNED'`)
  if (counted.paidCount > 0) yield* post('paid', open, `'PAID'`)
  if (counted.failedCount > 0) yield* post('failed', open, `'FAILED', 'RETURNED'`)
  const { lowest, highest } = rangeOf(changes)
  // Without the range each return could go through the whole batch.
  yield* sqlExec(sql`
    update payout_attempt set
      outcome = case when r.result = 'PAID' then 'paid' when r.result = 'UNKNOWN' then 'unknown'
        when payout_attempt.outcome = 'paid' then 'returned' else 'failed' end,
      is_live = case when r.result <> 'PAID' then payout_attempt.is_live end,
      fail_code = r.fail_code, fail_reason = r.fail_reason,
      bank_serial_no = coalesce(r.bank_serial_no, payout_attempt.bank_serial_no),
      settled_at_ms = coalesce(r.settled_at_ms, payout_attempt.settled_at_ms)
    from payout_return_row r
    where r.return_id = ${counted.returnId} and r.seq = payout_attempt.seq and payout_attempt.batch_id = ${counted.batchId}
      and payout_attempt.seq between ${sql.raw(String(lowest))} and ${sql.raw(String(highest))}`)
  if (counted.failedCount + counted.returnedCount > 0) yield* pauseRefusedAccounts(counted)
}

/**
 * An account that the bank refused or sent back from gets no more money until two people have entered it anew, also when it was
 * waiting for the household's consent meanwhile.
 */
function* pauseRefusedAccounts({ batchId, returnId }: ReturnSummary): Unit<void> {
  yield* sqlExec(sql`
    update payee_account set state = 'paused', paused_reason = coalesce(f.fail_reason, f.fail_code, 'refused by the bank')
    from (select a.payee_account_id, max(a.fail_reason) as fail_reason, max(a.fail_code) as fail_code
      from payout_return_row r join payout_attempt a on a.batch_id = ${batchId} and a.seq = r.seq
      where r.return_id = ${returnId} and r.result in ('FAILED', 'RETURNED') group by a.payee_account_id) f
    where payee_account.payee_account_id = f.payee_account_id and payee_account.state in ('active', 'paused')`)
}
