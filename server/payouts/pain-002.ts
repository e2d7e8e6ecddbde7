// ISO 20022 customer payment status report, pain.002: one status per transaction, whatever the version. A report that only says how
// the whole group fared is refused, because it does not say what became of whom.
import { SaxesParser } from 'saxes'
import { parseYuan } from '#shared/units/fen.ts'
import type { ReturnRow, ReturnRowError } from './import-return.ts'
import type { BankResult } from './rules.ts'

const resultByStatus: Readonly<Record<string, BankResult>> = {
  // Settled on the creditor's account, or on the debtor's with the creditor's following by rule.
  ACCC: 'PAID',
  ACSC: 'PAID',
  RJCT: 'FAILED',
  // On the way: neither paid nor refused.
  RCVD: 'UNKNOWN',
  ACTC: 'UNKNOWN',
  ACCP: 'UNKNOWN',
  ACSP: 'UNKNOWN',
  ACWC: 'UNKNOWN',
  PDNG: 'UNKNOWN',
}

/** Texts of one TxInfAndSts by their place below it, such as `StsRsnInf/Rsn/Cd`. */
type Texts = ReadonlyMap<string, string>

function transactionsOf(xml: string): Texts[] {
  const transactions: Texts[] = []
  const path: string[] = []
  let current: Map<string, string> | undefined
  let depth = 0
  const parser = new SaxesParser({ xmlns: false })
  parser.on('error', (error) => {
    throw error
  })
  parser.on('doctype', () => {
    throw new Error('a status report has no document type')
  })
  parser.on('opentag', ({ name }) => {
    const local = name.slice(name.indexOf(':') + 1)
    path.push(local)
    if (local !== 'TxInfAndSts') return
    current = new Map()
    depth = path.length
  })
  parser.on('text', (text) => {
    if (current === undefined || text.trim() === '') return
    const place = path.slice(depth).join('/')
    current.set(place, `${current.get(place) ?? ''}${text.trim()}`)
  })
  parser.on('closetag', () => {
    if (path.pop() !== 'TxInfAndSts' || current === undefined) return
    transactions.push(current)
    current = undefined
  })
  parser.write(xml).close()
  return transactions
}

/** `O-20260301-002-0000017` → batch number and seq. */
function placeOf(endToEndId: string): { batchNo: string; seq: number } | undefined {
  const [, batchNo, seq] = /^(.+)-(\d{7,})$/.exec(endToEndId) ?? []
  return batchNo === undefined || seq === undefined ? undefined : { batchNo, seq: Number(seq) }
}

/** An ISO 8601 date and time; one without an offset is the bank's own, China Standard Time. Undefined: there is none. */
function instantOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const atMs = Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}+08:00`)
  return Number.isNaN(atMs) ? undefined : atMs
}

function readTransaction(texts: Texts, row: number): ReturnRow | ReturnRowError {
  const id = texts.get('OrgnlEndToEndId') ?? texts.get('OrgnlInstrId')
  const place = id === undefined ? undefined : placeOf(id)
  if (place === undefined) return { row, column: 'OrgnlEndToEndId', message: 'is none of ours' }
  const status = texts.get('TxSts') ?? ''
  const result = resultByStatus[status]
  if (result === undefined) return { row, column: 'TxSts', message: `the status “${status}” is not known` }
  const amount = texts.get('OrgnlTxRef/Amt/InstdAmt')
  const amountFen = amount === undefined ? undefined : parseYuan(amount)
  if (amount !== undefined && amountFen === undefined)
    return { row, column: 'InstdAmt', message: `“${amount}” is no amount` }
  return {
    row,
    ...place,
    result,
    amountFen,
    failCode: texts.get('StsRsnInf/Rsn/Cd') ?? texts.get('StsRsnInf/Rsn/Prtry'),
    failReason: texts.get('StsRsnInf/AddtlInf'),
    bankSerialNo: texts.get('AcctSvcrRef'),
    settledAtMs: instantOf(texts.get('AccptncDtTm')),
  }
}

export interface ReadReturn {
  readonly rows: readonly ReturnRow[]
  readonly errors: readonly ReturnRowError[]
}

/** Rows are the transactions in their order, from 1. */
export function readPain002(file: Uint8Array): ReadReturn {
  let transactions: Texts[]
  try {
    transactions = transactionsOf(new TextDecoder('utf-8', { fatal: true }).decode(file))
  } catch (error) {
    return {
      rows: [],
      errors: [{ row: 1, message: `the XML cannot be read: ${(error as Error).message.slice(0, 200)}` }],
    }
  }
  if (transactions.length === 0)
    return {
      rows: [],
      errors: [{ row: 1, message: 'the report names no transaction (TxInfAndSts): ask for one by line' }],
    }
  const read = transactions.map((texts, index) => readTransaction(texts, index + 1))
  const errors = read.filter((one): one is ReturnRowError => 'message' in one)
  return { rows: errors.length > 0 ? [] : (read as ReturnRow[]), errors }
}
