// What became of a household's produce, lot by lot: where it lies, how long it keeps, what was sold and what of that is theirs.
import { and, desc, eq, gt, inArray, isNull, sql } from 'drizzle-orm'
import type { TrackedLot } from '#shared/contracts/http/replenishment.ts'
import { sumOf } from '../db/expressions.ts'
import { behindKey, keyOfCursor, pageOfRows } from '../db/keyset.ts'
import type { Page, PageRequest } from '../db/keyset.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { findHousehold } from '../households/find-household.ts'
import type { Viewer } from '../personal-data/row-scope.ts'

const dayMs = 86_400_000

/** Newest lots first. Refuses with household.not_found out of the viewer's scope. */
export function* trackLots(
  ctx: UnitContext,
  viewer: Viewer,
  { householdCode, ...query }: PageRequest & { readonly householdCode: string },
): Unit<Page<TrackedLot>> {
  yield* findHousehold(ctx, viewer, householdCode)
  const { db, tables: t } = ctx
  const after = behindKey([t.lots.lotId], keyOfCursor(query.cursor, 1), 'descending')
  const found = yield* rows(
    db
      .select({
        lotId: t.lots.lotId,
        traceCode: t.lots.traceCode,
        skuName: t.skus.name,
        expiresAtMs: t.lots.expiresAtMs,
        unitsReceived: t.lots.unitsReceived,
        unitsAtDepot: t.lots.unitsAtDepot,
        ownUnits: sumOf(t.lotSources.units),
        ownMassMg: sumOf(t.lotSources.massMg),
      })
      .from(t.lots)
      .innerJoin(t.lotSources, eq(t.lotSources.lotId, t.lots.lotId))
      .innerJoin(t.skus, eq(t.skus.skuId, t.lots.skuId))
      .where(and(eq(t.lotSources.householdCode, householdCode), after))
      .groupBy(
        t.lots.lotId,
        t.lots.traceCode,
        t.skus.name,
        t.lots.expiresAtMs,
        t.lots.unitsReceived,
        t.lots.unitsAtDepot,
      )
      .orderBy(desc(t.lots.lotId))
      .limit(query.limit + 1),
  )
  const lotIds = found.map(({ lotId }) => lotId)
  const places = yield* findPlaces(ctx, lotIds)
  const sold = new Map((yield* findSold(ctx, lotIds)).map((row) => [row.lotId, row]))
  const incomes = yield* findIncomes(ctx, lotIds, householdCode)
  const lost = yield* findLost(ctx, lotIds, householdCode)
  const percentOff = yield* findPercentOff(ctx, lotIds)
  return pageOfRows(
    found,
    query.limit,
    ({ lotId }) => [lotId],
    (lot): TrackedLot => ({
      ...lot,
      daysLeft: Math.max(0, Math.floor((lot.expiresAtMs - ctx.now()) / dayMs)),
      places: places
        .filter(({ lotId }) => lotId === lot.lotId)
        .map(({ hostSiteName, units }) => ({ hostSiteName, units })),
      soldUnits: sold.get(lot.lotId)?.units ?? 0,
      soldMassMg: sold.get(lot.lotId)?.massMg ?? 0,
      donatedUnits: lost.get(lot.lotId)?.donatedUnits ?? 0,
      lostUnits: lost.get(lot.lotId)?.lostUnits ?? 0,
      ...(percentOff.has(lot.lotId) ? { percentOff: percentOff.get(lot.lotId) } : {}),
      incomeFen: (incomes.get(lot.lotId) ?? 0) + (lost.get(lot.lotId)?.paidFen ?? 0),
    }),
  )
}

function* findPlaces({ db, tables: t }: UnitContext, lotIds: readonly string[]) {
  if (lotIds.length === 0) return []
  return yield* rows(
    db
      .select({ lotId: t.laneStock.lotId, hostSiteName: t.hostSites.name, units: sumOf(t.laneStock.units) })
      .from(t.laneStock)
      .innerJoin(t.cabinets, eq(t.cabinets.cabinetId, t.laneStock.cabinetId))
      .innerJoin(t.hostSites, eq(t.hostSites.hostSiteId, t.cabinets.hostSiteId))
      .where(and(inArray(t.laneStock.lotId, [...lotIds]), gt(t.laneStock.units, 0)))
      .groupBy(t.laneStock.lotId, t.hostSites.name)
      .orderBy(t.hostSites.name),
  )
}

