import { log } from './deterministic-math.ts'
import type { NoiseModel } from './noise-model.ts'
import { believableLossPart } from './moisture-loss.ts'
import type { LaneSetup } from './session-setup.ts'

/**
 * What a piece in a lane weighs, conditioned on what the lane itself weighed when it was counted: N pieces of gross S
 * make the mean of k of them k·S/N with variance k(1 − k/N)σ². The header's mean only speaks when it contradicts the
 * lane, and then hardly: the lane's own evidence wins. Source: weighing.md, "Use the lane's own gross weight".
 */
export interface LaneModel {
  /** Log prior of this reading of the stock figures against its rivals. */
  logPrior: number
  /** Pieces in the lane at opening and what they weigh together, g. */
  count: number
  massG: number
  /** No more pieces than this can be sold: what the stock figures say lay there. */
  sellable: number
  unitMeanG: number
  unitVariance: number
  /** Degrees of freedom behind the unit variance. */
  freedom: number
  /** Variance of the lane's zero since the count, g²: it shifts the mass, not the steps. */
  zeroVariance: number
}

/** Prior that a lane was counted one too many, and the same for one too few [assumed]. */
const miscounted = 0.002

export interface LaneModels {
  models: readonly LaneModel[]
  isUnitWeightContradicted: boolean
  isStockContradicted: boolean
}

export function readLaneModels(lane: LaneSetup, openingG: number, noise: NoiseModel): LaneModels {
  const { unitWeight, stock } = lane
  const grossG = stock.grossMg / 1000
  const headerG = unitWeight.meanMg / 1000
  const headerSdG = Math.max(unitWeight.sdMg / 1000, 0.001 * headerG, 0.05)
  const foreignG = (lane.foreignMassesMg ?? []).reduce((sum, massMg) => sum + massMg, 0) / 1000
  const zeroSdG = 0.6 + 1.8 * noise.divisionG
  const zeroVariance = zeroSdG * zeroSdG
  const freedom = Math.max(3, unitWeight.samples - 1)
  if (stock.count <= 0 || grossG <= 0) {
    const count = Math.max(0, stock.count)
    const empty = { count, sellable: count, massG: Math.max(0, grossG), unitMeanG: headerG }
    const models = [{ logPrior: 0, ...empty, unitVariance: headerSdG * headerSdG, freedom, zeroVariance }]
    return { models, isUnitWeightContradicted: false, isStockContradicted: stock.count > 0 }
  }
  const ownG = grossG / stock.count
  const relativeSd = headerSdG / headerG
  const errorG = headerSdG * Math.sqrt(1 / Math.max(2, unitWeight.samples) + 1 / stock.count)
  const isUnitWeightContradicted = lane.mode === 'piece' && Math.abs(ownG - headerG) > 4 * errorG + 0.01 * headerG
  const make = (logPrior: number, count: number, massG: number): LaneModel => {
    const unitMeanG = massG / count
    const unitSdG = relativeSd * unitMeanG
    return {
      logPrior,
      count,
      massG,
      sellable: stock.count,
      unitMeanG,
      unitVariance: unitSdG * unitSdG,
      freedom,
      zeroVariance,
    }
  }
  const models: LaneModel[] = []
  const missingG = grossG - (openingG - foreignG)
  const isOff = Math.abs(missingG) > 4 * zeroSdG + 0.002 * grossG
  const isDrying = isOff && missingG > 0 && missingG < believableLossPart(lane.drying) * grossG
  if (!isOff) models.push(make(0, stock.count, grossG))
  else {
    // Lost water shrinks every piece; a whole piece more or less changes the count. Both are told by the first step.
    if (isDrying) models.push(make(log(0.8), stock.count, grossG - missingG))
    const pieces = Math.round(missingG / ownG)
    if (pieces !== 0 && Math.abs(missingG - pieces * ownG) < 0.35 * ownG && stock.count > pieces) {
      models.push(make(log(0.2), stock.count - pieces, grossG - missingG))
    }
    if (models.length === 0) models.push(make(0, stock.count, grossG))
  }
  if (lane.mode === 'piece') {
    // People miscount by one; then steps of one piece each tell, where the sum alone would deceive.
    const likeliestG = models[0]?.massG ?? grossG
    if (stock.count > 1) models.push(make(log(miscounted), stock.count - 1, likeliestG))
    models.push(make(log(miscounted), stock.count + 1, likeliestG))
  }
  const headerCount = Math.round(grossG / headerG)
  if (isUnitWeightContradicted && headerCount !== stock.count && headerCount > 0) {
    models.push(make(log(0.001), headerCount, headerCount * headerG))
  }
  return {
    models,
    isUnitWeightContradicted,
    isStockContradicted: isOff && !isDrying,
  }
}
