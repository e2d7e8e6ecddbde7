/** Enters host sites and cabinets, and plans the shelves of the live ones: what lies in which lane and at which price. */
import type { Id } from '#shared/ids/uuid-v7.ts'
import { insertRows, type Unit, type UnitContext } from '../db/unit.ts'
import type { DemoData } from './data/demo-data.ts'
import type { SkuKey } from './data/goods.ts'

/** Ids by site key. */
export function* seedSites(ctx: UnitContext, data: DemoData): Unit<Map<string, Id>> {
  const rows = data.sites.map(({ key, name, kind, address }, index) => ({
    key,
    hostSiteId: ctx.newId(),
    name,
    kind,
    address,
    joinCode: `DEMO${String(index).padStart(4, '0')}`,
    createdAtMs: ctx.now(),
  }))
  yield* insertRows(
    ctx.tables.hostSites,
    rows.map(({ key: _, ...row }) => row),
  )
  return new Map(rows.map(({ key, hostSiteId }) => [key, hostSiteId]))
}

export function* seedCabinets(
  _ctx: UnitContext,
  _data: DemoData,
  _ids: { readonly siteIds: ReadonlyMap<string, Id>; readonly skus: ReadonlyMap<SkuKey, Id> },
  _byAccountId: Id,
): Unit<void> {}
