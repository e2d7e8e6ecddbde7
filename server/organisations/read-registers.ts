// The rows of a register file of an organisation: its member households, or the shares they hold (domain.md, A12 and A13).
import { z } from 'zod'
import { householdCodeCell, withoutGroups } from '../tabular/cells.ts'
import { readTable } from '../tabular/read-table.ts'
import type { RowError, TableColumn } from '../tabular/read-table.ts'
import { refuseRows } from '../tabular/refuse-rows.ts'
import type { NewHolding } from './enter-holdings.ts'
import { unitOfKind } from './rules.ts'
import { shareKinds, shareUnits } from './schema.ts'
import type { ShareKind, ShareUnit } from './schema.ts'

const maxRows = 20_000
/** Most bytes of a register file. */
export const maxRegisterFileBytes = 16 * 1024 * 1024

export interface MemberFileRow {
  readonly row: number
  readonly householdCode: string
  readonly headName: string | undefined
}

export interface HoldingFileRow {
  readonly row: number
  readonly headName: string | undefined
  readonly holding: NewHolding
}

const kindWords: Readonly<Record<string, ShareKind>> = {
  土地股: 'LAND',
  资金股: 'CAPITAL',
  基本股: 'BASIC',
  集体股: 'COLLECTIVE',
  公积金股: 'RESERVE',
  补助股: 'SUBSIDY',
}
const unitWords: Readonly<Record<string, ShareUnit>> = { 亩: 'mu', 元: 'yuan', 人: 'person', 股: 'share' }

function wordCell<T extends string>(words: Readonly<Record<string, T>>, codes: readonly T[]) {
  return z
    .string()
    .transform((text) => words[text] ?? text)
    .pipe(z.enum(codes, `is none of ${Object.keys(words).join(', ')}`))
}

/** Digits with at most three decimals, above zero → thousandths. */
const milliCell = z
  .string()
  .transform(withoutGroups)
  .pipe(z.string().regex(/^\d{1,12}(\.\d{1,3})?$/, 'is no number with at most three decimals'))
  .transform((text) => {
    const [whole = '0', rest = ''] = text.split('.')
    return Number(whole) * 1_000 + Number(rest.padEnd(3, '0'))
  })
  .pipe(z.number().min(1, 'is not above zero'))

const headName = {
  names: ['户主', '户主姓名', '姓名', 'headName'],
  schema: z.string().trim().max(40, 'is longer than 40 characters').optional(),
  isOptional: true,
  example: '王示例',
} as const
const codeNames = ['户编号', '农户编号', 'householdCode'] as const

/** Headers of a member register. */
export const memberColumns = {
  householdCode: { names: codeNames, schema: householdCodeCell, example: '5001121422010001' },
  headName,
} as const satisfies Record<string, TableColumn>

/** Headers of a share register; refusals name the column by its first one. */
export const holdingColumns = {
  householdCode: {
    names: codeNames,
    schema: householdCodeCell.optional(),
    isOptional: true,
    example: '5001121422010001',
  },
  headName,
  kind: { names: ['股权类型', '股种', 'kind'], schema: wordCell(kindWords, shareKinds), example: '土地股' },
  quantity: { names: ['数量', '面积（亩）', '面积', '出资额', 'quantity'], schema: milliCell, example: '3.2' },
  unit: {
    names: ['单位', 'unit'],
    schema: wordCell(unitWords, shareUnits).optional(),
    isOptional: true,
    example: '亩',
  },
  shares: { names: ['折股', '股数', '股份数', 'shares'], schema: milliCell, example: '32' },
} as const satisfies Record<string, TableColumn>

/** Refuses with the errors of its rows. */
export async function readMemberFile(file: Uint8Array): Promise<MemberFileRow[]> {
  const table = await readTable(file, memberColumns, { maxRows, maxBytes: maxRegisterFileBytes })
  const firstRows = new Map<string, number>()
  const repeated = table.rows.flatMap(({ row, values: { householdCode } }): RowError[] => {
    const first = firstRows.get(householdCode)
    if (first === undefined) firstRows.set(householdCode, row)
    return first === undefined ? [] : [{ row, column: codeNames[0], message: `repeats row ${first}` }]
  })
  refuseRows([...table.errors, ...repeated])
  return table.rows.map(({ row, values }) => ({ row, ...values }))
}

/** A unit that is left out is the one its kind is measured in. Refuses with the errors of its rows. */
export async function readHoldingFile(file: Uint8Array): Promise<HoldingFileRow[]> {
  const table = await readTable(file, holdingColumns, { maxRows, maxBytes: maxRegisterFileBytes })
  refuseRows(table.errors)
  return table.rows.map(({ row, values }) => {
    const { householdCode, kind, quantity: quantityMilli, unit = unitOfKind[kind], shares: sharesMilli } = values
    return { row, headName: values.headName, holding: { householdCode, kind, quantityMilli, unit, sharesMilli } }
  })
}
