import type { Planogram, PriceList } from '#shared/contracts/mqtt/twin.ts'
import { dryingOfLane, unknownDrying, type DryingRate } from '../weighing/moisture-loss.ts'
import type { LaneSetup } from '../weighing/session-setup.ts'
import { lanesOf, type LaneRecord } from './lane-record.ts'

/**
 * What the decoder is told of each lane: planogram and price as agreed, stock as last counted, drying as its SKU's is
 * known. In planogram order.
 */
export function laneSetups(
  planogram: Planogram,
  prices: PriceList,
  records: ReadonlyMap<string, LaneRecord>,
  dryingRates: ReadonlyMap<string, DryingRate>,
  nowMs: number,
): readonly LaneSetup[] {
  const known = lanesOf(planogram.lanes, records)
  return planogram.lanes.flatMap((lane, index) => {
    const record = known[index]
    const priceFen = prices.prices[lane.skuId]
    // A twin with an unpriced lane is never applied, so this leaves out nothing that can be sold.
    if (record === undefined || priceFen === undefined) return []
    return [
      {
        laneId: lane.laneId,
        skuId: lane.skuId,
        mode: lane.mode,
        priceFen,
        unitWeight: { meanMg: record.unitMassMg, sdMg: record.unitMassSdMg, samples: record.samples },
        stock: { count: record.count, grossMg: record.grossMg },
        foreignMassesMg: record.foreignMassesMg,
        ...dryingOf(record, dryingRates.get(lane.skuId), nowMs),
      },
    ]
  })
}

function dryingOf({ countedAtMs }: LaneRecord, rate: DryingRate | undefined, nowMs: number): Pick<LaneSetup, 'drying'> {
  if (countedAtMs === undefined) return {}
  return { drying: dryingOfLane(rate ?? unknownDrying, (nowMs - countedAtMs) / 3_600_000) }
}
