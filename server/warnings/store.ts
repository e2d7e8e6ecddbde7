// The facts that the rules judge, for a chunk of households at a time, each with one statement over the chunk.
import { and, asc, desc, eq, gt, gte, inArray, isNull, ne, sql } from 'drizzle-orm'
import { rows, one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { accountIdOf, ownerIdOf } from '../ledger/account-kinds.ts'
import type { Line, Season } from './rules.ts'

export interface JudgedHousehold {
  readonly householdCode: string
  readonly population: number
}

/** Relief households after a code, in the order of their codes; co-op members who are none are not watched. */
export function* nextHouseholds(ctx: UnitContext, afterCode: string, limit: number): Unit<JudgedHousehold[]> {
  const { households: h } = ctx.tables
  return yield* rows(
    ctx.db
      .select({ householdCode: h.householdCode, population: h.population })
      .from(h)
      .where(and(gt(h.householdCode, afterCode), ne(h.kind, 'ORDINARY'), isNull(h.takenOutAtMs)))
      .orderBy(asc(h.householdCode))
      .limit(limit),
  )
}

/** The line of a year in its newest version. */
export function* findLine(ctx: UnitContext, year: number): Unit<Line | undefined> {
  const { monitoringLines: t } = ctx.tables
  return yield* one(ctx.db.select().from(t).where(eq(t.year, year)).orderBy(desc(t.version)).limit(1))
}

export interface GrownProduct {
  readonly householdCode: string
  readonly skuId: string
  readonly skuName: string
  readonly season: Season
}

/** Products with a season that the households delivered since an instant. */
export function* findGrownProducts(
  ctx: UnitContext,
  householdCodes: readonly string[],
  sinceMs: number,
): Unit<GrownProduct[]> {
  const { lotSources: s, lots: l, skus, productSeasons: p } = ctx.tables
  const found = yield* rows(
    ctx.db
      .selectDistinct({
        householdCode: s.householdCode,
        skuId: l.skuId,
        skuName: skus.name,
        fromDay: p.fromDay,
        toDay: p.toDay,
      })
      .from(s)
      .innerJoin(l, eq(l.lotId, s.lotId))
      .innerJoin(skus, eq(skus.skuId, l.skuId))
      .innerJoin(p, eq(p.skuId, l.skuId))
      .where(and(inArray(s.householdCode, [...householdCodes]), gte(l.harvestedAtMs, sinceMs))),
  )
  return found.map(({ fromDay, toDay, ...product }) => ({ ...product, season: { fromDay, toDay } }))
}

/** The last sale of each household's products since an instant, by `<household>/<sku>`. */
export function* findLastSales(
  ctx: UnitContext,
  householdCodes: readonly string[],
  sinceMs: number,
): Unit<Map<string, number>> {
  const { ledgerEntries: e, ledgerTransfers: t, attributedLines: a, lots: l } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select({
        accountId: e.accountId,
        skuId: l.skuId,
        soldAtMs: sql<number>`max(${a.soldAtMs})`.mapWith(Number),
      })
      .from(e)
      .innerJoin(t, and(eq(t.id, e.transferId), eq(t.causeKind, 'sale-line')))
      .innerJoin(a, eq(a.saleLineId, t.causeId))
      .innerJoin(l, eq(l.lotId, a.lotId))
      .where(
        and(
          inArray(
            e.accountId,
            householdCodes.map((code) => accountIdOf('household', code)),
          ),
          gte(e.atMs, sinceMs),
        ),
      )
      .groupBy(e.accountId, l.skuId),
  )
  return new Map(found.map(({ accountId, skuId, soldAtMs }) => [`${ownerIdOf(accountId)}/${skuId}`, soldAtMs]))
}

/** Notices that are open. */
export function* findOpenSurplus(ctx: UnitContext, householdCodes: readonly string[]) {
  const { surplusNotices: n } = ctx.tables
  return yield* rows(
    ctx.db
      .select({
        householdCode: n.householdCode,
        noticeId: n.noticeId,
        productName: n.productName,
        leftMg: sql<number>`${n.massMg} - ${n.deliveredMg}`.mapWith(Number),
        openedAtMs: n.openedAtMs,
      })
      .from(n)
      .where(and(inArray(n.householdCode, [...householdCodes]), isNull(n.closedAtMs))),
  )
}

/** What a household was to be paid of one kind of income and did not get, since it last got any. */
export interface FailedPayout {
  readonly householdCode: string
  /** Of the failure that was first, and of the last one. */
  readonly firstLineId: string
  readonly lineId: string
  readonly amountFen: number
  readonly failures: number
  readonly lastReason: string
}

/** Payouts that the bank refused or sent back, again after again: of the same line or, once its money was owed anew, of the next. */
export function* findFailedPayouts(ctx: UnitContext, householdCodes: readonly string[]): Unit<FailedPayout[]> {
  const { payoutAttempts: a } = ctx.tables
  const attempts = yield* rows(
    ctx.db
      .select({
        householdCode: a.householdCode,
        incomeKind: a.incomeKind,
        batchId: a.batchId,
        lineId: a.lineId,
        amountFen: a.amountFen,
        failReason: a.failReason,
      })
      .from(a)
      .where(and(inArray(a.householdCode, [...householdCodes]), inArray(a.outcome, ['failed', 'returned'])))
      .orderBy(asc(a.batchId), asc(a.seq)),
  )
  if (attempts.length === 0) return []
  const paid = yield* rows(
    ctx.db
      .select({
        householdCode: a.householdCode,
        incomeKind: a.incomeKind,
        batchId: sql<string>`max(${a.batchId})`,
      })
      .from(a)
      .where(
        and(
          inArray(a.householdCode, [...new Set(attempts.map(({ householdCode }) => householdCode))]),
          eq(a.outcome, 'paid'),
        ),
      )
      .groupBy(a.householdCode, a.incomeKind),
  )
  const lastPaid = new Map(paid.map(({ householdCode, incomeKind, batchId }) => [householdCode + incomeKind, batchId]))
  const failed = new Map<string, FailedPayout>()
  for (const { incomeKind, batchId, failReason, ...line } of attempts) {
    const key = line.householdCode + incomeKind
    // Batches are numbered by time.
    if (batchId < (lastPaid.get(key) ?? '')) continue
    const before = failed.get(key)
    const firstLineId = before?.firstLineId ?? line.lineId
    failed.set(key, { ...line, firstLineId, failures: (before?.failures ?? 0) + 1, lastReason: failReason ?? '' })
  }
  return [...failed.values()]
}

/** `<household>/<rule>` of warnings that wait for an outcome. */
export function* findOpenWarnings(ctx: UnitContext, householdCodes: readonly string[]): Unit<Set<string>> {
  const { warnings: w } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select({ householdCode: w.householdCode, rule: w.rule })
      .from(w)
      .where(and(inArray(w.householdCode, [...householdCodes]), isNull(w.outcome))),
  )
  return new Set(found.map(({ householdCode, rule }) => `${householdCode}/${rule}`))
}
