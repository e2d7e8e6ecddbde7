// Brings the prices of cabinets to where the ladder wants them: the lot that is sold next decides, of all lanes of its SKU in a
// cabinet. The cabinet takes a price over between sessions only; a session keeps the price it was opened on.
import { and, eq, gt, inArray, isNull, lte } from 'drizzle-orm'
import { changePrices, findTwin } from '../cabinets/change-twin.ts'
import { findLotsById, findSkusById } from '../catalog/find-goods.ts'
import { daysLeft } from '../catalog/rules.ts'
import type { Effect } from '../context.ts'
import { exec, insertRows, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { leastPriceForHouseholds } from '../attribution/revenue-plans.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { findPromisedPrices } from '../harvest-calls/find-promised-price.ts'
import { openRecallsOf } from '../recalls/find-recalls.ts'
import { lotsInCabinet } from '../stock/lane-stock.ts'
import { openMarkDownsOf } from './find-mark-downs.ts'
import { markedDownFen, percentOffAt } from './rules.ts'
import type { LadderRule } from './rules.ts'

const dayMs = 86_400_000

export function* findRules({ db, tables: { markDownRules: t } }: UnitContext): Unit<Map<string, LadderRule>> {
  const found = yield* rows(db.select().from(t))
  return new Map(found.map(({ category, ...rule }) => [category, { category, ...rule }]))
}

/** Cabinets with goods that the rules may concern, or with a price that is down. */
export function* cabinetsToLookAt(ctx: UnitContext, rules: ReadonlyMap<string, LadderRule>): Unit<string[]> {
  const { laneStock: s, lots, markDowns: m } = ctx.tables
  const furthest = Math.max(-1, ...[...rules.values()].flatMap(({ steps }) => steps.map((step) => step.daysLeft)))
  const near = yield* rows(
    ctx.db
      .selectDistinct({ cabinetId: s.cabinetId })
      .from(s)
      .innerJoin(lots, eq(lots.lotId, s.lotId))
      .where(and(gt(s.units, 0), lte(lots.expiresAtMs, ctx.now() + (furthest + 1) * dayMs))),
  )
  const down = yield* rows(ctx.db.selectDistinct({ cabinetId: m.cabinetId }).from(m).where(isNull(m.endedAtMs)))
  return [...new Set([...near, ...down].map(({ cabinetId }) => cabinetId))].toSorted((a, b) => (a < b ? -1 : 1))
}

interface Wanted {
  readonly lotId: string
  readonly percentOff: number
  /** No price below this one, fen. */
  readonly floorFen: number
}

/** One cabinet. An operator's new price ends a mark-down, and is what the next one starts from. */
export function* markDownPrices(
  ctx: UnitContext,
  cabinetId: string,
  rules: ReadonlyMap<string, LadderRule>,
): Unit<readonly Effect[]> {
  const { prices } = (yield* findTwin(ctx, cabinetId)).prices
  const open = yield* openMarkDownsOf(ctx, cabinetId)
  const wanted = yield* findWanted(ctx, cabinetId, rules)
  const changed: Record<string, number> = {}
  const ended: string[] = []
  const started: Array<typeof ctx.tables.markDowns.$inferInsert> = []
  for (const skuId of new Set([...open.keys(), ...wanted.keys()])) {
    const current = open.get(skuId)
    const want = wanted.get(skuId)
    const pricedFen = prices[skuId]
    if (pricedFen === undefined) continue
    const isOurs = current !== undefined && current.priceFen === pricedFen
    const listPriceFen = isOurs ? current.listPriceFen : pricedFen
    const priceFen = want === undefined ? listPriceFen : markedDownFen(listPriceFen, want.percentOff, want.floorFen)
    const isDown = want !== undefined && priceFen < listPriceFen
    const isAsWanted =
      isDown &&
      isOurs &&
      current.percentOff === want.percentOff &&
      current.lotId === want.lotId &&
      current.priceFen === priceFen
    if (isAsWanted || (current === undefined && !isDown)) continue
    if (current !== undefined) ended.push(current.markDownId)
    if (priceFen !== pricedFen) changed[skuId] = priceFen
    if (!isDown) continue
    const { lotId, percentOff } = want
    const ids = { markDownId: ctx.newId(), cabinetId, skuId, lotId, percentOff }
    started.push({ ...ids, listPriceFen, priceFen, startedAtMs: ctx.now(), endedAtMs: null })
  }
  if (ended.length + started.length === 0) return []
  const { markDowns: t } = ctx.tables
  if (ended.length > 0) yield* exec(ctx.db.update(t).set({ endedAtMs: ctx.now() }).where(inArray(t.markDownId, ended)))
  yield* insertRows(t, started)
  yield* recordAudit(ctx, {
    accountId: undefined,
    action: 'price.marked_down',
    subjectId: cabinetId,
    detail: { prices: changed, started: started.length, ended: ended.length },
  })
  if (Object.keys(changed).length === 0) return []
  return (yield* changePrices(ctx, { cabinetId, prices: changed, changedBy: 'mark-downs' })).effects
}

function* findWanted(
  ctx: UnitContext,
  cabinetId: string,
  rules: ReadonlyMap<string, LadderRule>,
): Unit<Map<string, Wanted>> {
  const nowMs = ctx.now()
  const lying = (yield* lotsInCabinet(cabinetId)).filter(({ units, expiresAtMs }) => units > 0 && expiresAtMs >= nowMs)
  const recalled = yield* openRecallsOf(
    ctx,
    lying.map(({ lotId }) => lotId),
  )
  // What is under recall is not sold, so it says nothing of the price.
  const lots = lying.filter(({ lotId }) => !recalled.has(lotId))
  const skus = yield* findSkusById(ctx, [...new Set(lots.map(({ skuId }) => skuId))])
  const next = new Map<string, Omit<Wanted, 'floorFen'>>()
  for (const { skuId, lotId, expiresAtMs } of lots.toSorted((a, b) => a.expiresAtMs - b.expiresAtMs)) {
    const rule = rules.get(skus.get(skuId)?.category ?? '')
    if (rule === undefined || next.has(skuId)) continue
    next.set(skuId, { lotId, percentOff: percentOffAt(rule.steps, daysLeft(expiresAtMs, nowMs)) })
  }
  const wanted = new Map<string, Wanted>()
  for (const [skuId, step] of next) {
    if (step.percentOff === 0) continue
    const lotIds = new Set(lots.filter((lot) => lot.skuId === skuId).map(({ lotId }) => lotId))
    wanted.set(skuId, { ...step, floorFen: yield* floorOf(ctx, skuId, [...lotIds]) })
  }
  return wanted
}

/**
 * What households were promised for a unit when they were called to harvest holds for what is left near its date too. The price
 * is the SKU's in the whole cabinet, so the dearest promise of all its lots there is the floor.
 */
function* floorOf(ctx: UnitContext, skuId: string, lotIds: readonly string[]): Unit<number> {
  const lots = [...(yield* findLotsById(ctx, lotIds)).values()]
  const promised = yield* findPromisedPrices(ctx, skuId, lots)
  let floorFen = 1
  for (const { lotId, supplierId } of lots) {
    const householdFen = promised.get(lotId)
    if (householdFen === undefined) continue
    const leastFen = (yield* leastPriceForHouseholds(supplierId, householdFen, ctx.now())) ?? Infinity
    floorFen = Math.max(floorFen, leastFen)
  }
  return floorFen
}
