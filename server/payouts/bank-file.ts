// Makes a payout file by its bank profile: pure, so that the same rows give the same bytes whenever they are asked for.
import { formatYuan } from '#shared/units/fen.ts'
import { dayOf } from '../calendar/rules.ts'
import { writeCsv } from '../tabular/write-csv.ts'
import { writeXlsx } from '../tabular/write-xlsx.ts'
import type { BankField } from './bank-profile-fields.ts'
import { writePain001 } from './pain-001.ts'
import { lineIdOf, purposes } from './rules.ts'
import type { PayoutKind } from './rules.ts'
import type { ProfileRow } from './store.ts'

/** One payment as the bank gets it. */
export interface BankRow {
  readonly seq: number
  readonly amountFen: number
  readonly householdCode: string
  readonly payeeName: string
  readonly payeeAccount: string
  readonly payeeBankName: string
  readonly payeeBankNo: string
}

export interface BankFile {
  readonly batchNo: string
  readonly incomeKind: PayoutKind
  /** From 1 within the batch. */
  readonly fileNo: number
  readonly createdAtMs: number
  readonly note: string
  readonly rows: readonly BankRow[]
}

/** Fields that people typed: a spreadsheet must not run them. The others are numbers and codes of our own. */
const typedFields: ReadonlySet<BankField> = new Set(['payeeName', 'payeeBankName', 'note'])

function cellOf(field: BankField, { batchNo, incomeKind, note }: BankFile, row: BankRow): string {
  switch (field) {
    case 'batchNo':
      return batchNo
    case 'seq':
      return String(row.seq)
    case 'payeeName':
      return row.payeeName
    case 'payeeAccount':
      return row.payeeAccount
    case 'payeeBankName':
      return row.payeeBankName
    case 'payeeBankNo':
      return row.payeeBankNo
    case 'amount':
      return formatYuan(row.amountFen)
    case 'currency':
      return 'CNY'
    case 'purpose':
      return purposes[incomeKind]
    case 'householdCode':
      return row.householdCode
    case 'note':
      return note
  }
}

export const totalOf = (rows: readonly BankRow[]): number => rows.reduce((sum, { amountFen }) => sum + amountFen, 0)

/** The last row: `合计`, how many, how much. */
function controlRow({ columns }: ProfileRow, { rows }: BankFile): string[] {
  const seqAt = columns.findIndex(({ field }) => field === 'seq')
  const amountAt = columns.findIndex(({ field }) => field === 'amount')
  return columns.map((_, index) => {
    if (index === amountAt) return formatYuan(totalOf(rows))
    if (index === seqAt) return String(rows.length)
    return index === 0 ? '合计' : ''
  })
}

export function makeBankFile(profile: ProfileRow, file: BankFile): Uint8Array {
  if (profile.format === 'pain.001')
    return writePain001({
      messageId: `${file.batchNo}-${file.fileNo}`,
      createdAtMs: file.createdAtMs,
      executionDay: dayOf(file.createdAtMs),
      payerName: profile.payerName,
      payerAccount: profile.payerAccount,
      payerBankNo: profile.payerBankNo,
      transfers: file.rows.map((row) => ({
        ...row,
        // Batch and seq name the attempt: the bank's answer finds it by them.
        endToEndId: lineIdOf(file.batchNo, row.seq),
        purpose: purposes[file.incomeKind],
      })),
    })
  const cells = file.rows.map((row) => profile.columns.map(({ field }) => cellOf(field, file, row)))
  if (profile.hasControlRow) cells.push(controlRow(profile, file))
  if (profile.format === 'xlsx') {
    const header = profile.columns.map((column) => column.header)
    return writeXlsx('代发', header, cells)
  }
  const columns = profile.columns.map(({ header, field }) => ({ name: header, isFromUsers: typedFields.has(field) }))
  return writeCsv(columns, cells, { encoding: profile.encoding === 'gb18030' ? 'gb18030' : 'utf-8-bom' })
}

export const mediaTypes = {
  csv: 'text/csv',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  'pain.001': 'application/xml',
} as const satisfies Record<ProfileRow['format'], string>

export function fileNameOf(profile: ProfileRow, batchNo: string, fileNo: number): string {
  const extension = profile.format === 'pain.001' ? 'xml' : profile.format
  return `${batchNo}-${String(fileNo).padStart(3, '0')}.${extension}`
}
