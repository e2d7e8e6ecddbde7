import type { Bill, LaneEvidence } from '../weighing/bill.ts'
import { refineBySale } from '../weighing/lot-statistics.ts'
import type { LaneRecord } from './lane-record.ts'

/** More objects than this in one lane is a lane to be looked at, not remembered. */
const maximumForeign = 10

/**
 * The lanes after a sale: pieces gone, gross as it rests now, foreign objects as they lie there. A bill that goes to
 * review leaves the decoder's best guess, marked doubtful. From a settled bill the lot learns what the pieces that left
 * weighed one by one.
 */
export function lanesAfterSale(
  bill: Bill,
  isSettled: boolean,
  lanes: readonly LaneRecord[],
  nowMs: number,
): readonly LaneRecord[] {
  const { evidence } = bill
  return lanes.flatMap((lane): LaneRecord[] => {
    const seen = evidence.lanes.find((candidate) => candidate.laneId === lane.laneId)
    if (seen?.closing === undefined) return isSettled ? [] : [{ ...lane, isCountDoubtful: true }]
    const foreignMassesMg = seen.foreignMassesMg.slice(-maximumForeign)
    const foreignMg = foreignMassesMg.reduce((sum, massMg) => sum + massMg, 0)
    const count = Math.max(0, seen.remainingCount)
    const hasMoved = count !== lane.count || !isSame(foreignMassesMg, lane.foreignMassesMg)
    const isTooFull = seen.foreignMassesMg.length > maximumForeign
    const isDoubtful = lane.isCountDoubtful || (!isSettled && hasMoved) || isTooFull
    // An untouched lane keeps its counted gross: re-basing it on each session would hide slow theft and lost water.
    if (!hasMoved && isDoubtful === lane.isCountDoubtful) return []
    const grossMg = count === 0 ? 0 : Math.max(0, seen.closing.levelMg - foreignMg)
    const learned = isSettled && !isDoubtful ? learn(lane, seen) : {}
    return [{ ...lane, count, grossMg, foreignMassesMg, isCountDoubtful: isDoubtful, countedAtMs: nowMs, ...learned }]
  })
}

/** One object for another is a change too, and shifts what the lane weighs. */
function isSame(massesMg: readonly number[], before: readonly number[]): boolean {
  return massesMg.length === before.length && massesMg.every((massMg, index) => massMg === before[index])
}

function learn(lane: LaneRecord, seen: LaneEvidence): Partial<LaneRecord> {
  const { meanMg, sdMg, samples } = refineBySale(
    { meanMg: lane.unitMassMg, sdMg: lane.unitMassSdMg, samples: lane.samples },
    seen.taken,
  )
  return { unitMassMg: meanMg, unitMassSdMg: sdMg, samples }
}
