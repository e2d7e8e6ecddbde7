// The rows of an income file: wages, grants, operating costs or the history of the paper register. Nothing is imported unless
// every row is right, the household's name fits its code, and the sums at the end of the file and on the clerk's paper agree.
import { z } from 'zod'
import { formatYuan } from '#shared/units/fen.ts'
import { dateCell, householdCodeCell, yuanCell } from '../tabular/cells.ts'
import { readTable } from '../tabular/read-table.ts'
import type { RowError, TableColumn } from '../tabular/read-table.ts'
import type { IncomeKind } from '../attribution/schema.ts'
import type { ImportKind } from './rules.ts'

const maxRows = 20_000
/** Most bytes of an income file. */
export const maxIncomeFileBytes = 16 * 1024 * 1024
/** No household earns ten million yuan in one row: a point was lost. */
const maxRowFen = 1_000_000_000
const earliestDay = '1990-01-01'

export interface ReadIncome {
  readonly row: number
  readonly householdCode: string
  readonly headName: string | undefined
  /** > 0. */
  readonly amountFen: number
  /** YYYY-MM-DD. */
  readonly day: string
  readonly detail: string
  readonly reference: string | undefined
  /** Of history only. */
  readonly incomeKind: IncomeKind | undefined
}

const sumWords = ['合计', '总计', 'total'] as const
const isSumWord = (text: string) => (sumWords as readonly string[]).includes(text.toLowerCase())

const kindWords: Readonly<Record<string, IncomeKind>> = {
  生产经营性: 'OPERATING',
  生产经营性收入: 'OPERATING',
  生产经营支出: 'OPERATING_COST',
  财产性: 'PROPERTY',
  财产性收入: 'PROPERTY',
  工资性: 'WAGE',
  工资性收入: 'WAGE',
  转移性: 'TRANSFER',
  转移性收入: 'TRANSFER',
}

const kindCell = z.string().transform((text, context): IncomeKind => {
  const kind = kindWords[text]
  if (kind !== undefined) return kind
  context.addIssue({ code: 'custom', message: `is no kind of income; it may be ${Object.keys(kindWords).join(', ')}` })
  return z.NEVER
})

const shortText = z.string().max(200, 'is longer than 200 characters')

/** Headers of a file of incomes. */
export const incomeColumns = {
  householdCode: {
    names: ['户编号', '农户编号', 'householdCode'],
    schema: z.union([z.string().refine(isSumWord), householdCodeCell], { error: 'is no household code of 16 digits' }),
    example: '5001121422010001',
  },
  headName: {
    names: ['户主', '户主姓名', '姓名', 'headName'],
    schema: shortText.optional(),
    isOptional: true,
    example: '王示例',
  },
  amountFen: { names: ['金额', '金额（元）', '金额(元)', 'amount'], schema: yuanCell, example: '2400.00' },
  day: { names: ['日期', '发放日期', 'date'], schema: dateCell.optional(), isOptional: true, example: '2026-11-27' },
  detail: {
    names: ['事由', '项目', '工种', 'detail'],
    schema: shortText.optional(),
    isOptional: true,
    example: '柑橘园采摘',
  },
  reference: {
    names: ['凭证号', '编号', 'reference'],
    schema: shortText.optional(),
    isOptional: true,
    example: 'G-0001',
  },
  incomeKind: {
    names: ['收入类型', 'incomeKind'],
    schema: kindCell.optional(),
    isOptional: true,
    example: '工资性收入',
  },
} as const satisfies Record<string, TableColumn>

export interface IncomeExpectation {
  /** The last day that a row may name, YYYY-MM-DD. */
  readonly today: string
  /** What the clerk's paper says, when it says so. */
  readonly totalFen?: number | undefined
  readonly rowCount?: number | undefined
}

export interface ReadIncomes {
  readonly incomes: readonly ReadIncome[]
  readonly totalFen: number
  readonly errors: readonly RowError[]
}

export async function readIncomes(
  file: Uint8Array,
  kind: ImportKind,
  expectation: IncomeExpectation,
): Promise<ReadIncomes> {
  const table = await readTable(file, incomeColumns, { maxRows, maxBytes: maxIncomeFileBytes })
  const errors: RowError[] = [...table.errors]
  const incomes: ReadIncome[] = []
  let totalFen = 0
  let sumRow: number | undefined
  for (const { row, values } of table.rows) {
    if (sumRow !== undefined) errors.push({ row, message: `stands below the sum of row ${sumRow}` })
    else if (isSumWord(values.householdCode)) {
      sumRow = row
      if (errors.length === 0 && values.amountFen !== totalFen)
        errors.push({
          row,
          column: incomeColumns.amountFen.names[0],
          message: `the rows above come to ${formatYuan(totalFen)}, not ${formatYuan(values.amountFen)}`,
        })
    } else {
      errors.push(...findRowErrors(row, values, kind, expectation.today))
      totalFen += values.amountFen
      const { householdCode, headName, amountFen, day = '', detail = '', reference, incomeKind } = values
      incomes.push({ row, householdCode, headName, amountFen, day, detail, reference, incomeKind })
    }
  }
  if (errors.length === 0) errors.push(...findSumErrors(incomes.length, totalFen, expectation))
  return { incomes, totalFen, errors }
}

interface Values {
  readonly amountFen: number
  readonly day: string | undefined
  readonly incomeKind: IncomeKind | undefined
}

function findRowErrors(
  row: number,
  { amountFen, day, incomeKind }: Values,
  kind: ImportKind,
  today: string,
): RowError[] {
  const errors: RowError[] = []
  if (amountFen > maxRowFen)
    errors.push({ row, column: incomeColumns.amountFen.names[0], message: `is above ${formatYuan(maxRowFen)}` })
  if (amountFen <= 0) errors.push({ row, column: incomeColumns.amountFen.names[0], message: 'is not above zero' })
  if (day === undefined) errors.push({ row, column: incomeColumns.day.names[0], message: 'is empty' })
  else if (day > today || day < earliestDay)
    errors.push({ row, column: incomeColumns.day.names[0], message: `${day} is not between ${earliestDay} and today` })
  if ((kind === 'history') !== (incomeKind !== undefined))
    errors.push({
      row,
      column: incomeColumns.incomeKind.names[0],
      message: kind === 'history' ? 'is empty' : `only history says its kind; this import is ${kind}`,
    })
  return errors
}

function findSumErrors(rowCount: number, totalFen: number, expected: IncomeExpectation): RowError[] {
  const errors: RowError[] = []
  if (rowCount === 0) errors.push({ row: 2, message: 'the table has no row above its sum' })
  if (expected.rowCount !== undefined && expected.rowCount !== rowCount)
    errors.push({ row: 1, message: `the file has ${rowCount} rows, the paper says ${expected.rowCount}` })
  if (expected.totalFen !== undefined && expected.totalFen !== totalFen)
    errors.push({
      row: 1,
      message: `the file comes to ${formatYuan(totalFen)}, the paper says ${formatYuan(expected.totalFen)}`,
    })
  return errors
}
