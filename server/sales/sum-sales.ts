// Sales by category and channel (domain.md, A3): what cabinets sold and what the surplus desk delivered, each less what was
// refunded or written off in the same span. Whole days come from their roll-ups, what is left of the span from the lines. The time
// before the books stands beside them, never in their sums.
import { and, asc, eq, gte, isNotNull, lt, sql } from 'drizzle-orm'
import type { AnyColumn } from 'drizzle-orm'
import type { z } from 'zod'
import type { getSales } from '#shared/contracts/http/sales.ts'
import type { categories } from '../catalog/schema.ts'
import { sumOf } from '../db/expressions.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import type { SurplusChannel } from '../surplus/schema.ts'
import type { OpeningRow } from './enter-openings.ts'
import { findRolledBefore } from './roll-up-sales.ts'
import { splitSpan } from './rules.ts'
import type { SalesSpan } from './rules.ts'
import type { SalesChannel } from './schema.ts'

type SalesView = z.input<(typeof getSales)['reply']>
type Category = (typeof categories)[number]

const channelOf: Readonly<Record<SurplusChannel, SalesChannel>> = {
  UNIT_ORDER: 'unit_order',
  DEALER: 'dealer',
  CABINET: 'cabinet',
  OTHER: 'other',
}

interface Sum {
  readonly category: Category
  readonly channel: SalesChannel
  readonly fen: number
}

const within = (at: AnyColumn, { fromMs, beforeMs }: SalesSpan) => and(gte(at, fromMs), lt(at, beforeMs))
const ofCabinets = (found: ReadonlyArray<Omit<Sum, 'channel'>>): Sum[] =>
  found.map((sum) => ({ ...sum, channel: 'cabinet' }))
const ofDesk = (found: ReadonlyArray<Omit<Sum, 'channel'> & { readonly channel: SurplusChannel }>): Sum[] =>
  found.map((sum) => ({ ...sum, channel: channelOf[sum.channel] }))

interface CabinetSums {
  readonly sold: readonly Sum[]
  readonly takenBack: readonly Sum[]
}

/** What cabinets sold and what was taken back: the rolled up days within the span, and the lines before and behind them. */
function* sumCabinets(ctx: UnitContext, span: SalesSpan): Unit<CabinetSums> {
  const { rolled, others } = splitSpan(span, yield* findRolledBefore(ctx))
  const days = rolled === undefined ? { sold: [], takenBack: [] } : yield* sumDays(ctx, rolled)
  const sold = [...days.sold]
  const takenBack = [...days.takenBack]
  for (const other of others) {
    sold.push(...(yield* soldByCabinets(ctx, other)))
    takenBack.push(...(yield* takenBackFromCabinets(ctx, other)))
  }
  return { sold, takenBack }
}

function* sumDays(ctx: UnitContext, span: SalesSpan): Unit<CabinetSums> {
  const { salesDays: d, skus: k } = ctx.tables
  // A row a SKU before the categories are looked up: years have many days.
  const bySku = ctx.db
    .select({
      skuId: d.skuId,
      soldFen: sumOf(d.soldFen).as('sold_fen'),
      takenBackFen: sumOf(d.takenBackFen).as('taken_back_fen'),
    })
    .from(d)
    .where(within(d.dayStartMs, span))
    .groupBy(d.skuId)
    .as('by_sku')
  const found = yield* rows(
    ctx.db
      .select({
        category: k.category,
        soldFen: sumOf(sql`${bySku.soldFen}`),
        takenBackFen: sumOf(sql`${bySku.takenBackFen}`),
      })
      .from(bySku)
      .innerJoin(k, eq(k.skuId, bySku.skuId))
      .groupBy(k.category),
  )
  return {
    sold: ofCabinets(found.map(({ category, soldFen: fen }) => ({ category, fen }))),
    takenBack: ofCabinets(
      found
        .filter(({ takenBackFen }) => takenBackFen !== 0)
        .map(({ category, takenBackFen: fen }) => ({ category, fen })),
    ),
  }
}

