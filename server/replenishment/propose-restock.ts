// The restock plan as people see it before anything is decided; computed when asked for, it books nothing.
import type { RestockProposal } from '#shared/contracts/http/replenishment.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { computePlan } from './compute-plan.ts'
import { pickList, type PlanOptions } from './plan-restock.ts'

/** Of `limit` cabinets, those that get the most units. The depot is shared out over all of them. */
export function* proposeRestock(ctx: UnitContext, options: PlanOptions & { limit: number }): Unit<RestockProposal> {
  const { limit } = options
  const { plan, shelves, lotById, forecastMadeAtMs } = yield* computePlan(ctx, options)
  const units = new Map<string, number>()
  for (const load of plan.loads) units.set(load.cabinetId, (units.get(load.cabinetId) ?? 0) + load.units)
  const chosen = shelves
    .filter(({ cabinetId }) => units.has(cabinetId))
    .toSorted((a, b) => (units.get(b.cabinetId) ?? 0) - (units.get(a.cabinetId) ?? 0))
    .slice(0, limit)
  const named = (lotId: string) => {
    const { skuName = '', traceCode = '', expiresAtMs = 0 } = lotById.get(lotId) ?? {}
    return { skuName, traceCode, expiresAtMs }
  }
  const chosenIds = new Set(chosen.map(({ cabinetId }) => cabinetId))
  return {
    ...(forecastMadeAtMs === undefined ? {} : { forecastMadeAtMs }),
    cabinets: chosen.map(({ cabinetId, cabinetCode, hostSiteName }) => ({
      cabinetId,
      cabinetCode,
      hostSiteName,
      loads: plan.loads
        .filter((load) => load.cabinetId === cabinetId)
        .map(({ laneId, skuId, lotId, units: count }) => ({ laneId, skuId, lotId, count, ...named(lotId) })),
    })),
    picks: pickList(plan.loads, chosenIds).map(({ skuId, lotId, units: count }) => ({
      skuId,
      lotId,
      count,
      ...named(lotId),
    })),
    shortages: plan.shortages
      .filter(({ cabinetId }) => chosenIds.has(cabinetId))
      .map(({ cabinetId, laneId, units: count }) => ({ cabinetId, laneId, count })),
  }
}
