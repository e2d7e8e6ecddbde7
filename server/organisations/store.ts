// The organisations' SQL: lists by key, and rows by id.
import { and, asc, desc, eq, gt, isNull, lte, or, sql } from 'drizzle-orm'
import { countRows, sumOf } from '../db/expressions.ts'
import type { NamedPageRequest, Page, PageRequest } from '../db/keyset.ts'
import { behindKey, behindName, inNameOrder, keyOfCursor, pageOfRows } from '../db/keyset.ts'
import { one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import type { OrganisationRow } from './require-organisation.ts'
import type { LegalType, ShareKind } from './schema.ts'

export type MemberRow = UnitContext['tables']['organisationMembers']['$inferSelect']
export type HoldingRow = UnitContext['tables']['shareHoldings']['$inferSelect']
export type CharterRow = UnitContext['tables']['charters']['$inferSelect']

/** Organisations by name. */
export function* findOrganisations(
  { db, tables: { organisations: t } }: UnitContext,
  query: NamedPageRequest & { readonly legalType?: LegalType | undefined },
): Unit<Page<OrganisationRow>> {
  const found = yield* rows(
    db
      .select()
      .from(t)
      .where(
        and(behindName([t.name], query), query.legalType === undefined ? undefined : eq(t.legalType, query.legalType)),
      )
      .orderBy(...inNameOrder([t.name], query))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    (row) => [row.name],
    (row) => row,
  )
}

export function* countMembers(
  { db, tables: { organisationMembers: t } }: UnitContext,
  organisationId: string,
): Unit<number> {
  const isCurrent = and(eq(t.organisationId, organisationId), isNull(t.toMs))
  return (yield* one(db.select({ members: countRows() }).from(t).where(isCurrent)))?.members ?? 0
}

/** Shares held now by kind, in thousandths. */
export function* sumShares(
  { db, tables: { shareHoldings: t } }: UnitContext,
  organisationId: string,
): Unit<Array<{ kind: ShareKind; holders: number; quantityMilli: number; sharesMilli: number }>> {
  return yield* rows(
    db
      .select({
        kind: t.kind,
        holders: countRows(),
        quantityMilli: sumOf(t.quantityMilli),
        sharesMilli: sumOf(t.sharesMilli),
      })
      .from(t)
      .where(and(eq(t.organisationId, organisationId), isNull(t.toMs)))
      .groupBy(t.kind)
      .orderBy(asc(t.kind)),
  )
}

/** Memberships by household, the history with those that ended. */
export function* findMembers(
  { db, tables: { organisationMembers: m, households: h } }: UnitContext,
  organisationId: string,
  query: PageRequest & { readonly isHistory: boolean },
): Unit<Page<MemberRow & { headName: string }>> {
  const found = yield* rows(
    db
      .select({
        organisationId: m.organisationId,
        householdCode: m.householdCode,
        headName: h.headName,
        fromMs: m.fromMs,
        toMs: m.toMs,
      })
      .from(m)
      .innerJoin(h, eq(h.householdCode, m.householdCode))
      .where(
        and(
          eq(m.organisationId, organisationId),
          query.isHistory ? undefined : isNull(m.toMs),
          behindKey([m.householdCode, m.fromMs], keyOfCursor(query.cursor, 2), 'ascending'),
        ),
      )
      .orderBy(asc(m.householdCode), asc(m.fromMs))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    (row) => [row.householdCode, row.fromMs],
    (row) => row,
  )
}

export interface HoldingQuery extends PageRequest {
  readonly householdCode?: string | undefined
  /** Held at this instant; undefined: all of history. */
  readonly atMs?: number | undefined
}

/** Rows held at an instant. */
export function heldAt({ tables: { shareHoldings: t } }: UnitContext, atMs: number) {
  return and(lte(t.fromMs, atMs), or(isNull(t.toMs), gt(t.toMs, atMs)))
}

/** Holdings by holder, the organisation's own first. */
export function* findHoldings(ctx: UnitContext, organisationId: string, query: HoldingQuery): Unit<Page<HoldingRow>> {
  const { shareHoldings: t } = ctx.tables
  const holder = sql<string>`coalesce(${t.householdCode}, '')`
  const key = keyOfCursor(query.cursor, 2)
  const found = yield* rows(
    ctx.db
      .select()
      .from(t)
      .where(
        and(
          eq(t.organisationId, organisationId),
          query.householdCode === undefined ? undefined : eq(t.householdCode, query.householdCode),
          query.atMs === undefined ? undefined : heldAt(ctx, query.atMs),
          key === undefined
            ? undefined
            : sql`(${holder} > ${key[0]} or (${holder} = ${key[0]} and ${t.holdingId} > ${key[1]}))`,
        ),
      )
      .orderBy(asc(holder), asc(t.holdingId))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    (row) => [row.householdCode ?? '', row.holdingId],
    (row) => row,
  )
}

export function* findCharters(
  { db, tables: { charters: t } }: UnitContext,
  organisationId: string,
): Unit<CharterRow[]> {
  return yield* rows(db.select().from(t).where(eq(t.organisationId, organisationId)).orderBy(desc(t.version)))
}
