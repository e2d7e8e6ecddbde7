// Which SKUs of a planogram weigh too much alike: two are told apart by one piece, at 0.1 % error, only when their weights
// differ by 6.2·√(s² + 2σ²), with s the piece's own spread and σ that of a plateau on this cabinet's scales (weighing.md,
// "Two SKUs are told apart"). Reported while a planogram is made and when it is saved, not discovered in a dispute.
import type { PlanogramLane, ReportedTwin } from '../contracts/mqtt/twin.ts'
import type { Id } from '../ids/uuid-v7.ts'

export interface WeighedSku {
  readonly skuId: Id
  readonly name: string
  readonly unitMassMg: number
  readonly unitMassSdMg: number
}

export interface WeightClash {
  readonly skuIdA: Id
  readonly skuIdB: Id
  readonly gapMg: number
  readonly neededMg: number
  readonly message: string
}

/** Standard error of a plateau on a typical installation, for a cabinet that has not told its own [assumed]. */
const typicalPlateauSdMg = 1_500
const separation = 6.2

/** Every pair of different SKUs that is too close; by lane order, each pair once. */
export function checkPlanogram(skus: readonly WeighedSku[], plateauSdMg: number): WeightClash[] {
  const distinct = [...new Map(skus.map((sku) => [sku.skuId, sku])).values()]
  const clashes: WeightClash[] = []
  for (const [index, a] of distinct.entries()) {
    for (const b of distinct.slice(index + 1)) {
      const gapMg = Math.abs(a.unitMassMg - b.unitMassMg)
      const spreadMg = Math.max(a.unitMassSdMg, b.unitMassSdMg)
      const neededMg = Math.ceil(separation * Math.sqrt(spreadMg ** 2 + 2 * plateauSdMg ** 2))
      if (gapMg >= neededMg) continue
      const message = `${a.name} / ${b.name}: ${(gapMg / 1_000).toFixed(1)} g < ${(neededMg / 1_000).toFixed(1)} g`
      clashes.push({ skuIdA: a.skuId, skuIdB: b.skuId, gapMg, neededMg, message })
    }
  }
  return clashes
}

/** The clashes of a planogram in one cabinet: pieces weigh what it has learned of them where it holds any, else their label. */
export function findClashes(
  lanes: ReadonlyArray<Pick<PlanogramLane, 'skuId' | 'skuName' | 'labelUnitMassMg' | 'labelUnitMassSdMg'>>,
  reported: Pick<ReportedTwin, 'lanes' | 'plateauSdMg'> | undefined,
): WeightClash[] {
  const weighed = lanes.map((lane) => {
    const learned = reported?.lanes.find(({ skuId, count }) => skuId === lane.skuId && count > 0)
    return {
      skuId: lane.skuId,
      name: lane.skuName,
      unitMassMg: learned?.unitMassMg ?? lane.labelUnitMassMg,
      unitMassSdMg: learned?.unitMassSdMg ?? lane.labelUnitMassSdMg,
    }
  })
  return checkPlanogram(weighed, reported?.plateauSdMg ?? typicalPlateauSdMg)
}
