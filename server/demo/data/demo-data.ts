import type { Random } from '#shared/ids/random.ts'
import { buyerAccounts, staffAccounts, type DemoAccount } from './accounts.ts'
import { demoSkus, demoSuppliers } from './goods.ts'
import { inventPeople, type DemoPeople } from './households.ts'
import { inventLot, inventShelf, type DemoLane, type DemoLot } from './shelves.ts'
import { inventSitesAndCabinets, type DemoCabinet, type DemoSite } from './sites.ts'

/** Everything the demo starts with, as plain data: the same random gives the same data, on any machine. */
export interface DemoData extends DemoPeople {
  readonly suppliers: ReadonlyArray<(typeof demoSuppliers)[number]>
  readonly skus: ReadonlyArray<(typeof demoSkus)[number]>
  readonly sites: readonly DemoSite[]
  readonly cabinets: readonly DemoCabinet[]
  /** By code of a live cabinet. */
  readonly shelves: ReadonlyMap<string, readonly DemoLane[]>
  readonly lots: readonly DemoLot[]
  readonly accounts: readonly DemoAccount[]
  /** The household that the demo farmer heads: one of the union's six. */
  readonly farmerHouseholdCode: string
}

export function inventDemoData(random: Random): DemoData {
  const people = inventPeople(random)
  const { sites, cabinets } = inventSitesAndCabinets(random)
  const shelves = new Map<string, readonly DemoLane[]>()
  for (const { code, siteKey, scaleProfile } of cabinets) {
    const site = sites.find(({ key }) => key === siteKey)
    if (scaleProfile !== undefined && site !== undefined) shelves.set(code, inventShelf(random, site.kind))
  }
  const unionCodes = new Set(people.unionMemberCodes)
  const unionRelief = people.households.find(
    ({ householdCode, kind }) => kind !== 'ORDINARY' && unionCodes.has(householdCode),
  )
  if (unionRelief === undefined) throw new Error('the union has no relief household')
  return {
    ...people,
    suppliers: demoSuppliers,
    skus: demoSkus,
    sites,
    cabinets,
    shelves,
    lots: demoSkus.map(({ key }, index) => inventLot(random, key, people, index + 1)),
    accounts: [...staffAccounts, ...buyerAccounts],
    farmerHouseholdCode: unionRelief.householdCode,
  }
}
