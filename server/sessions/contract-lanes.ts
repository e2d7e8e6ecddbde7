// The contract of a session: what each lane on sale holds, for what price, frozen when the door is authorised. Whatever
// changes later, the bill is made from this. A locked lane stands in it with its lock: a door has no lanes, so what is taken
// from there has to leave the books, and is not charged.
import { lotsInCabinet } from '../stock/lane-stock.ts'
import type { LaneLot } from '../stock/lane-stock.ts'
import { findLotsById, findSkusById } from '../catalog/find-goods.ts'
import type { LotWithSupplier, SkuRow } from '../catalog/find-goods.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { openLocksOf } from '../lane-locks/find-locks.ts'
import { lockedAt } from '../lane-locks/rules.ts'
import type { ContractLane } from './pricing.ts'

/** A lane of the planogram (shared/contracts/mqtt/twin.ts). */
export interface PlannedLane {
  readonly laneId: string
  readonly skuId: string
  readonly lotId?: string | undefined
  readonly isOnSale: boolean
}

export interface Shelf {
  readonly cabinetId: string
  readonly planned: readonly PlannedLane[]
  /** Fen per piece or per kg, by SKU. */
  readonly prices: Readonly<Record<string, number>>
  /** When the door was opened; default: now. */
  readonly atMs?: number
}

/** Refuses with session.nothing_on_sale when no lane may be sold from: none on sale, or all are locked, or past their date. */
export function* makeContract(ctx: UnitContext, shelf: Shelf): Unit<ContractLane[]> {
  const { lanes, stock } = yield* freezeShelf(ctx, shelf)
  if (lanes.length === 0) throw new RefusalError('session.nothing_on_sale')
  requireSellable(lanes, stock)
  return lanes
}

/** Of a door that is open already, whatever should have kept it shut: what is taken has to be found and leave the books. */
export function* makeLateContract(ctx: UnitContext, shelf: Shelf): Unit<ContractLane[]> {
  return (yield* freezeShelf(ctx, shelf)).lanes
}

function* freezeShelf(ctx: UnitContext, shelf: Shelf): Unit<{ lanes: ContractLane[]; stock: readonly LaneLot[] }> {
  const onSale = shelf.planned.filter((lane) => lane.isOnSale)
  const skus = yield* findSkusById(ctx, [...new Set(onSale.map((lane) => lane.skuId))])
  const stock = yield* lotsInCabinet(shelf.cabinetId)
  const plannedLots = yield* findLotsById(
    ctx,
    onSale.flatMap(({ lotId }) => (lotId === undefined ? [] : [lotId])),
  )
  const nowMs = shelf.atMs ?? ctx.now()
  const locked = lockedAt(yield* openLocksOf(shelf.cabinetId), nowMs)
  const lanes = onSale.flatMap((lane) => {
    const sku = skus.get(lane.skuId)
    if (sku === undefined) return []
    const lots = stock.filter((lot) => lot.laneId === lane.laneId && lot.skuId === lane.skuId)
    const planned = lane.lotId === undefined ? undefined : plannedLots.get(lane.lotId)
    const lockReason = locked.get(lane.laneId) ?? (isAllExpired(lots, nowMs) ? 'expired' : undefined)
    const contract = contractLane(lane, sku, shelf.prices[lane.skuId] ?? sku.priceFen, { lots, planned, nowMs })
    return [lockReason === undefined ? contract : { ...contract, lockReason }]
  })
  return { lanes, stock }
}

/** Nothing that may be sold lies in an unlocked lane: the door stays shut. Lanes the books know no goods in count as empty. */
function requireSellable(lanes: readonly ContractLane[], stock: readonly LaneLot[]): void {
  const filled = new Set(stock.flatMap(({ laneId, units }) => (units > 0 ? [laneId] : [])))
  const judged = lanes.some(({ laneId }) => filled.has(laneId))
    ? lanes.filter(({ laneId }) => filled.has(laneId))
    : lanes
  if (judged.some(({ lockReason }) => lockReason === undefined)) return
  const reasons = [...new Set(judged.map(({ lockReason }) => lockReason))]
  const detail =
    reasons.length === 1 && reasons[0] === 'expired'
      ? 'All goods in this cabinet are past their date.'
      : `All lanes of this cabinet are locked: ${reasons.join(', ')}.`
  throw new RefusalError('session.nothing_on_sale', detail)
}

function isAllExpired(lots: readonly LaneLot[], nowMs: number): boolean {
  const present = lots.filter(({ units }) => units > 0)
  return present.length > 0 && present.every(({ expiresAtMs }) => expiresAtMs < nowMs)
}

function contractLane(
  lane: PlannedLane,
  sku: SkuRow,
  priceFen: number,
  goods: { lots: readonly LaneLot[]; planned: LotWithSupplier | undefined; nowMs: number },
): ContractLane {
  const { lots, planned, nowMs } = goods
  // First to expire is first to be sold, as long as it may be sold.
  const current = lots.find((lot) => lot.units > 0 && lot.expiresAtMs >= nowMs) ?? planned ?? lots.at(-1)
  const expired = [...lots, ...(planned === undefined ? [] : [planned])].filter((lot) => lot.expiresAtMs < nowMs)
  return {
    laneId: lane.laneId,
    skuId: sku.skuId,
    name: sku.name,
    spec: sku.spec,
    origin: sku.origin,
    mode: sku.mode,
    priceFen,
    isCertified: sku.isCertified && current?.isSupplierCertified === true,
    isProductCertified: sku.isCertified,
    unitMassMg: sku.labelUnitMassMg,
    ...(current === undefined ? {} : { lotId: current.lotId }),
    ...(expired.length === 0 ? {} : { expiredLotIds: [...new Set(expired.map((lot) => lot.lotId))] }),
  }
}
