// Adds published days to what each household earned by each product, and makes the public figures of it anew. Only whole months
// are told: from figures that change every day one could take away yesterday's and see what a single household sold today.
import { and, asc, desc, eq, gt, inArray, lte, sql } from 'drizzle-orm'
import type { Database } from '../db/database.ts'
import { exec, insertRows, one, rows, type Unit, type UnitContext } from '../db/unit.ts'
import { dayOf } from '../ledger/district-day.ts'
import { type ImpactShare, publishImpact } from './impact-rules.ts'

/** Lines of one unit. */
const linesPerUnit = 5_000
const namesPerStatement = 500
const townDigits = 9

/** Cause of the transfer → where the income came from; a sale's product is looked up. */
const sourceOfCause: Readonly<Record<string, string>> = {
  'surplus-line': 'surplus',
  'distribution-line': 'dividend',
  'wage-line': 'wage',
  'grant-line': 'grant',
}
const saleCauses = ['sale-line']
const takeBackCauses = ['sale-refund', 'write-off', 'write-off-recovery']

/** The last day of the newest month that is published whole; undefined when none is. */
function* lastWholeMonth({ db, tables: { disclosedDays: t } }: UnitContext): Unit<string | undefined> {
  const newest = yield* one(db.select({ day: t.day }).from(t).orderBy(desc(t.day)).limit(1))
  if (newest === undefined) return undefined
  const nextDay = new Date(Date.parse(`${newest.day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10)
  if (nextDay.endsWith('-01')) return newest.day
  const lastOfPrevious = new Date(Date.parse(`${newest.day.slice(0, 7)}-01T00:00:00Z`) - 86_400_000)
  return lastOfPrevious.toISOString().slice(0, 10)
}

interface Progress {
  readonly day: string
  /** Lines of the day that are counted already. */
  readonly leafIndex: number
}

function* readProgress({ db, tables: { impactProgress: t } }: UnitContext): Unit<Progress | undefined> {
  return yield* one(db.select({ day: t.day, leafIndex: t.leafIndex }).from(t).limit(1))
}

type Line = Pick<
  UnitContext['tables']['disclosedLines']['$inferSelect'],
  'accountId' | 'transferId' | 'atMs' | 'amountFen'
>
const causeOf = ({ transferId }: Line) => transferId.split(':')[0] ?? ''
const causeIdOf = ({ transferId }: Line) => transferId.split(':')[1] ?? ''

/** Of a line that is no cabinet's sale. A write-off of a surplus sale says so by its leg (write-offs/write-off-sale.ts). */
function sourceOf(line: Line): string {
  if (takeBackCauses.includes(causeOf(line)) && line.transferId.split(':')[2] === 'surplus') return 'surplus'
  return sourceOfCause[causeOf(line)] ?? 'other'
}

/** The sale lines behind refunds, write-offs and their recoveries, by the take-back's id. */
function* findTakenBack({ db, tables: { refundedParts: t } }: UnitContext, ids: readonly string[]) {
  const saleLineOf = new Map<string, string>()
  for (let from = 0; from < ids.length; from += namesPerStatement) {
    const found = yield* rows(
      db
        .select({ refundId: t.refundId, saleLineId: t.saleLineId })
        .from(t)
        .where(inArray(t.refundId, ids.slice(from, from + namesPerStatement))),
    )
    for (const { refundId, saleLineId } of found) saleLineOf.set(refundId, saleLineId)
  }
  return saleLineOf
}

function* findSkus({ db, tables: { saleLines: t } }: UnitContext, ids: readonly string[]): Unit<Map<string, string>> {
  const skuOf = new Map<string, string>()
  for (let from = 0; from < ids.length; from += namesPerStatement) {
    const found = yield* rows(
      db
        .select({ saleLineId: t.saleLineId, skuId: t.skuId })
        .from(t)
        .where(inArray(t.saleLineId, ids.slice(from, from + namesPerStatement))),
    )
    for (const { saleLineId, skuId } of found) skuOf.set(saleLineId, skuId)
  }
  return skuOf
}

/** Each line's product as it is kept: `sku:<id>` or `source:<name>`. */
function* productsOf(ctx: UnitContext, lines: readonly Line[]): Unit<string[]> {
  const takenBack = lines.filter((line) => takeBackCauses.includes(causeOf(line))).map(causeIdOf)
  const saleLineOf = yield* findTakenBack(ctx, [...new Set(takenBack)])
  const saleLineIds = lines.map((line) =>
    saleCauses.includes(causeOf(line)) ? causeIdOf(line) : saleLineOf.get(causeIdOf(line)),
  )
  const skuOf = yield* findSkus(ctx, [...new Set(saleLineIds.filter((id) => id !== undefined))])
  return lines.map((line, index) => {
    const skuId = skuOf.get(saleLineIds[index] ?? '')
    return skuId === undefined ? `source:${sourceOf(line)}` : `sku:${skuId}`
  })
}

function* addShares(ctx: UnitContext, lines: readonly Line[]): Unit<void> {
  const { impactShares: t } = ctx.tables
  const products = yield* productsOf(ctx, lines)
  const shares = new Map<string, { year: number; householdCode: string; product: string; amountFen: number }>()
  for (const [index, { accountId, atMs, amountFen }] of lines.entries()) {
    const householdCode = accountId.slice('household:'.length)
    const year = Number(dayOf(atMs).slice(0, 4))
    const product = products[index] ?? ''
    const key = `${year} ${product} ${householdCode}`
    const share = shares.get(key) ?? { year, householdCode, product, amountFen: 0 }
    shares.set(key, { ...share, amountFen: share.amountFen + amountFen })
  }
  const added = [...shares.values()]
  for (let from = 0; from < added.length; from += namesPerStatement)
    yield* exec(
      ctx.db
        .insert(t)
        .values(added.slice(from, from + namesPerStatement))
        .onConflictDoUpdate({
          target: [t.year, t.product, t.householdCode],
          set: { amountFen: sql`${t.amountFen} + excluded.amount_fen` },
        }),
    )
}

/** Makes the public figures of every year anew. */
function* publishFigures(ctx: UnitContext, throughDay: string): Unit<void> {
  const { impactShares: s, publicImpact } = ctx.tables
  const years = yield* rows(ctx.db.selectDistinct({ year: s.year }).from(s).orderBy(asc(s.year)))
  yield* exec(ctx.db.delete(publicImpact))
  for (const { year } of years) {
    const found = yield* rows(
      ctx.db
        .select({ product: s.product, householdCode: s.householdCode, amountFen: s.amountFen })
        .from(s)
        .where(eq(s.year, year)),
    )
    const shares = found.map((share): ImpactShare => ({
      ...share,
      townCode: share.householdCode.slice(0, townDigits),
    }))
    yield* insertRows(
      publicImpact,
      publishImpact(shares).map(({ townCode = '', product = '', households, amountFen }) => ({
        year,
        townCode,
        product,
        households,
        amountFen,
        throughDay,
      })),
    )
  }
}

/** Counts the next lines; true while there are more. */
function* collectStep(ctx: UnitContext): Unit<boolean> {
  const { disclosedLines: l, disclosedDays: d, impactProgress } = ctx.tables
  const throughDay = yield* lastWholeMonth(ctx)
  if (throughDay === undefined) return false
  const before = yield* readProgress(ctx)
  const unread = before === undefined ? undefined : gt(d.day, before.day)
  const keep = function* (progress: Progress): Unit<void> {
    yield* exec(ctx.db.delete(impactProgress))
    yield* insertRows(impactProgress, [progress])
  }
  const readFrom = function* ({ day, leafIndex }: Progress) {
    return yield* rows(
      ctx.db
        .select()
        .from(l)
        .where(and(eq(l.day, day), gt(l.leafIndex, leafIndex)))
        .orderBy(asc(l.leafIndex))
        .limit(linesPerUnit),
    )
  }
  const left = before === undefined ? [] : yield* readFrom(before)
  if (before !== undefined && left.length > 0) {
    yield* addShares(ctx, left)
    yield* keep({ day: before.day, leafIndex: left.at(-1)?.leafIndex ?? 0 })
    return true
  }
  const next = yield* one(
    ctx.db
      .select({ day: d.day })
      .from(d)
      .where(and(unread, lte(d.day, throughDay)))
      .orderBy(asc(d.day))
      .limit(1),
  )
  if (next === undefined) return false
  yield* keep({ day: next.day, leafIndex: -1 })
  return true
}

/** Counts what whole months published since the last time and makes the figures anew when there was any. */
export async function collectImpact(database: Database): Promise<void> {
  let isMore = await database.run(collectStep)
  if (!isMore) return
  while (isMore) isMore = await database.run(collectStep)
  await database.run(function* (ctx): Unit<void> {
    const throughDay = yield* lastWholeMonth(ctx)
    if (throughDay !== undefined) yield* publishFigures(ctx, throughDay)
  })
}
