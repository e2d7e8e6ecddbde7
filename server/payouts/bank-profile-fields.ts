// What a bank profile may put into a column of its payout file, and what it finds in the columns of a return file
// (domain.md, payout: out file and return). Columns are data; the fields they choose from are these.
import type { bankFields } from '#shared/contracts/http/payouts.ts'

export type BankField = (typeof bankFields)[number]

export interface BankColumn {
  readonly header: string
  readonly field: BankField
}

export const returnFields = [
  'batchNo',
  'seq',
  'result',
  'failCode',
  'failReason',
  'bankSerialNo',
  'settledAt',
  'amount',
] as const
export type ReturnField = (typeof returnFields)[number]

type NeededReturnField = 'batchNo' | 'seq' | 'result'

/** Header texts by field, and the bank's words for each result. */
export interface ReturnColumns {
  readonly headers: { readonly [F in NeededReturnField]: string } & {
    readonly [F in Exclude<ReturnField, NeededReturnField>]?: string | undefined
  }
  readonly results: Readonly<Record<string, 'PAID' | 'FAILED' | 'UNKNOWN' | 'RETURNED'>>
}

/** The out file of domain.md under the Chinese headers that banks' 代发 templates use. */
export const standardColumns: readonly BankColumn[] = [
  { header: '批次号', field: 'batchNo' },
  { header: '序号', field: 'seq' },
  { header: '收款人户名', field: 'payeeName' },
  { header: '收款账号', field: 'payeeAccount' },
  { header: '开户行名称', field: 'payeeBankName' },
  { header: '开户行联行号', field: 'payeeBankNo' },
  { header: '金额', field: 'amount' },
  { header: '币种', field: 'currency' },
  { header: '用途', field: 'purpose' },
  { header: '户编号', field: 'householdCode' },
  { header: '备注', field: 'note' },
]

export const standardReturnColumns: ReturnColumns = {
  headers: {
    batchNo: '批次号',
    seq: '序号',
    result: '处理结果',
    failCode: '失败代码',
    failReason: '失败原因',
    bankSerialNo: '银行流水号',
    settledAt: '入账时间',
    amount: '金额',
  },
  results: { 成功: 'PAID', 失败: 'FAILED', 处理中: 'UNKNOWN', 不明: 'UNKNOWN', 退票: 'RETURNED' },
}
