// Imports and their lines, for those who check them.
import { and, asc, eq } from 'drizzle-orm'
import type { z } from 'zod'
import type { IncomeImport, listImportLines } from '#shared/contracts/http/incomes.ts'
import type { Page, PageRequest, TimedPageRequest } from '../db/keyset.ts'
import { behindInTime, behindKey, inTimeOrder, keyOfCursor, pageOfRows } from '../db/keyset.ts'
import { one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { namesOfPeople } from '../identity/people-names.ts'
import type { ImportRow } from './import-incomes.ts'

export type ImportView = z.input<typeof IncomeImport>
type LineView = z.input<(typeof listImportLines)['reply']>['rows'][number]

export function showImport({ organisationId, sha256, reversesImportId, reason, ...row }: ImportRow): ImportView {
  return {
    ...row,
    ...(organisationId === null ? {} : { organisationId }),
    ...(sha256 === null ? {} : { sha256 }),
    ...(reversesImportId === null ? {} : { reversesImportId }),
    ...(reason === null ? {} : { reason }),
  }
}

export function* listImports(ctx: UnitContext, request: TimedPageRequest): Unit<Page<ImportView>> {
  const { incomeImports: t } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select()
      .from(t)
      .where(behindInTime([t.importId], request))
      .orderBy(...inTimeOrder([t.importId], request))
      .limit(request.limit + 1),
  )
  const people = yield* namesOfPeople(
    ctx,
    found.map(({ importedBy }) => importedBy),
  )
  return pageOfRows(
    found,
    request.limit,
    (row) => [row.importId],
    (row) => ({ ...showImport(row), importedByName: people.get(row.importedBy) }),
  )
}

/** Refuses with income.import_unknown. */
export function* listLinesOfImport(ctx: UnitContext, importId: string, request: PageRequest): Unit<Page<LineView>> {
  const { incomeImports: i, incomeLines: t } = ctx.tables
  const known = yield* one(ctx.db.select({ importId: i.importId }).from(i).where(eq(i.importId, importId)))
  if (known === undefined) throw new RefusalError('income.import_unknown')
  const found = yield* rows(
    ctx.db
      .select()
      .from(t)
      .where(and(eq(t.importId, importId), behindKey([t.row], keyOfCursor(request.cursor, 1), 'ascending')))
      .orderBy(asc(t.row))
      .limit(request.limit + 1),
  )
  return pageOfRows(
    found,
    request.limit,
    (line) => [line.row],
    ({ importId: _importId, lineId: _lineId, reference, ...line }) => ({
      ...line,
      ...(reference === null ? {} : { reference }),
    }),
  )
}
