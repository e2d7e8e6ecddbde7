import type { LaneLoad } from '#shared/contracts/mqtt/command.ts'
import type { EventBody } from '#shared/contracts/mqtt/event.ts'
import type { Plateau } from '#shared/contracts/mqtt/lane.ts'
import type { PlanogramLane } from '#shared/contracts/mqtt/twin.ts'
import type { LaneRecord } from './lane-record.ts'

export type LaneStatistics = EventBody<'restock.completed'>['lanes'][number]

export interface RestockWeighing {
  planogram: readonly PlanogramLane[]
  /** The lanes as they were known before, in planogram order. */
  lanes: readonly LaneRecord[]
  loads: readonly LaneLoad[]
  opening: readonly Plateau[]
  closing: readonly Plateau[]
  /** When it was weighed, epoch ms. */
  atMs: number
}

/** A label may be this far off the true mean of a lot (weighing.md, label weights: 5–15 g of 168–185 g). */
const labelDoubt = 0.05
/** Beyond this many standard deviations the stated count is doubted. */
const doubtSd = 4
/** An untouched lane may drift this far between two plateaus, mg. */
const untouchedMg = 15_000

/**
 * What a restock leaves in each lane: pieces as stated, gross as weighed, and the unit weight that follows from both.
 * Lanes that nobody said anything about are checked too: a change there makes their count doubtful.
 */
export function lanesAfterRestock(weighing: RestockWeighing): {
  records: readonly LaneRecord[]
  statistics: readonly LaneStatistics[]
} {
  const records: LaneRecord[] = []
  const statistics: LaneStatistics[] = []
  for (const lane of weighing.lanes) {
    const loads = weighing.loads.filter((load) => load.laneId === lane.laneId)
    const opening = weighing.opening.find((plateau) => plateau.laneId === lane.laneId)
    const closing = weighing.closing.find((plateau) => plateau.laneId === lane.laneId)
    const label = weighing.planogram.find((planned) => planned.laneId === lane.laneId)
    if (closing === undefined || label === undefined) continue
    const counted = loads.length === 0 ? recheck(lane, opening, closing) : load(lane, loads, label, opening, closing)
    if (counted === undefined) continue
    records.push({ ...counted.record, countedAtMs: weighing.atMs })
    statistics.push(toStatistics(counted.record, counted.countAdded))
  }
  return { records, statistics }
}

interface Counted {
  record: LaneRecord
  countAdded: number
}

function recheck(lane: LaneRecord, opening: Plateau | undefined, closing: Plateau): Counted | undefined {
  const beforeMg = opening?.levelMg ?? lane.grossMg
  if (Math.abs(closing.levelMg - beforeMg) <= untouchedMg) return undefined
  return { record: { ...lane, isCountDoubtful: true }, countAdded: 0 }
}

function load(
  lane: LaneRecord,
  loads: readonly LaneLoad[],
  label: PlanogramLane,
  opening: Plateau | undefined,
  closing: Plateau,
): Counted {
  const last = loads.at(-1)
  const isNewSku = last !== undefined && last.skuId !== lane.skuId
  const lastReplacement = loads.findLastIndex((entry) => entry.isReplacement)
  const isReplaced = isNewSku || lastReplacement >= 0
  const counted = loads.slice(Math.max(0, lastReplacement)).reduce((sum, entry) => sum + entry.count, 0)
  const count = isReplaced ? counted : lane.count + counted
  const grossMg = Math.max(0, closing.levelMg)
  const foreignMassesMg = isReplaced ? [] : lane.foreignMassesMg
  const ownMg = Math.max(0, grossMg - foreignMassesMg.reduce((sum, massMg) => sum + massMg, 0))
  const isSameLot = !isNewSku && lane.samples > 0 && last?.lotId === lane.lotId
  const priorMg = isSameLot ? lane.unitMassMg : label.labelUnitMassMg
  const relativeSd = Math.max(0.003, label.labelUnitMassSdMg / label.labelUnitMassMg)
  const unitMassMg = count > 0 ? Math.max(1, Math.round(ownMg / count)) : priorMg
  const check: CountCheck = isReplaced
    ? { count, massMg: ownMg }
    : { count: counted, massMg: closing.levelMg - (opening?.levelMg ?? lane.grossMg) }
  const errorMg = Math.hypot(closing.standardErrorMg, opening?.standardErrorMg ?? 0)
  const isCountDoubtful =
    isDoubtful(check, priorMg, relativeSd, isSameLot ? relativeSd / Math.sqrt(lane.samples) : labelDoubt, errorMg) ||
    (!isReplaced && lane.isCountDoubtful)
  return {
    countAdded: counted,
    record: {
      laneId: lane.laneId,
      skuId: last?.skuId ?? lane.skuId,
      ...(last === undefined ? {} : { lotId: last.lotId }),
      count,
      grossMg: count === 0 ? 0 : ownMg,
      unitMassMg,
      unitMassSdMg: Math.round(relativeSd * unitMassMg),
      samples: count,
      foreignMassesMg,
      isCountDoubtful,
    },
  }
}

interface CountCheck {
  count: number
  massMg: number
}

/** Does the mass fit the stated pieces? Piece spread, doubt about the mean, and the plateaus' own errors add up. */
function isDoubtful(
  { count, massMg }: CountCheck,
  unitMg: number,
  relativeSd: number,
  meanDoubt: number,
  errorMg: number,
) {
  const spreadMg = Math.sqrt(count) * relativeSd * unitMg
  const sdMg = Math.hypot(spreadMg, count * meanDoubt * unitMg, errorMg, 1_000)
  return Math.abs(massMg - count * unitMg) > doubtSd * sdMg
}

function toStatistics(record: LaneRecord, countAdded: number): LaneStatistics {
  return {
    laneId: record.laneId,
    skuId: record.skuId,
    // A lane that was never loaded has no lot; its statistics only say that something moved there.
    lotId: record.lotId ?? record.skuId,
    countAdded,
    countAfter: record.count,
    grossAfterMg: record.grossMg,
    unitMassMg: record.unitMassMg,
    unitMassSdMg: record.unitMassSdMg,
    samples: record.samples,
    isCountDoubtful: record.isCountDoubtful,
  }
}
