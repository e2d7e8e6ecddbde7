// What a buyer sees before opening (扫码): goods, price labels, origin, who earns, and the operator's particulars that the
// food rules want shown.
import type { Shelf, ShelfLane } from '#shared/contracts/http/shelf.ts'
import type { PlanogramLane } from '#shared/contracts/mqtt/twin.ts'
import { findSkusById } from '../catalog/find-goods.ts'
import { householdsBehindLots, type LaneLot, lotsInCabinet } from '../stock/lane-stock.ts'
import { daysLeft } from '../catalog/rules.ts'
import type { ServerConfig } from '../config/server-config.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { openLocksOf } from '../lane-locks/find-locks.ts'
import { lockedAt } from '../lane-locks/rules.ts'
import { latestEndMs } from '../sessions/count-sessions.ts'
import { openMarkDownsOf } from '../mark-downs/find-mark-downs.ts'
import { findTwin } from './change-twin.ts'
import { findCabinet } from './store.ts'

type SkuRow = UnitContext['tables']['skus']['$inferSelect']

interface LaneGoods {
  readonly sku: SkuRow
  readonly priceFen: number
  /** Lots that lie in the lane by the books, first to expire first. */
  readonly lots: readonly LaneLot[]
  /** Pieces by the scales, when the cabinet reported them after its latest session; the books are as new as the session. */
  readonly reportedCount: number | undefined
  readonly households: ReadonlyMap<string, number>
  readonly lockReason: ShelfLane['lockReason']
  /** While the price is the one that was put down. */
  readonly markDown: ShelfLane['markDown']
  readonly nowMs: number
}

function showLane(lane: PlanogramLane, goods: LaneGoods): ShelfLane {
  const { sku, lots, nowMs } = goods
  const present = lots.filter(({ units }) => units > 0)
  // The lot a buyer gets next: the first that may still be sold.
  const current = present.find(({ expiresAtMs }) => expiresAtMs >= nowMs) ?? present[0]
  const isExpired = current !== undefined && current.expiresAtMs < nowMs
  const lockReason = goods.lockReason ?? (isExpired ? 'expired' : undefined)
  const booked = present.reduce((sum, { units }) => sum + units, 0)
  return {
    laneId: lane.laneId,
    skuId: sku.skuId,
    name: sku.name,
    spec: sku.spec,
    ...(sku.grade === null ? {} : { grade: sku.grade }),
    origin: sku.origin,
    mode: sku.mode,
    priceFen: goods.priceFen,
    ...(goods.markDown === undefined ? {} : { markDown: goods.markDown }),
    isCertified: sku.isCertified && (current === undefined || current.isSupplierCertified),
    isOnSale: lane.isOnSale && lockReason === undefined,
    ...(lockReason === undefined ? {} : { lockReason }),
    count: goods.reportedCount ?? booked,
    ...(current === undefined
      ? {}
      : {
          daysLeft: daysLeft(current.expiresAtMs, nowMs),
          lotTraceCode: current.traceCode,
          supplierName: current.supplierName,
        }),
    householdCount: current === undefined ? 0 : (goods.households.get(current.lotId) ?? 0),
  }
}

export function* showShelf(ctx: UnitContext, code: string, operator: ServerConfig['operator']): Unit<Shelf> {
  const cabinet = yield* findCabinet(ctx, { code })
  if (cabinet === undefined) throw new RefusalError('cabinet.unknown')
  const { cabinetId, hostSiteName, isOnline, isDemo, reported } = cabinet
  const { planogram, prices } = yield* findTwin(ctx, cabinetId)
  const skus = yield* findSkusById(ctx, [...new Set(planogram.lanes.map(({ skuId }) => skuId))])
  const stock = yield* lotsInCabinet(cabinetId)
  const households = yield* householdsBehindLots(ctx, [...new Set(stock.map(({ lotId }) => lotId))])
  const nowMs = ctx.now()
  const locked = lockedAt(yield* openLocksOf(cabinetId), nowMs)
  const markDowns = yield* openMarkDownsOf(ctx, cabinetId)
  const endedAtMs = yield* latestEndMs(ctx, cabinetId)
  const isReportNew = reported !== null && (endedAtMs === undefined || reported.atMs >= endedAtMs)
  const lanes = planogram.lanes.flatMap((lane): ShelfLane[] => {
    const sku = skus.get(lane.skuId)
    if (sku === undefined) return []
    const lots = stock.filter((lot) => lot.laneId === lane.laneId && lot.skuId === lane.skuId)
    const seen = (isReportNew ? reported.lanes : []).find(
      ({ laneId, skuId }) => laneId === lane.laneId && skuId === lane.skuId,
    )
    const priceFen = prices.prices[lane.skuId] ?? sku.priceFen
    const lockReason = locked.get(lane.laneId)
    const down = markDowns.get(lane.skuId)
    const markDown =
      down?.priceFen === priceFen ? { listPriceFen: down.listPriceFen, percentOff: down.percentOff } : undefined
    return [
      showLane(lane, { sku, priceFen, lots, reportedCount: seen?.count, households, lockReason, markDown, nowMs }),
    ]
  })
  const isInService = cabinet.isInService && cabinet.rolloutState === 'live'
  return { cabinetId, code, hostSiteName, isOnline, isInService, isDemo, operator, lanes }
}
