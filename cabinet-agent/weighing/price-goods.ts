import type { BillLine } from './bill.ts'
import type { LaneSetup } from './session-setup.ts'

/**
 * Turns goods into bill lines at the price the cabinet shows. The server prices again and its figure counts; the two
 * use the same rule. Source: weighing.md, rule 7.
 */

export function pieceLine(lane: LaneSetup, count: number): BillLine {
  const { laneId, skuId, priceFen } = lane
  return { laneId, skuId, mode: 'piece', count, amountFen: count * priceFen }
}

/** `massG` is rounded down to the division, and the amount down to a whole fen: doubt is the buyer's gain. */
export function weightLine(lane: LaneSetup, massG: number, divisionMg: number): BillLine {
  const { laneId, skuId, priceFen } = lane
  const massMg = roundDownToDivision(massG, divisionMg)
  return { laneId, skuId, mode: 'weight', massMg, amountFen: Math.floor((massMg * priceFen) / 1_000_000) }
}

/** A hundredth of a division of slack keeps a mean of exactly k divisions from falling to k − 1. */
export function roundDownToDivision(massG: number, divisionMg: number): number {
  return Math.max(0, Math.floor((massG * 1000) / divisionMg + 0.01) * divisionMg)
}
