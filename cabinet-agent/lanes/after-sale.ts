import type { Bill } from '../weighing/bill.ts'
import type { LaneRecord } from './lane-record.ts'

/**
 * The lanes after a sale: pieces gone, gross as it rests now, foreign objects remembered. A bill that goes to review
 * leaves the decoder's best guess, marked doubtful. The unit weight stays as learned at restock, but for a lane whose
 * pieces left are told by a confident bill: then the mean of what lies there is better than what lay there.
 */
export function lanesAfterSale(bill: Bill, isSettled: boolean, lanes: readonly LaneRecord[]): readonly LaneRecord[] {
  const { evidence } = bill
  return lanes.flatMap((lane): LaneRecord[] => {
    const seen = evidence.lanes.find((candidate) => candidate.laneId === lane.laneId)
    if (seen?.closing === undefined) return isSettled ? [] : [{ ...lane, isCountDoubtful: true }]
    const foreignMassesMg = [
      ...lane.foreignMassesMg,
      ...evidence.foreign.filter((found) => found.laneId === lane.laneId).map((found) => found.massMg),
      ...evidence.misplacements.filter((found) => found.inLaneId === lane.laneId).map((found) => found.massMg),
    ].slice(-10)
    const foreignMg = foreignMassesMg.reduce((sum, massMg) => sum + massMg, 0)
    const count = Math.max(0, seen.remainingCount)
    const hasMoved = count !== lane.count || foreignMassesMg.length !== lane.foreignMassesMg.length
    const isDoubtful = lane.isCountDoubtful || (!isSettled && hasMoved)
    // An untouched lane keeps its counted gross: re-basing it on each session would hide slow theft and lost water.
    if (!hasMoved && isDoubtful === lane.isCountDoubtful) return []
    const grossMg = count === 0 ? 0 : Math.max(0, seen.closing.levelMg - foreignMg)
    const learned = isSettled && count >= 3 && !isDoubtful && foreignMassesMg.length === 0
    return [
      {
        ...lane,
        count,
        grossMg,
        foreignMassesMg,
        isCountDoubtful: isDoubtful,
        ...(learned ? { unitMassMg: Math.round(grossMg / count) } : {}),
      },
    ]
  })
}
