// What the ladder proposes beyond a lower price: goods that this cabinet will not sell in time go to one that should, by the
// forecasts; what none should sell is offered as a donation. Proposals of before that no longer hold lapse.
import { and, eq, gt, gte, inArray, isNull, lte } from 'drizzle-orm'
import { daysLeft } from '../catalog/rules.ts'
import { exec, insertRows, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { openLocksOfMany } from '../lane-locks/find-locks.ts'
import { dayOf } from '../calendar/rules.ts'
import { findRules } from './mark-down-prices.ts'
import { proposeMoves } from './rules.ts'
import type { Expected, LadderRule, NearLot, OpenLane, Proposal } from './rules.ts'

const dayMs = 86_400_000

/** Makes the open proposals anew; returns how many there are. */
export function* renewProposals(ctx: UnitContext): Unit<number> {
  const { ladderProposals: t } = ctx.tables
  const rules = yield* findRules(ctx)
  const proposals =
    rules.size === 0
      ? []
      : proposeMoves(yield* findNearLots(ctx, rules), yield* findOpenLanes(ctx), yield* readExpected(ctx))
  const keyOf = (it: Pick<Proposal['lot'], 'cabinetId' | 'laneId' | 'lotId'>) =>
    `${it.cabinetId} ${it.laneId} ${it.lotId}`
  const open = yield* rows(ctx.db.select().from(t).where(eq(t.state, 'open')))
  const same = new Set<string>()
  const lapsed: string[] = []
  for (const row of open) {
    const now = proposals.find(({ lot }) => keyOf(lot) === keyOf(row))
    const isSame = now?.kind === row.kind && now.units === row.units && (now.to?.cabinetId ?? null) === row.toCabinetId
    if (isSame) same.add(keyOf(row))
    else lapsed.push(row.proposalId)
  }
  if (lapsed.length > 0)
    yield* exec(ctx.db.update(t).set({ state: 'lapsed', decidedAtMs: ctx.now() }).where(inArray(t.proposalId, lapsed)))
  yield* insertRows(
    t,
    proposals
      .filter(({ lot }) => !same.has(keyOf(lot)))
      .map(({ kind, lot, to, units, milliHere, milliThere }) => ({
        proposalId: ctx.newId(),
        kind,
        lotId: lot.lotId,
        cabinetId: lot.cabinetId,
        laneId: lot.laneId,
        toCabinetId: to?.cabinetId ?? null,
        toLaneId: to?.laneId ?? null,
        units,
        daysLeft: lot.daysLeft,
        milliHere,
        milliThere,
        state: 'open' as const,
        proposedAtMs: ctx.now(),
        decidedBy: null,
        decidedAtMs: null,
        note: null,
      })),
  )
  return proposals.length
}

/** Goods that may still be sold and are within a rule's days; what is under recall, or was dismissed by somebody, is left alone. */
function* findNearLots(ctx: UnitContext, rules: ReadonlyMap<string, LadderRule>): Unit<NearLot[]> {
  const { laneStock: s, lots, skus, recalls: r, ladderProposals: p } = ctx.tables
  const furthest = Math.max(...[...rules.values()].map((it) => Math.max(it.transferDaysLeft, it.donationDaysLeft)))
  const nowMs = ctx.now()
  const found = yield* rows(
    ctx.db
      .select({
        lotId: s.lotId,
        cabinetId: s.cabinetId,
        laneId: s.laneId,
        units: s.units,
        skuId: lots.skuId,
        category: skus.category,
        expiresAtMs: lots.expiresAtMs,
      })
      .from(s)
      .innerJoin(lots, eq(lots.lotId, s.lotId))
      .innerJoin(skus, eq(skus.skuId, lots.skuId))
      .leftJoin(r, and(eq(r.lotId, s.lotId), isNull(r.closedAtMs)))
      .where(
        and(
          gt(s.units, 0),
          gte(lots.expiresAtMs, nowMs),
          lte(lots.expiresAtMs, nowMs + (furthest + 1) * dayMs),
          isNull(r.recallId),
        ),
      ),
  )
  const dismissed = yield* rows(
    ctx.db.select({ cabinetId: p.cabinetId, laneId: p.laneId, lotId: p.lotId }).from(p).where(eq(p.state, 'dismissed')),
  )
  const left = new Set(dismissed.map((it) => `${it.cabinetId} ${it.laneId} ${it.lotId}`))
  return found.flatMap(({ category, expiresAtMs, ...lot }) => {
    const rule = rules.get(category)
    if (rule === undefined || left.has(`${lot.cabinetId} ${lot.laneId} ${lot.lotId}`)) return []
    return [{ ...lot, rule, daysLeft: daysLeft(expiresAtMs, nowMs) }]
  })
}

/** Lanes of live cabinets that are on sale and not locked. */
function* findOpenLanes(ctx: UnitContext): Unit<OpenLane[]> {
  const { cabinets: c, cabinetTwins: w, laneStock: s } = ctx.tables
  const twins = yield* rows(
    ctx.db
      .select({ cabinetId: c.cabinetId, planogram: w.planogram })
      .from(c)
      .innerJoin(w, eq(w.cabinetId, c.cabinetId))
      .where(eq(c.rolloutState, 'live')),
  )
  const stock = yield* rows(
    ctx.db.select({ cabinetId: s.cabinetId, laneId: s.laneId, units: s.units }).from(s).where(gt(s.units, 0)),
  )
  const units = new Map<string, number>()
  for (const row of stock) {
    const key = `${row.cabinetId} ${row.laneId}`
    units.set(key, (units.get(key) ?? 0) + row.units)
  }
  const locks = yield* openLocksOfMany(ctx)
  const isLocked = (cabinetId: string, laneId: string) =>
    locks.get(cabinetId)?.some((lock) => lock.laneId === laneId && lock.fromMs <= ctx.now()) ?? false
  return twins.flatMap(({ cabinetId, planogram }) =>
    planogram.lanes
      .filter(({ laneId, isOnSale }) => isOnSale && !isLocked(cabinetId, laneId))
      .map(({ laneId, skuId, capacity }) => ({
        cabinetId,
        laneId,
        skuId,
        capacity,
        units: units.get(`${cabinetId} ${laneId}`) ?? 0,
      })),
  )
}

/** By the forecasts as they are; a cabinet without one is expected to sell nothing. */
function* readExpected(ctx: UnitContext): Unit<Expected> {
  const found = yield* rows(ctx.db.select().from(ctx.tables.demandForecasts))
  const today = Date.parse(dayOf(ctx.now()))
  const byKey = new Map(found.map((row) => [`${row.cabinetId} ${row.skuId}`, row]))
  return (cabinetId, skuId, days) => {
    const forecast = byKey.get(`${cabinetId} ${skuId}`)
    if (forecast === undefined) return 0
    const from = Math.max(0, Math.round((today - Date.parse(forecast.firstDay)) / dayMs))
    return forecast.milliUnitsByDay.slice(from, from + days).reduce((sum, milli) => sum + milli, 0)
  }
}
