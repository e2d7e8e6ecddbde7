// A planogram and its prices while somebody changes them, and what of that is sent.
import type { DesiredTwin, PlanogramLane } from '#shared/contracts/mqtt/twin.ts'

export interface DraftLane {
  laneId: string
  skuId: string
  /** The lot that lies there; another SKU brings its own at restock. */
  lotId: string | undefined
  capacity: number
  isOnSale: boolean
  /** Per piece or per kg. */
  priceYuan: number
}

export function draftOf({ planogram, prices }: Pick<DesiredTwin, 'planogram' | 'prices'>): DraftLane[] {
  return planogram.lanes.map(({ laneId, skuId, lotId, capacity, isOnSale }) => ({
    laneId,
    skuId,
    lotId,
    capacity,
    isOnSale,
    priceYuan: (prices.prices[skuId] ?? 0) / 100,
  }))
}

/** The first lane of L01…L99 that is free. */
export function nextLaneId(lanes: readonly Pick<DraftLane, 'laneId'>[]): string {
  const taken = new Set(lanes.map(({ laneId }) => laneId))
  const numbers = Array.from({ length: 99 }, (_, index) => `L${String(index + 1).padStart(2, '0')}`)
  return numbers.find((laneId) => !taken.has(laneId)) ?? 'L99'
}

/** Fen by SKU, of the prices that differ from those in force. A SKU in two lanes has one price: that of the last. */
export function changedPrices(
  lanes: readonly DraftLane[],
  { prices }: Pick<DesiredTwin, 'prices'>,
): Record<string, number> {
  const wanted = Object.fromEntries(lanes.map(({ skuId, priceYuan }) => [skuId, Math.round(priceYuan * 100)]))
  return Object.fromEntries(Object.entries(wanted).filter(([skuId, fen]) => prices.prices[skuId] !== fen))
}

/** As the server takes it, in the order of the lanes: a lot stays where its SKU stays. */
export function plannedOf(
  lanes: readonly DraftLane[],
  { planogram }: Pick<DesiredTwin, 'planogram'>,
): Array<Pick<PlanogramLane, 'laneId' | 'skuId' | 'lotId' | 'capacity' | 'isOnSale'>> {
  const before = new Map(planogram.lanes.map((lane) => [lane.laneId, lane.skuId]))
  return lanes
    .map(({ laneId, skuId, lotId, capacity, isOnSale }) => ({
      laneId,
      skuId,
      capacity,
      isOnSale,
      ...(lotId !== undefined && before.get(laneId) === skuId ? { lotId } : {}),
    }))
    .toSorted((a, b) => a.laneId.localeCompare(b.laneId))
}
