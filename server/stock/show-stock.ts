// Where every unit of a lot is, and how it came there.
import { and, asc, eq, inArray } from 'drizzle-orm'
import type { z } from 'zod'
import type { LotStock, StockMove } from '#shared/contracts/http/stock.ts'
import { sumOf } from '../db/expressions.ts'
import type { Page, TimedPageRequest } from '../db/keyset.ts'
import { behindInTime, inTimeOrder, pageOfRows } from '../db/keyset.ts'
import { one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { mayLieThere } from './lane-stock.ts'
import { fixedPlaces, parsePlace } from './rules.ts'

type LotStockView = z.input<typeof LotStock>
type MoveView = z.input<typeof StockMove>
type PlaceView = MoveView['from']

/** Refuses with stock.lot_unknown. */
export function* showLotStock(ctx: UnitContext, lotId: string): Unit<LotStockView> {
  const { lots, skus, purchaseRecords: p } = ctx.tables
  const found = yield* one(
    ctx.db
      .select({ lot: lots, skuName: skus.name, purchase: p })
      .from(lots)
      .innerJoin(skus, eq(skus.skuId, lots.skuId))
      .leftJoin(p, eq(p.lotId, lots.lotId))
      .where(eq(lots.lotId, lotId)),
  )
  if (found === undefined) throw new RefusalError('stock.lot_unknown')
  const { lot, skuName, purchase } = found
  const net = yield* netOfPlaces(ctx, lotId)
  const lanes = yield* lanesOf(ctx, lotId)
  const { traceCode, skuId, expiresAtMs, unitsAtDepot, closedAtMs } = lot
  return {
    lotId,
    traceCode,
    skuId,
    skuName,
    expiresAtMs,
    ...(purchase === null ? {} : { purchase: showPurchase(purchase) }),
    ...(closedAtMs === null ? {} : { closedAtMs }),
    received: -net(fixedPlaces.supplier),
    atDepot: unitsAtDepot,
    inLanes: lanes.reduce((sum, { units }) => sum + units, 0),
    missing: lanes.reduce((sum, { missing }) => sum + missing, 0),
    sold: net(fixedPlaces.buyer),
    wasted: net(fixedPlaces.wastage),
    shrunk: net(fixedPlaces.shrink),
    donated: net(fixedPlaces.donation),
    lanes,
  }
}

function showPurchase({
  lotId: _lot,
  receivedBy: _by,
  massMg,
  ...record
}: UnitContext['tables']['purchaseRecords']['$inferSelect']) {
  return { ...record, ...(massMg === null ? {} : { massMg }) }
}

/** Σ moves in − Σ moves out of a lot's fixed places. */
function* netOfPlaces({ db, tables: { stockMoves: m } }: UnitContext, lotId: string) {
  const places = Object.values(fixedPlaces)
  const sumBy = (place: typeof m.fromPlace | typeof m.toPlace) =>
    rows(
      db
        .select({ place, units: sumOf(m.units) })
        .from(m)
        .where(and(eq(m.lotId, lotId), inArray(place, places)))
        .groupBy(place),
    )
  const into = new Map((yield* sumBy(m.toPlace)).map(({ place, units }) => [place, units]))
  const outOf = new Map((yield* sumBy(m.fromPlace)).map(({ place, units }) => [place, units]))
  return (place: string) => (into.get(place) ?? 0) - (outOf.get(place) ?? 0)
}

function* lanesOf({ db, tables: { laneStock: s, cabinets: c } }: UnitContext, lotId: string) {
  return yield* rows(
    db
      .select({
        cabinetId: s.cabinetId,
        cabinetCode: c.code,
        laneId: s.laneId,
        units: s.units,
        missing: s.unitsMissing,
      })
      .from(s)
      .innerJoin(c, eq(c.cabinetId, s.cabinetId))
      .where(and(eq(s.lotId, lotId), mayLieThere(s)))
      .orderBy(asc(c.code), asc(s.laneId)),
  )
}

/** Newest first. Refuses with stock.lot_unknown. */
export function* listMoves(ctx: UnitContext, lotId: string, query: TimedPageRequest): Unit<Page<MoveView>> {
  const { stockMoves: m, lots } = ctx.tables
  const lot = yield* one(ctx.db.select({ lotId: lots.lotId }).from(lots).where(eq(lots.lotId, lotId)))
  if (lot === undefined) throw new RefusalError('stock.lot_unknown')
  const found = yield* rows(
    ctx.db
      .select()
      .from(m)
      .where(and(eq(m.lotId, lotId), behindInTime([m.moveId], query)))
      .orderBy(...inTimeOrder([m.moveId], query))
      .limit(query.limit + 1),
  )
  const showPlace = yield* namePlaces(
    ctx,
    found.flatMap(({ fromPlace, toPlace }) => [fromPlace, toPlace]),
  )
  return pageOfRows(
    found,
    query.limit,
    ({ moveId }) => [moveId],
    ({ fromPlace, toPlace, reason, movedBy, ...move }) => ({
      ...move,
      from: showPlace(fromPlace),
      to: showPlace(toPlace),
      ...(reason === null ? {} : { reason }),
      ...(movedBy === null ? {} : { movedBy }),
    }),
  )
}

/** By place, with the codes of cabinets. */
export function* namePlaces(ctx: UnitContext, places: readonly string[]): Unit<(place: string) => PlaceView> {
  const { cabinets: c } = ctx.tables
  const cabinetIds = places.flatMap((place) => {
    const parsed = parsePlace(place)
    return 'cabinetId' in parsed ? [parsed.cabinetId] : []
  })
  const found =
    cabinetIds.length === 0
      ? []
      : yield* rows(
          ctx.db
            .select({ cabinetId: c.cabinetId, code: c.code })
            .from(c)
            .where(inArray(c.cabinetId, [...new Set(cabinetIds)])),
        )
  const codes = new Map(found.map(({ cabinetId, code }) => [cabinetId, code]))
  return (place) => {
    const parsed = parsePlace(place)
    const cabinetCode = 'cabinetId' in parsed ? codes.get(parsed.cabinetId) : undefined
    return { ...parsed, ...(cabinetCode === undefined ? {} : { cabinetCode }) }
  }
}
