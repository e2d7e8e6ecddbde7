/** Enters host sites and cabinets, and plans the shelves of the live ones: what lies in which lane; prices are the labels'. */
import type { Id } from '#shared/ids/uuid-v7.ts'
import { changeConfig, changePlanogram } from '../cabinets/change-twin.ts'
import { addCabinets, addHostSites } from '../cabinets/register-cabinets.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import type { DemoData } from './data/demo-data.ts'
import type { SkuKey } from './data/goods.ts'

/** What the demo's cabinets may sell on offline passes before the server has heard of it. */
const offlineLimits = { maxOpenSessions: 3, maxOpenFen: 30_000 }

/** Ids by site key. `joinCodes` has one for each site, in their order. */
export function* seedSites(
  ctx: UnitContext,
  data: DemoData,
  joinCodes: readonly string[],
): Unit<ReadonlyMap<string, Id>> {
  const sites = yield* addHostSites(
    ctx,
    data.sites.map(({ key: _key, ...site }, index) => ({ ...site, joinCode: joinCodes[index] ?? '' })),
  )
  return new Map(data.sites.map(({ key }, index) => [key, sites[index]?.hostSiteId ?? '']))
}

export function* seedCabinets(
  ctx: UnitContext,
  data: DemoData,
  ids: { readonly siteIds: ReadonlyMap<string, Id>; readonly skus: ReadonlyMap<SkuKey, Id> },
  changedBy: string,
): Unit<void> {
  const cabinetIds = yield* addCabinets(
    ctx,
    data.cabinets.map(({ code, siteKey, rolloutState, scaleProfile }) => ({
      code,
      hostSiteId: ids.siteIds.get(siteKey) ?? '',
      rolloutState,
      isDemo: scaleProfile !== undefined,
    })),
  )
  for (const [index, { code, siteKey }] of data.cabinets.entries()) {
    const lanes = data.shelves.get(code)
    const cabinetId = cabinetIds[index]
    if (lanes === undefined || cabinetId === undefined) continue
    // Lanes name no lot: what a restocker loads says which.
    yield* changePlanogram(ctx, {
      cabinetId,
      expectedVersion: 0,
      changedBy,
      lanes: lanes.map(({ laneId, skuKey, capacity }) => ({
        laneId,
        skuId: ids.skus.get(skuKey) ?? '',
        capacity,
        isOnSale: true,
      })),
    })
    const offlineSelling = { groupId: ids.siteIds.get(siteKey) ?? '', ...offlineLimits }
    yield* changeConfig(ctx, { cabinetId, config: { offlineSelling }, changedBy })
  }
}
