// How well the cabinets serve, over the last day, from what is booked: how often a door that was paid for opens, how many
// sales settle by themselves, how many need a person, and whether the shelves hold what the books say. Nobody is named.
import { and, desc, eq, gte, sql } from 'drizzle-orm'
import type { z } from 'zod'
import type { MoneyAccuracy } from '#shared/contracts/http/service-quality.ts'
import { lowestIdAt } from '#shared/ids/uuid-v7.ts'
import { countRows, sumOf } from '../db/expressions.ts'
import { one, type Params, rows, statement, type Unit, type UnitContext } from '../db/unit.ts'

export const windowMs = 86_400_000

export interface SalesQuality {
  /** Sales whose door should have opened and whose outcome of that is known. */
  readonly unlocks: number
  readonly opened: number
  /** Sales that came to a bill or to a person. */
  readonly ended: number
  readonly reviewed: number
  readonly settled: number
}

const salesByState = statement(
  (
    { db, tables: { shoppingSessions: s, reviewCases: r } },
    p: Params<{ fromSessionId: string; authorisedFromMs: number }>,
  ) =>
    db
      .select({
        state: s.state,
        count: countRows(),
        opened: sumOf(sql`case when ${s.openedAtMs} is null then 0 else 1 end`),
        reviewed: sumOf(sql`case when ${r.sessionId} is null then 0 else 1 end`),
      })
      .from(s)
      .leftJoin(r, eq(r.sessionId, s.sessionId))
      .where(and(eq(s.kind, 'sale'), gte(s.sessionId, p.fromSessionId), gte(s.authorisedAtMs, p.authorisedFromMs)))
      .groupBy(s.state),
)

export function* measureSales(ctx: UnitContext): Unit<SalesQuality> {
  const authorisedFromMs = ctx.now() - windowMs
  // A session's id is made when it is authorised, give or take a clock: the day's few are found among millions by it.
  const fromSessionId = lowestIdAt(authorisedFromMs - windowMs)
  const found = yield* rows(salesByState.with({ fromSessionId, authorisedFromMs }))
  const known = found.filter(({ state }) => state !== 'authorised')
  const ended = found.filter(({ state }) => state === 'settled' || state === 'review')
  const total = (groups: typeof found, of: 'count' | 'opened' | 'reviewed') =>
    groups.reduce((sum, group) => sum + group[of], 0)
  return {
    unlocks: total(known, 'count'),
    opened: total(known, 'opened'),
    ended: total(ended, 'count'),
    reviewed: total(ended, 'reviewed'),
    settled: total(
      found.filter(({ state }) => state === 'settled'),
      'count',
    ),
  }
}

/** Part of the whole; undefined of nothing, which is neither good nor bad. */
export function share(part: number, whole: number): number | undefined {
  return whole === 0 ? undefined : part / whole
}

export interface FleetQuality {
  readonly live: number
  readonly online: number
}

const liveCabinets = statement(({ db, tables: { cabinets: c, cabinetStatuses: s } }) =>
  db
    .select({ live: countRows(), online: sumOf(sql`case when ${s.isOnline} then 1 else 0 end`) })
    .from(c)
    .innerJoin(s, eq(s.cabinetId, c.cabinetId))
    .where(eq(c.rolloutState, 'live')),
)

/** Cabinets that should sell, and those of them that are there. */
export function* measureFleet(): Unit<FleetQuality> {
  const found = yield* one(liveCabinets.with({}))
  return found ?? { live: 0, online: 0 }
}

export function* showMoneyAccuracy(ctx: UnitContext): Unit<z.input<typeof MoneyAccuracy>> {
  const { booksChecks: b, reconciliations: r } = ctx.tables
  const check = yield* one(ctx.db.select().from(b).orderBy(desc(b.checkId)).limit(1))
  const all = yield* rows(ctx.db.select().from(r).orderBy(desc(r.atMs), desc(r.subject)).limit(200))
  const newest = new Map(all.toReversed().map((row) => [row.channel, row]))
  const sales = yield* measureSales(ctx)
  const automaticShare = share(sales.ended - sales.reviewed, sales.ended)
  return {
    ...(check === undefined
      ? {}
      : {
          books: {
            isSound: check.isSound,
            checkedTransfers: check.checkedTransfers,
            checkedAtMs: check.endedAtMs,
          },
        }),
    reconciliations: [...newest.values()].map(({ channel, subject, differenceFen, openCount, atMs }) => ({
      channel,
      subject,
      differenceFen,
      open: openCount,
      atMs,
    })),
    ...(automaticShare === undefined ? {} : { automaticShare }),
    sales: sales.ended,
  }
}
