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

/**
 * `massG` is rounded down to the division, and the amount down to a whole fen: doubt is the buyer's gain. Where the
 * scale's own error could leave the buyer short by more than the law allows in one sale of a thousand, the mass is
 * lowered by so much first.
 */
export function weightLine(lane: LaneSetup, massG: number, sdG: number, divisionMg: number): BillLine {
  const { laneId, skuId, priceFen } = lane
  const marginG = Math.max(0, oneInThousand * sdG - legalShortfallG(priceFen))
  const massMg = roundDownToDivision(massG - marginG, divisionMg)
  return { laneId, skuId, mode: 'weight', massMg, amountFen: Math.floor((massMg * priceFen) / 1_000_000) }
}

/** z of a one-sided 0.1 %. */
const oneInThousand = 3.09

/** What a buyer may come short by, g, by the price per kg in fen (weighing.md rule 7). */
export function legalShortfallG(priceFen: number): number {
  if (priceFen < 600) return 20
  if (priceFen <= 3000) return 5
  return priceFen <= 10_000 ? 2 : 1
}

/** A hundredth of a division of slack keeps a mean of exactly k divisions from falling to k − 1. */
export function roundDownToDivision(massG: number, divisionMg: number): number {
  return Math.max(0, Math.floor((massG * 1000) / divisionMg + 0.01) * divisionMg)
}
