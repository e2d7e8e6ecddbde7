// What the rules compare with: the monitoring line of a year with its document, and the season calendar.
import { asc, desc, eq } from 'drizzle-orm'
import type { z } from 'zod'
import type { MonitoringLine, ProductSeason } from '#shared/contracts/http/warnings.ts'
import type { Page, PageRequest } from '../db/keyset.ts'
import { behindKey, keyOfCursor, pageOfRows } from '../db/keyset.ts'
import { exec, insertRows, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { recordAudit } from '../audit/record-audit.ts'

export type MonitoringLineView = z.input<typeof MonitoringLine>
export type SeasonView = z.input<typeof ProductSeason>

/** Enters the next version of a year's line. */
export function* enterMonitoringLine(
  ctx: UnitContext,
  input: {
    readonly byAccountId: string
    readonly year: number
    readonly amountFen: number
    readonly documentNumber: string
  },
): Unit<MonitoringLineView> {
  const { byAccountId, year, amountFen, documentNumber } = input
  const { monitoringLines: t } = ctx.tables
  const newest = yield* one(
    ctx.db.select({ version: t.version }).from(t).where(eq(t.year, year)).orderBy(desc(t.version)).limit(1),
  )
  const version = (newest?.version ?? 0) + 1
  const line = { year, version, amountFen, documentNumber, enteredBy: byAccountId, enteredAtMs: ctx.now() }
  yield* insertRows(t, [line])
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'monitoring_line.entered',
    subjectId: String(year),
    detail: { version, amountFen, documentNumber },
  })
  return line
}

export function* listMonitoringLines(ctx: UnitContext, query: PageRequest): Unit<Page<MonitoringLineView>> {
  const { monitoringLines: t } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select()
      .from(t)
      .where(behindKey([t.year, t.version], keyOfCursor(query.cursor, 2), 'descending'))
      .orderBy(desc(t.year), desc(t.version))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    ({ year, version }) => [year, version],
    (row) => row,
  )
}

/** Refuses with catalog.sku_unknown. */
export function* setProductSeason(
  ctx: UnitContext,
  input: {
    readonly byAccountId: string
    readonly skuId: string
    readonly fromDay: string
    readonly toDay: string
  },
): Unit<SeasonView> {
  const { byAccountId, skuId, fromDay, toDay } = input
  const { productSeasons: t, skus } = ctx.tables
  const sku = yield* one(ctx.db.select({ name: skus.name }).from(skus).where(eq(skus.skuId, skuId)))
  if (sku === undefined) throw new RefusalError('catalog.sku_unknown', undefined, { field: 'skuId' })
  const season = { fromDay, toDay }
  yield* exec(
    ctx.db
      .insert(t)
      .values({ skuId, ...season })
      .onConflictDoUpdate({ target: t.skuId, set: season }),
  )
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'product_season.set',
    subjectId: skuId,
    detail: season,
  })
  return { skuId, skuName: sku.name, ...season }
}

export function* listProductSeasons(ctx: UnitContext, query: PageRequest): Unit<Page<SeasonView>> {
  const { productSeasons: t, skus } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select({ skuId: t.skuId, skuName: skus.name, fromDay: t.fromDay, toDay: t.toDay })
      .from(t)
      .innerJoin(skus, eq(skus.skuId, t.skuId))
      .where(behindKey([t.skuId], keyOfCursor(query.cursor, 1), 'ascending'))
      .orderBy(asc(t.skuId))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    ({ skuId }) => [skuId],
    (row) => row,
  )
}