function* soldByCabinets(ctx: UnitContext, span: SalesSpan): Unit<Sum[]> {
  const { saleLines: s, skus: k } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select({ category: k.category, fen: sumOf(s.amountFen) })
      .from(s)
      .innerJoin(k, eq(k.skuId, s.skuId))
      .where(within(s.atMs, span))
      .groupBy(k.category),
  )
  return ofCabinets(found)
}

function* takenBackFromCabinets(ctx: UnitContext, span: SalesSpan): Unit<Sum[]> {
  const { refundedParts: r, saleLines: s, skus: k } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select({ category: k.category, fen: sumOf(sql`${r.takenFen} + ${r.borneFen}`) })
      .from(r)
      .innerJoin(s, eq(s.saleLineId, r.saleLineId))
      .innerJoin(k, eq(k.skuId, s.skuId))
      .where(within(r.atMs, span))
      .groupBy(k.category),
  )
  return ofCabinets(found)
}

function* soldBySurplusDesk(ctx: UnitContext, span: SalesSpan): Unit<Sum[]> {
  const { surplusOrders: o, surplusLines: l, surplusNotices: n } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select({ category: n.category, channel: o.channel, fen: sumOf(l.amountFen) })
      .from(o)
      .innerJoin(l, eq(l.orderId, o.orderId))
      .innerJoin(n, eq(n.noticeId, l.noticeId))
      .where(and(eq(o.state, 'delivered'), within(o.endedAtMs, span)))
      .groupBy(n.category, o.channel),
  )
  return ofDesk(found)
}

function* takenBackFromSurplusDesk(ctx: UnitContext, span: SalesSpan): Unit<Sum[]> {
  const { writeOffs: w, surplusOrders: o, surplusLines: l, surplusNotices: n } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select({ category: n.category, channel: o.channel, fen: sumOf(w.amountFen) })
      .from(w)
      .innerJoin(l, eq(l.lineId, w.saleLineId))
      .innerJoin(o, eq(o.orderId, l.orderId))
      .innerJoin(n, eq(n.noticeId, l.noticeId))
      .where(and(eq(w.saleKind, 'surplus'), eq(w.state, 'approved'), within(w.decidedAtMs, span)))
      .groupBy(n.category, o.channel),
  )
  return ofDesk(found)
}

export function showOpening(row: OpeningRow): SalesView['openings'][number] {
  const { category, channel, approvedBy, approvedAtMs, openingId: _, ...rest } = row
  return {
    ...rest,
    ...(category === null ? {} : { category }),
    ...(channel === null ? {} : { channel }),
    ...(approvedBy === null ? {} : { approvedBy }),
    ...(approvedAtMs === null ? {} : { approvedAtMs }),
  }
}

export function* sumSales(ctx: UnitContext, span: SalesSpan): Unit<SalesView> {
  const cabinets = yield* sumCabinets(ctx, span)
  const sold = [...cabinets.sold, ...(yield* soldBySurplusDesk(ctx, span))]
  const takenBack = [...cabinets.takenBack, ...(yield* takenBackFromSurplusDesk(ctx, span))]
  const { salesOpenings: t } = ctx.tables
  const isInForce = isNotNull(t.approvedBy)
  const openings = yield* rows(ctx.db.select().from(t).where(isInForce).orderBy(asc(t.documentNumber), asc(t.ordinal)))
  const cells = new Map<string, SalesView['rows'][number]>()
  const cellOf = ({ category, channel }: Sum) => {
    const key = `${category} ${channel}`
    const cell = cells.get(key) ?? { category, channel, soldFen: 0, takenBackFen: 0, netFen: 0 }
    cells.set(key, cell)
    return cell
  }
  for (const sum of sold) cellOf(sum).soldFen += sum.fen
  for (const sum of takenBack) cellOf(sum).takenBackFen += sum.fen
  for (const cell of cells.values()) cell.netFen = cell.soldFen - cell.takenBackFen
  const inOrder = [...cells].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, cell]) => cell)
  return {
    ...span,
    rows: inOrder,
    soldFen: inOrder.reduce((sum, { soldFen }) => sum + soldFen, 0),
    netFen: inOrder.reduce((sum, { netFen }) => sum + netFen, 0),
    openings: openings.map(showOpening),
    openingFen: openings.reduce((sum, { amountFen }) => sum + amountFen, 0),
  }
}