function* findSold({ db, tables: { saleLines: t } }: UnitContext, lotIds: readonly string[]) {
  if (lotIds.length === 0) return []
  return yield* rows(
    db
      .select({ lotId: t.lotId, units: sumOf(t.count), massMg: sumOf(t.massMg) })
      .from(t)
      .where(inArray(t.lotId, [...lotIds]))
      .groupBy(t.lotId),
  )
}

/** By lot: what was given away and what was lost of it, and what this household was paid for that. */
function* findLost({ db, tables: t }: UnitContext, lotIds: readonly string[], householdCode: string) {
  const lost = new Map<string, { donatedUnits: number; lostUnits: number; paidFen: number }>()
  if (lotIds.length === 0) return lost
  const { stockLosses: l, stockLossParts: p } = t
  const units = yield* rows(
    db
      .select({ lotId: l.lotId, kind: l.kind, units: sumOf(l.units) })
      .from(l)
      .where(inArray(l.lotId, [...lotIds]))
      .groupBy(l.lotId, l.kind),
  )
  const paid = yield* rows(
    db
      .select({ lotId: l.lotId, amountFen: sumOf(p.amountFen) })
      .from(p)
      .innerJoin(l, eq(l.lossId, p.lossId))
      .where(and(inArray(l.lotId, [...lotIds]), eq(p.householdCode, householdCode)))
      .groupBy(l.lotId),
  )
  const paidFen = new Map(paid.map(({ lotId, amountFen }) => [lotId, amountFen]))
  for (const { lotId, kind, units: gone } of units) {
    const row = lost.get(lotId) ?? { donatedUnits: 0, lostUnits: 0, paidFen: paidFen.get(lotId) ?? 0 }
    if (kind === 'donation') row.donatedUnits += gone
    else row.lostUnits += gone
    lost.set(lotId, row)
  }
  return lost
}

/** By lot: the most that is off its price in a cabinet now. */
function* findPercentOff({ db, tables: { markDowns: m } }: UnitContext, lotIds: readonly string[]) {
  if (lotIds.length === 0) return new Map<string, number>()
  const found = yield* rows(
    db
      .select({ lotId: m.lotId, percentOff: sql<number>`max(${m.percentOff})`.mapWith(Number) })
      .from(m)
      .where(and(inArray(m.lotId, [...lotIds]), isNull(m.endedAtMs)))
      .groupBy(m.lotId),
  )
  return new Map(found.map((row) => [row.lotId, row.percentOff]))
}

/** By lot: what its sales brought this household, what was refunded taken off, fen. */
function* findIncomes({ db, tables: t }: UnitContext, lotIds: readonly string[], householdCode: string) {
  const incomes = new Map<string, number>()
  if (lotIds.length === 0) return incomes
  const { saleLines: l, attributionParts: p, refundedParts: r } = t
  // From the lots' sale lines, by their index: of attributed lines there is none by lot.
  const isOfHousehold = and(inArray(l.lotId, [...lotIds]), eq(p.householdCode, householdCode))
  const parts = yield* rows(
    db
      .select({ lotId: l.lotId, amountFen: sumOf(p.amountFen) })
      .from(l)
      .innerJoin(p, eq(p.saleLineId, l.saleLineId))
      .where(isOfHousehold)
      .groupBy(l.lotId),
  )
  const refunds = yield* rows(
    db
      .select({ lotId: l.lotId, amountFen: sumOf(r.takenFen) })
      .from(l)
      .innerJoin(r, eq(r.saleLineId, l.saleLineId))
      .innerJoin(p, and(eq(p.saleLineId, r.saleLineId), eq(p.ordinal, r.ordinal)))
      .where(isOfHousehold)
      .groupBy(l.lotId),
  )
  for (const { lotId, amountFen } of parts) incomes.set(lotId ?? '', amountFen)
  for (const { lotId, amountFen } of refunds) incomes.set(lotId ?? '', (incomes.get(lotId ?? '') ?? 0) - amountFen)
  return incomes
}
