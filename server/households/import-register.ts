// Imports the register from CSV or XLSX, all rows or none: households that are new are entered with their villages, those that are
// known change where the file differs, each change with its history. An empty cell leaves what is known; nothing is ever deleted.
import { z } from 'zod'
import { recordAudit } from '../audit/record-audit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { maskNumbers } from '../personal-data/mask-numbers.ts'
import type { Sealer } from '../personal-data/seal.ts'
import type { Viewer } from '../personal-data/row-scope.ts'
import { householdCodeCell } from '../tabular/cells.ts'
import { readTable } from '../tabular/read-table.ts'
import type { RowError } from '../tabular/read-table.ts'
import { refuseRows } from '../tabular/refuse-rows.ts'
import { changeHousehold } from './change-household.ts'
import { enterHouseholds } from './enter-households.ts'
import type { NewHousehold } from './enter-households.ts'
import { findKnownHouseholds, findTakenOutHouseholds } from './find-unknown-household.ts'
import { sealPhone } from './phone.ts'
import { nameVillages } from './name-villages.ts'
import type { PlacedRow } from './name-villages.ts'
import type { HouseholdKind } from './schema.ts'

const kindByWord: Readonly<Record<string, HouseholdKind>> = {
  贫困户: 'POOR',
  脱贫户: 'EXITED',
  脱贫不稳定户: 'UNSTABLE_EXITED',
  边缘易致贫户: 'EDGE_AT_RISK',
  突发严重困难户: 'SUDDEN_HARDSHIP',
  一般农户: 'ORDINARY',
}
const kinds = ['POOR', 'EXITED', 'UNSTABLE_EXITED', 'EDGE_AT_RISK', 'SUDDEN_HARDSHIP', 'ORDINARY'] as const
const wholeCell = (lowest: number, highest: number) =>
  z
    .string()
    .regex(/^\d{1,4}$/, 'is no whole number')
    .transform(Number)
    .pipe(z.number().min(lowest, `is below ${lowest}`).max(highest, `is above ${highest}`))

const nameCell = z
  .string()
  .trim()
  .min(1)
  .max(40)
  .refine((name) => maskNumbers(name) === name, 'holds what looks like somebody’s number')

/** Headers of the register. */
export const registerColumns = {
  householdCode: { names: ['户编号', 'household'], schema: householdCodeCell, example: '5001121422010001' },
  headName: {
    names: ['户主', '户主姓名', 'head'],
    schema: nameCell,
    example: '王示例',
  },
  phone: {
    names: ['电话', '联系电话', 'phone'],
    schema: z
      .string()
      .regex(/^1\d{10}$/, 'is no mobile number of 11 digits')
      .optional(),
    isOptional: true,
    example: '13800000000',
  },
  population: { names: ['家庭人口', '人口', 'population'], schema: wholeCell(1, 30), example: '4' },
  kind: {
    names: ['户类型', '类型', 'kind'],
    schema: z
      .string()
      .transform((text) => kindByWord[text.trim()] ?? text.trim())
      .pipe(z.enum(kinds, `is none of ${Object.keys(kindByWord).join(', ')}`)),
    example: '脱贫户',
  },
  identifiedYear: {
    names: ['识别年度', 'identified'],
    schema: wholeCell(2013, 2100).optional(),
    isOptional: true,
    example: '2014',
  },
  exitedYear: {
    names: ['脱贫年度', 'exited'],
    schema: wholeCell(2013, 2100).optional(),
    isOptional: true,
    example: '2018',
  },
  villageName: {
    names: ['村', '行政村', '村名', 'village'],
    schema: nameCell.optional(),
    isOptional: true,
    example: '演示一村',
  },
  townName: {
    names: ['乡镇', '镇', '乡镇名', 'town'],
    schema: nameCell.optional(),
    isOptional: true,
    example: '大盛镇',
  },
} as const

/** A household of the file, with its row and where it is. */
export interface RegisterRow extends NewHousehold, PlacedRow {}

/** Reads the file and seals its phone numbers. Refuses with the errors of its rows. */
export async function readRegisterFile(file: Uint8Array, sealer: Sealer): Promise<RegisterRow[]> {
  const table = await readTable(file, registerColumns)
  const firstRows = new Map<string, number>()
  const repeated: RowError[] = []
  for (const { row, values } of table.rows) {
    const first = firstRows.get(values.householdCode)
    if (first === undefined) firstRows.set(values.householdCode, row)
    else repeated.push({ row, column: '户编号', message: `repeats row ${first}` })
  }
  refuseRows([...table.errors, ...repeated])
  return table.rows.map(({ row, values: { phone, ...facts } }) => ({
    row,
    ...facts,
    ...(phone === undefined ? {} : { phone: sealPhone(sealer, facts.householdCode, phone) }),
  }))
}

export interface RegisterImport {
  readonly entered: number
  readonly changed: number
  readonly unchanged: number
}

/** Refuses row by row where a village is neither known nor named, or the household was taken out. */
export function* importRegister(
  ctx: UnitContext,
  input: { readonly viewer: Viewer; readonly rows: readonly RegisterRow[]; readonly reason: string },
): Unit<RegisterImport> {
  const { viewer, reason } = input
  yield* nameVillages(ctx, { placed: input.rows, byAccountId: viewer.accountId, reason })
  const codes = input.rows.map(({ householdCode }) => householdCode)
  const takenOut = yield* findTakenOutHouseholds(ctx, codes)
  refuseRows(
    input.rows
      .filter(({ householdCode }) => takenOut.has(householdCode))
      .map(({ row }) => ({ row, column: '户编号', message: 'was taken out of the register and is not given again' })),
  )
  const known = yield* findKnownHouseholds(ctx, codes)
  const fresh = input.rows.filter(({ householdCode }) => !known.has(householdCode))
  const entered = yield* enterHouseholds(ctx, fresh)
  let changed = 0
  for (const { row: _row, villageName: _village, townName: _town, householdCode, ...change } of input.rows) {
    if (!known.has(householdCode)) continue
    if ((yield* changeHousehold(ctx, { viewer, householdCode, change, reason })) > 0) changed += 1
  }
  const done = { entered, changed, unchanged: input.rows.length - entered - changed }
  yield* recordAudit(ctx, {
    accountId: viewer.accountId,
    action: 'household.register_imported',
    subjectId: ctx.newId(),
    why: reason,
    detail: { ...done },
  })
  return done
}
