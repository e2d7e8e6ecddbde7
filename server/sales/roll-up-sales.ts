// What cabinets sold and what was taken back of it, by day and SKU, so that sums over years are short. Lines and what is taken back
// are written with the instant of their commit and never changed, so a day that is over for long enough is complete.
import { and, asc, eq, gte, lt, max, min, sql } from 'drizzle-orm'
import type { EpochMs } from '#shared/time/clock.ts'
import { dayMs, districtDateOf } from '#shared/time/district-time.ts'
import type { Database } from '../db/database.ts'
import { sumOf } from '../db/expressions.ts'
import { insertRows, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { proofOver, shownProblems } from '../ledger/proof.ts'
import type { Proof } from '../ledger/proof.ts'
import { startOfDistrictDay } from './rules.ts'

/** A day is left alone this long after its end: a transaction of another process, or its clock, may be this late. */
const marginMs = 3_600_000

type DayRow = UnitContext['tables']['salesDays']['$inferSelect']

/** Everything before is rolled up; undefined: nothing is. */
export function* findRolledBefore({ db, tables: { salesDays: d } }: UnitContext): Unit<EpochMs | undefined> {
  const newest = (yield* one(db.select({ dayStartMs: max(d.dayStartMs) }).from(d)))?.dayStartMs ?? undefined
  return newest === undefined ? undefined : Number(newest) + dayMs
}

/** The first day after the rolled ones on which a cabinet sold or gave back. */
function* findNextDay({ db, tables }: UnitContext, fromMs: EpochMs): Unit<EpochMs | undefined> {
  const { saleLines: s, refundedParts: r } = tables
  const sold = yield* one(
    db
      .select({ atMs: min(s.atMs) })
      .from(s)
      .where(gte(s.atMs, fromMs)),
  )
  const back = yield* one(
    db
      .select({ atMs: min(r.atMs) })
      .from(r)
      .where(gte(r.atMs, fromMs)),
  )
  const found = [sold?.atMs, back?.atMs].flatMap((atMs) => (typeof atMs === 'number' ? [atMs] : []))
  return found.length === 0 ? undefined : startOfDistrictDay(Math.min(...found))
}

/** A day's sums from its lines, by SKU. */
function* sumDay({ db, tables }: UnitContext, dayStartMs: EpochMs): Unit<DayRow[]> {
  const { saleLines: s, refundedParts: r } = tables
  const sold = yield* rows(
    db
      .select({ skuId: s.skuId, fen: sumOf(s.amountFen) })
      .from(s)
      .where(and(gte(s.atMs, dayStartMs), lt(s.atMs, dayStartMs + dayMs)))
      .groupBy(s.skuId)
      .orderBy(asc(s.skuId)),
  )
  const back = yield* rows(
    db
      .select({ skuId: s.skuId, fen: sumOf(sql`${r.takenFen} + ${r.borneFen}`) })
      .from(r)
      .innerJoin(s, eq(s.saleLineId, r.saleLineId))
      .where(and(gte(r.atMs, dayStartMs), lt(r.atMs, dayStartMs + dayMs)))
      .groupBy(s.skuId),
  )
  const cells = new Map<string, DayRow>()
  const cellOf = (skuId: string) => {
    const cell = cells.get(skuId) ?? { dayStartMs, skuId, soldFen: 0, takenBackFen: 0 }
    cells.set(skuId, cell)
    return cell
  }
  for (const { skuId, fen } of sold) cellOf(skuId).soldFen = fen
  for (const { skuId, fen } of back) cellOf(skuId).takenBackFen = fen
  return [...cells.values()]
}

/** Rolls up the next day that is over; false when there is none. */
export function* rollUpNextDay(ctx: UnitContext): Unit<boolean> {
  const dayStartMs = yield* findNextDay(ctx, (yield* findRolledBefore(ctx)) ?? 0)
  if (dayStartMs === undefined || dayStartMs + dayMs + marginMs > ctx.now()) return false
  yield* insertRows(ctx.tables.salesDays, yield* sumDay(ctx, dayStartMs), 'ignore')
  return true
}

/** The job: a day to a unit, so that sales go on between. */
export async function rollUpSales({ database }: { readonly database: Database }): Promise<void> {
  while (await database.run(rollUpNextDay));
}

const textOf = ({ skuId, soldFen, takenBackFen }: DayRow) => `${skuId} ${soldFen} ${takenBackFen}`

/** Part of the nightly self-check. A day is dear: it goes through its lines. */
export const salesDaysProof: Proof = proofOver({
  name: 'every rolled up day of sales is the sum of its lines',
  rowsPerSlice: 100,
  from: ({ tables: { salesDays: d } }) => ({ table: d, key: [d.dayStartMs, d.skuId] }),
  *findWrong(ctx, within) {
    const { salesDays: d } = ctx.tables
    const days = yield* rows(ctx.db.selectDistinct({ dayStartMs: d.dayStartMs }).from(d).where(within))
    const wrong: string[] = []
    for (const { dayStartMs } of days) {
      const kept = yield* rows(ctx.db.select().from(d).where(eq(d.dayStartMs, dayStartMs)))
      const sums = (yield* sumDay(ctx, dayStartMs)).map(textOf).toSorted().join()
      if (kept.map(textOf).toSorted().join() !== sums)
        wrong.push(`the sales of ${districtDateOf(dayStartMs)} are not the sums of their lines`)
    }
    return wrong.slice(0, shownProblems)
  },
})
