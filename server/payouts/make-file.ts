// Makes the bytes of a batch's next file: the payments that can still be made, with their account numbers opened, as the bank profile
// wants them. It only reads, so that another thread can make a file while the one before it is booked (file-thread.ts); export-batch.ts
// books a file only while all it was made from still stands.
import { createHash } from 'node:crypto'
import { eq, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { rows, sqlRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import type { Sealer } from '../personal-data/seal.ts'
import { makeBankFile, totalOf } from './bank-file.ts'
import type { BankRow } from './bank-file.ts'
import { accountPurpose } from './payee-account-seal.ts'
import { partsOf, requireBatch, requireProfile } from './store.ts'
import type { BatchRow, FileRow, ProfileRow } from './store.ts'

export type Opener = Pick<Sealer, 'open'>

/** Which file of a batch is to be made. */
export interface FileRequest {
  readonly batchId: string
  /** The last place that an earlier file has looked at. */
  readonly afterSeq: number
  readonly fileNo: number
  /** Stands in the file. Epoch ms. */
  readonly createdAtMs: number
}

/** A file as it will be kept. */
export interface MadeFile {
  /** `rowCount` is 0 when nothing of its range can be paid; then there is no file. */
  readonly file: FileRow
  /** Places in its range that are not paid any more, in their order. */
  readonly withheldSeqs: readonly number[]
}

/** Attempts of a batch whose seq lies in (after, through], for SQL over `a`. */
export const inRange = (batchId: string, afterSeq: number, throughSeq: number): SQL =>
  sql`a.batch_id = ${batchId} and a.seq > ${sql.raw(String(afterSeq))} and a.seq <= ${sql.raw(String(throughSeq))}`

/** Attempts of a file's range that wait to be sent, for SQL over `a`. */
export const pendingIn = ({ batchId, fromSeq, throughSeq }: Pick<FileRow, 'batchId' | 'fromSeq' | 'throughSeq'>): SQL =>
  sql`${inRange(batchId, fromSeq - 1, throughSeq)} and a.outcome = 'unanswered'`

/** Attempts `a` with all that says whom they pay. */
export const payments = sql`
  payout_attempt a
  join payee_account p on p.payee_account_id = a.payee_account_id
  left join ledger_account h on h.id = 'household:' || a.household_code`

/** The account is the household's usable one, and its money is there; over `payments`. */
export const isPayable = sql`(p.state = 'active' and coalesce(h.balance_fen, 0) >= a.amount_fen)`

/**
 * The request for the file behind those that are booked. Refuses with payout.state_wrong, and with payout.not_released while
 * signatures are missing: no account number is opened before.
 */
export function* nextFile(ctx: UnitContext, batch: BatchRow): Unit<FileRequest> {
  const { batchId, state, exportedSeq } = batch
  if (state !== 'APPROVED') throw new RefusalError('payout.state_wrong', undefined, { facts: { state } })
  const signed = (yield* partsOf(ctx, batchId)).filter(({ step }) => step === 'release').length
  if (signed < batch.releasesRequired) throw new RefusalError('payout.not_released')
  const { payoutFiles: f } = ctx.tables
  const made = yield* rows(ctx.db.select({ fileNo: f.fileNo }).from(f).where(eq(f.batchId, batchId)))
  return { batchId, afterSeq: exportedSeq, fileNo: made.length + 1, createdAtMs: ctx.now() }
}

/** All that a file is made from, read at one instant; account numbers are sealed. */
export interface FileSource {
  readonly request: FileRequest
  readonly batch: BatchRow
  readonly profile: ProfileRow
  readonly throughSeq: number
  /** What waits in the file's range. */
  readonly found: readonly SealedPayment[]
}

export function* readSource(ctx: UnitContext, request: FileRequest): Unit<FileSource> {
  const { batchId, afterSeq } = request
  const batch = yield* requireBatch(ctx, batchId)
  const profile = yield* requireProfile(ctx, batch.profileId, batch.profileVersion)
  const throughSeq = Math.min(afterSeq + profile.maxRowsPerFile, batch.lineCount)
  const found = yield* findPayments(pendingIn({ batchId, fromSeq: afterSeq + 1, throughSeq }))
  return { request, batch, profile, throughSeq, found }
}

/** Makes the file of what was read. Refuses with tabular.not_encodable a name that the file's encoding cannot carry. */
export function makeOf({ request, batch, profile, throughSeq, found }: FileSource, sealer: Opener): MadeFile {
  const { batchId, afterSeq, fileNo, createdAtMs } = request
  const range = { batchId, fileNo, fromSeq: afterSeq + 1, throughSeq, createdAtMs }
  const payable = found.filter((payment) => payment.isPayable === 1)
  const withheldSeqs = found.filter((payment) => payment.isPayable === 0).map(({ seq }) => seq)
  if (payable.length === 0)
    return { file: { ...range, rowCount: 0, totalFen: 0, sha256: '', byteCount: 0 }, withheldSeqs }
  const bankRows = openPayments(payable, sealer)
  const bytes = makeBankFile(profile, { ...batch, fileNo, createdAtMs, rows: bankRows })
  const file = {
    ...range,
    rowCount: bankRows.length,
    totalFen: totalOf(bankRows),
    sha256: createHash('sha256').update(bytes).digest('hex'),
    byteCount: bytes.byteLength,
  }
  return { file, withheldSeqs }
}

/** Makes the file and writes nothing. Refuses like `makeOf`. */
export function* makeFile(ctx: UnitContext, sealer: Opener, request: FileRequest): Unit<MadeFile> {
  return makeOf(yield* readSource(ctx, request), sealer)
}

interface SealedPayment extends Record<string, unknown>, Omit<BankRow, 'payeeAccount'> {
  readonly payeeAccountId: string
  readonly accountSealed: string
  /** 1 or 0. */
  readonly isPayable: number
}

/** The payments of the attempts `a` that the condition selects, in the order of their file. */
export function* findPayments(condition: SQL): Unit<SealedPayment[]> {
  return yield* sqlRows<SealedPayment>(sql`
    select a.seq as "seq", a.amount_fen as "amountFen", a.household_code as "householdCode",
      a.payee_account_id as "payeeAccountId", p.name as "payeeName", p.bank_name as "payeeBankName",
      p.bank_no as "payeeBankNo", p.account_sealed as "accountSealed", case when ${isPayable} then 1 else 0 end as "isPayable"
    from ${payments} where ${condition} order by a.seq`)
}

/** Account numbers are opened here and nowhere else. */
export function openPayments(found: readonly SealedPayment[], sealer: Opener): BankRow[] {
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
