// Imports lists of goods granted in kind, all rows or none, and shows them within the viewer's scope.
import { createHash } from 'node:crypto'
import { and, asc, eq, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { getInKindTotals, importInKindGrants as importRoute, InKindGrant } from '#shared/contracts/http/in-kind.ts'
import { districtDateStartMs } from '#shared/time/district-time.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { sumOf } from '../db/expressions.ts'
import type { Page, PageRequest } from '../db/keyset.ts'
import { behindKey, keyOfCursor, pageOfRows } from '../db/keyset.ts'
import { insertRows, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { findKnownHouseholds } from '../households/find-unknown-household.ts'
import { householdScope } from '../personal-data/row-scope.ts'
import type { Viewer } from '../personal-data/row-scope.ts'
import { householdCodeCell, kilogramCell } from '../tabular/cells.ts'
import { readTable } from '../tabular/read-table.ts'
import type { RowError } from '../tabular/read-table.ts'
import { refuseRows } from '../tabular/refuse-rows.ts'
import type { InKindItem } from './schema.ts'

export type InKindView = z.input<typeof InKindGrant>
type Imported = z.input<(typeof importRoute)['reply']>
type Totals = z.input<(typeof getInKindTotals)['reply']>

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
  const { inKindImports: i, inKindGrants } = ctx.tables
  const known = yield* one(ctx.db.select({ importId: i.importId }).from(i).where(eq(i.fileHash, fileHash)))
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
  const masses = new Map<InKindItem, { households: number; massMg: number }>()
  for (const { item, massMg } of grants) {
    const sum = masses.get(item) ?? { households: 0, massMg: 0 }
    masses.set(item, { households: sum.households + 1, massMg: sum.massMg + massMg })
  }
  const totals = [...masses].map(([item, sum]) => ({ item, ...sum }))
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'in_kind.imported',
    subjectId: importId,
    detail: { documentNumber, fileHash, totals },
  })
  return { importId, rows: grants.length, households: codes.size, totals }
}

/** The rows that another list of the same document has granted before. */
function* findGranted(
  { db, tables: { inKindGrants: g, inKindImports: i } }: UnitContext,
  documentNumber: string,
  grants: GrantFile['grants'],
): Unit<RowError[]> {
  const found = yield* rows(
    db
      .select({ householdCode: g.householdCode, item: g.item, row: g.row })
      .from(g)
      .innerJoin(i, eq(i.importId, g.importId))
      .where(eq(i.documentNumber, documentNumber)),
  )
  const earlier = new Map(found.map(({ householdCode, item, row }) => [`${householdCode}/${item}`, row]))
  return grants.flatMap(({ row, householdCode, item }): RowError[] => {
    const before = earlier.get(`${householdCode}/${item}`)
    if (before === undefined) return []
    return [{ row, column: '户编号', message: `is imported already: row ${before} of ${documentNumber}` }]
  })
}

/** Grants in the viewer's scope by household. */
export function* listGrants(
  ctx: UnitContext,
  viewer: Viewer,
  query: PageRequest & { readonly householdCode?: string | undefined; readonly item?: InKindItem | undefined },
): Unit<Page<InKindView>> {
  const { inKindGrants: g, inKindImports: i, households: h } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select({
        importId: g.importId,
        row: g.row,
        householdCode: g.householdCode,
        headName: h.headName,
        item: g.item,
        massMg: g.massMg,
        documentNumber: i.documentNumber,
        grantedAtMs: i.grantedAtMs,
      })
      .from(g)
      .innerJoin(i, eq(i.importId, g.importId))
      .innerJoin(h, eq(h.householdCode, g.householdCode))
      .where(
        and(
          householdScope(ctx, viewer),
          query.householdCode === undefined ? undefined : eq(g.householdCode, query.householdCode),
          query.item === undefined ? undefined : eq(g.item, query.item),
          behindKey([g.householdCode, g.importId, g.row], keyOfCursor(query.cursor, 3), 'ascending'),
        ),
      )
      .orderBy(asc(g.householdCode), asc(g.importId), asc(g.row))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    ({ householdCode, importId, row }) => [householdCode, importId, row],
    (row) => row,
  )
}

export function* showTotals(ctx: UnitContext, viewer: Viewer): Unit<Totals> {
  const { inKindGrants: g, households: h } = ctx.tables
  const distinct = sql<number>`count(distinct ${g.householdCode})`.mapWith(Number)
  const all = yield* one(
    ctx.db
      .select({ households: distinct })
      .from(g)
      .innerJoin(h, eq(h.householdCode, g.householdCode))
      .where(householdScope(ctx, viewer)),
  )
  const totals = yield* rows(
    ctx.db
      .select({ item: g.item, households: distinct, massMg: sumOf(g.massMg) })
      .from(g)
      .innerJoin(h, eq(h.householdCode, g.householdCode))
      .where(householdScope(ctx, viewer))
      .groupBy(g.item)
      .orderBy(asc(g.item)),
  )
  return { households: all?.households ?? 0, totals }
}
