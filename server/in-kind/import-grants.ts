// Imports lists of goods granted in kind, all rows or none.
import { createHash } from 'node:crypto'
import { eq, inArray } from 'drizzle-orm'
import { z } from 'zod'
import type { importInKindGrants as importRoute } from '#shared/contracts/http/in-kind.ts'
import { districtDateStartMs } from '#shared/time/district-time.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { insertRows, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { findKnownHouseholds } from '../households/find-unknown-household.ts'
import { householdCodeCell, kilogramCell } from '../tabular/cells.ts'
import { readTable } from '../tabular/read-table.ts'
import type { RowError } from '../tabular/read-table.ts'
import { refuseRows } from '../tabular/refuse-rows.ts'
import type { InKindItem } from './schema.ts'

type Imported = z.input<(typeof importRoute)['reply']>

/** Keys asked for in one statement; both dialects bind far more. */
const keysPerStatement = 500

const fileKeyOf = (fileHash: string) => `file ${fileHash}`
const grantKeyOf = (documentNumber: string, { householdCode, item }: { householdCode: string; item: InKindItem }) =>
  JSON.stringify([documentNumber, householdCode, item])

const itemByWord: Readonly<Record<string, InKindItem>> = {
  化肥: 'FERTILISER',
  肥料: 'FERTILISER',
  fertiliser: 'FERTILISER',
  种子: 'SEED',
  seed: 'SEED',
  其他: 'OTHER',
  other: 'OTHER',
}
/** Headers of a list of goods granted in kind. */
export const grantColumns = {
  householdCode: { names: ['户编号', 'household'], schema: householdCodeCell, example: '5001121422010001' },
  item: {
    names: ['物资', 'item'],
    schema: z
      .string()
      .transform((text) => itemByWord[text.trim().toLowerCase()])
      .pipe(z.enum(['FERTILISER', 'SEED', 'OTHER'], 'is none of 化肥, 种子, 其他')),
    example: '化肥',
  },
  massMg: {
    names: ['数量(kg)', '重量(kg)', 'kg'],
    schema: kilogramCell.refine((mg) => mg > 0, 'is not above zero'),
    example: '150',
  },
} as const

export interface GrantFile {
  readonly fileHash: string
  readonly grants: ReadonlyArray<{
    readonly row: number
    readonly householdCode: string
    readonly item: InKindItem
    readonly massMg: number
  }>
}

/** Reads a list of household, item and kilograms. Refuses with the errors of its rows; an item twice for a household is one. */
export async function readGrantFile(file: Uint8Array): Promise<GrantFile> {
  const table = await readTable(file, grantColumns)
  const firstRows = new Map<string, number>()
  const repeated: RowError[] = []
  for (const { row, values } of table.rows) {
    const key = `${values.householdCode}/${values.item}`
    const first = firstRows.get(key)
    if (first === undefined) firstRows.set(key, row)
    else repeated.push({ row, column: '户编号', message: `repeats row ${first}` })
  }
  refuseRows([...table.errors, ...repeated])
  return {
    fileHash: createHash('sha256').update(file).digest('hex'),
    grants: table.rows.map(({ row, values }) => ({ row, ...values })),
  }
}

/**
 * Refuses with in_kind.file_known, and row by row where a household is not registered or the document has granted it the item
 * already: the same list saved in another format is still the same list.
 */
export function* importGrants(
  ctx: UnitContext,
  input: GrantFile & {
    readonly byAccountId: string
    readonly documentNumber: string
    /** YYYY-MM-DD. */
    readonly grantedOn: string
  },
): Unit<Imported> {
  const { byAccountId, documentNumber, grantedOn, fileHash, grants } = input
  const { inKindImports: i, inKindGrants, inKindKeys: k } = ctx.tables
  const known = yield* one(
    ctx.db
      .select({ key: k.key })
      .from(k)
      .where(eq(k.key, fileKeyOf(fileHash))),
  )
  if (known !== undefined) throw new RefusalError('in_kind.file_known')
  const codes = new Set(grants.map(({ householdCode }) => householdCode))
  const registered = yield* findKnownHouseholds(ctx, [...codes])
  refuseRows(
    grants
      .filter(({ householdCode }) => !registered.has(householdCode))
      .map(({ row }) => ({ row, column: '户编号', message: 'is not in the register' })),
  )
  refuseRows(yield* findGranted(ctx, documentNumber, grants))
  const importId = ctx.newId()
  const grantedAtMs = districtDateStartMs(grantedOn)
  const importedBy = { importedBy: byAccountId, importedAtMs: ctx.now() }
  yield* insertRows(i, [{ importId, documentNumber, grantedAtMs, fileHash, ...importedBy }])
  yield* insertRows(
    inKindGrants,
    grants.map((grant) => ({ importId, ...grant })),
  )
  yield* insertRows(k, [
    { key: fileKeyOf(fileHash), importId, row: 0 },
    ...grants.map((grant) => ({ key: grantKeyOf(documentNumber, grant), importId, row: grant.row })),
  ])
  const totals = totalsOf(grants)
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'in_kind.imported',
    subjectId: importId,
    detail: { documentNumber, fileHash, totals },
  })
  return { importId, rows: grants.length, households: codes.size, totals }
}

/** Households and masses by item; a list names an item of a household once. */
export function totalsOf(grants: ReadonlyArray<{ readonly item: InKindItem; readonly massMg: number }>) {
  const masses = new Map<InKindItem, { households: number; massMg: number }>()
  for (const { item, massMg } of grants) {
    const sum = masses.get(item) ?? { households: 0, massMg: 0 }
    masses.set(item, { households: sum.households + 1, massMg: sum.massMg + massMg })
  }
  return [...masses].map(([item, sum]) => ({ item, ...sum }))
}

/** The rows that another list of the same document has granted before. */
function* findGranted(
  { db, tables: { inKindKeys: k } }: UnitContext,
  documentNumber: string,
  grants: GrantFile['grants'],
): Unit<RowError[]> {
  const keys = grants.map((grant) => grantKeyOf(documentNumber, grant))
  const earlier = new Map<string, number>()
  for (let from = 0; from < keys.length; from += keysPerStatement) {
    const found = yield* rows(
      db
        .select({ key: k.key, row: k.row })
        .from(k)
        .where(inArray(k.key, keys.slice(from, from + keysPerStatement))),
    )
    for (const { key, row } of found) earlier.set(key, row)
  }
  return grants.flatMap(({ row }, place): RowError[] => {
    const before = earlier.get(keys[place] ?? '')
    if (before === undefined) return []
    return [{ row, column: '户编号', message: `is imported already: row ${before} of ${documentNumber}` }]
  })
}
