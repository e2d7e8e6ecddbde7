// Goods granted in kind as people see them: within the viewer's scope, and the imports that they came by.
import { and, asc, desc, eq, inArray, sql } from 'drizzle-orm'
import type { z } from 'zod'
import type { getInKindTotals, InKindGrant, InKindImport } from '#shared/contracts/http/in-kind.ts'
import { countRows, sumOf } from '../db/expressions.ts'
import type { Page, PageRequest } from '../db/keyset.ts'
import { behindKey, keyOfCursor, pageOfRows } from '../db/keyset.ts'
import { one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { namesOfPeople } from '../identity/people-names.ts'
import { householdScope } from '../personal-data/row-scope.ts'
import type { Viewer } from '../personal-data/row-scope.ts'
import type { InKindItem } from './schema.ts'

type GrantView = z.input<typeof InKindGrant>
type ImportView = z.input<typeof InKindImport>
type Totals = z.input<(typeof getInKindTotals)['reply']>

/** Grants in the viewer's scope by household; what was taken back stands below zero beside what it takes back. */
export function* listGrants(
  ctx: UnitContext,
  viewer: Viewer,
  query: PageRequest & { readonly householdCode?: string | undefined; readonly item?: InKindItem | undefined },
): Unit<Page<GrantView>> {
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
        reason: i.reason,
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
    ({ reason, ...row }) => ({ ...row, ...(reason === null ? {} : { reason }) }),
  )
}

/** What stands: of whom all was taken back is no household that received anything. */
export function* showTotals(ctx: UnitContext, viewer: Viewer): Unit<Totals> {
  const { inKindGrants: g, households: h } = ctx.tables
  const massMg = sumOf(g.massMg)
  const standing = ctx.db
    .select({ householdCode: g.householdCode, item: g.item, massMg: massMg.as('mass_mg') })
    .from(g)
    .innerJoin(h, eq(h.householdCode, g.householdCode))
    .where(householdScope(ctx, viewer))
    .groupBy(g.householdCode, g.item)
    .having(sql`${massMg} > 0`)
    .as('standing')
  const distinct = sql<number>`count(distinct ${standing.householdCode})`.mapWith(Number)
  const all = yield* one(ctx.db.select({ households: distinct }).from(standing))
  const totals = yield* rows(
    ctx.db
      .select({ item: standing.item, households: countRows(), massMg: sumOf(sql`${standing.massMg}`) })
      .from(standing)
      .groupBy(standing.item)
      .orderBy(asc(standing.item)),
  )
  return { households: all?.households ?? 0, totals }
}

/** Imports and reversals, newest first. */
export function* listImports(ctx: UnitContext, request: PageRequest): Unit<Page<ImportView>> {
  const { inKindImports: i, inKindGrants: g } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select()
      .from(i)
      .where(behindKey([i.importId], keyOfCursor(request.cursor, 1), 'descending'))
      .orderBy(desc(i.importId))
      .limit(request.limit + 1),
  )
  const ids = found.map(({ importId }) => importId)
  const totals = yield* rows(
    ctx.db
      .select({ importId: g.importId, item: g.item, households: countRows(), massMg: sumOf(g.massMg) })
      .from(g)
      .where(inArray(g.importId, ids))
      .groupBy(g.importId, g.item)
      .orderBy(asc(g.item)),
  )
  const reversals = yield* rows(
    ctx.db
      .select({ importId: i.importId, reverses: i.reversesImportId })
      .from(i)
      .where(inArray(i.reversesImportId, ids)),
  )
  const people = yield* namesOfPeople(
    ctx,
    found.map(({ importedBy }) => importedBy),
  )
  return pageOfRows(
    found,
    request.limit,
    (row) => [row.importId],
    ({ fileHash: _fileHash, reversesImportId, reason, ...row }): ImportView => {
      const reversedByImportId = reversals.find(({ reverses }) => reverses === row.importId)?.importId
      return {
        ...row,
        ...(reversesImportId === null ? {} : { reversesImportId }),
        ...(reason === null ? {} : { reason }),
        ...(reversedByImportId === undefined ? {} : { reversedByImportId }),
        importedByName: people.get(row.importedBy),
        totals: totals.flatMap(({ importId, ...total }) => (importId === row.importId ? [total] : [])),
      }
    },
  )
}
