import type { Id } from '#shared/ids/uuid-v7.ts'
import type { PlanogramLane } from '#shared/contracts/mqtt/twin.ts'

/**
 * What the cabinet knows of one lane's stock: the pieces and their gross weight as last counted, and what one piece
 * weighs as learned at restock. Kept in the journal; it conditions the decoder and is reported in the twin.
 */
export interface LaneRecord {
  laneId: string
  skuId: Id
  lotId?: Id
  count: number
  /** Gross weight of those pieces on the scale when last counted, mg. */
  grossMg: number
  unitMassMg: number
  unitMassSdMg: number
  /** Single pieces behind the unit weight; 0 while only the label speaks. */
  samples: number
  /** Objects that lie in the lane and are not its stock, mg each. */
  foreignMassesMg: readonly number[]
  isCountDoubtful: boolean
  /** When the pieces and their gross were last taken down, epoch ms; absent before the first time. */
  countedAtMs?: number
  /** What the pieces weighed when they were last looked at untouched, mg, epoch ms; absent: when they were counted. */
  rest?: { massMg: number; atMs: number }
  /** Water lost and not yet reported (dry-lanes.ts), mg. */
  dried?: { sinceMs: number; lostMg: number; sdMg: number }
}

/** A lane nobody has stocked yet: empty, with the label's word for a piece's weight. */
export function emptyLane(lane: PlanogramLane): LaneRecord {
  return {
    laneId: lane.laneId,
    skuId: lane.skuId,
    ...(lane.lotId === undefined ? {} : { lotId: lane.lotId }),
    count: 0,
    grossMg: 0,
    unitMassMg: lane.labelUnitMassMg,
    unitMassSdMg: lane.labelUnitMassSdMg,
    samples: 0,
    foreignMassesMg: [],
    isCountDoubtful: false,
  }
}

/** The lanes of a planogram with what is known of each; a lane that changes SKU starts from nothing known. */
export function lanesOf(planogram: readonly PlanogramLane[], records: ReadonlyMap<string, LaneRecord>): LaneRecord[] {
  return planogram.map((lane) => {
    const record = records.get(lane.laneId)
    return record === undefined || record.skuId !== lane.skuId ? emptyLane(lane) : record
  })
}
