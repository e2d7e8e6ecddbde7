// The contract of a session: what each lane on sale holds, for what price, frozen when the door is authorised. Whatever
// changes later, the bill is made from this.
import { lotsInCabinet } from '../catalog/lane-stock.ts'
import type { LaneLot } from '../catalog/lane-stock.ts'
import { findLotsById, findSkusById } from '../catalog/find-goods.ts'
import type { LotWithSupplier, SkuRow } from '../catalog/find-goods.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
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
}

/** Refuses with session.nothing_on_sale when no lane may be sold from: none on sale, or all that remains is expired. */
export function* makeContract(ctx: UnitContext, shelf: Shelf): Unit<ContractLane[]> {
  const onSale = shelf.planned.filter((lane) => lane.isOnSale)
  const skus = yield* findSkusById(ctx, [...new Set(onSale.map((lane) => lane.skuId))])
  const stock = yield* lotsInCabinet(ctx, shelf.cabinetId)
  const plannedLots = yield* findLotsById(
    ctx,
    onSale.flatMap(({ lotId }) => (lotId === undefined ? [] : [lotId])),
  )
  const nowMs = ctx.now()
  const lanes = onSale.flatMap((lane) => {
    const sku = skus.get(lane.skuId)
    if (sku === undefined) return []
    const lots = stock.filter((lot) => lot.laneId === lane.laneId && lot.skuId === lane.skuId)
    const planned = lane.lotId === undefined ? undefined : plannedLots.get(lane.lotId)
    return [contractLane(lane, sku, shelf.prices[lane.skuId] ?? sku.priceFen, { lots, planned, nowMs })]
  })
  if (lanes.length === 0) throw new RefusalError('session.nothing_on_sale')
  const present = stock.filter((lot) => lot.units > 0)
  if (present.length > 0 && present.every((lot) => lot.expiresAtMs < nowMs)) {
    throw new RefusalError('session.nothing_on_sale', 'All goods in this cabinet are past their date.')
  }
  return lanes
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
    unitMassMg: sku.labelUnitMassMg,
    ...(current === undefined ? {} : { lotId: current.lotId }),
    ...(expired.length === 0 ? {} : { expiredLotIds: [...new Set(expired.map((lot) => lot.lotId))] }),
  }
}
