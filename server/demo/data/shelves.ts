import type { Random } from '#shared/ids/random.ts'
import type { LaneId } from '#shared/contracts/mqtt/lane.ts'
import { splitByLargestRemainder } from '#shared/units/fen.ts'
import { gramsToMg } from '#shared/units/mass.ts'
import { chooseBetween, chooseOne, chooseSome } from './choose.ts'
import { demoSkus, schoolAllowList, skuOf, supplierOf, type DemoSku, type SkuKey } from './goods.ts'
import { townNameOf, unionReliefCount, type DemoHousehold, type DemoPeople } from './households.ts'
import type { DemoSite } from './sites.ts'

/**
 * What lies in which lane of a live cabinet, and the lots it comes from. Where the site allows it, no two lanes of a
 * cabinet hold goods of the same weight, so that a piece put back in a wrong lane is recognised by its weight.
 */
export interface DemoLane {
  readonly laneId: LaneId
  readonly skuKey: SkuKey
  readonly capacity: number
  /** Pieces that the first restock loads. */
  readonly count: number
}
export interface DemoLotSource {
  readonly householdCode: string
  readonly units: number
}
export interface DemoLot {
  /** Counts all lots of the demo from 1. */
  readonly serial: number
  readonly skuKey: SkuKey
  readonly unitsReceived: number
  readonly certificateNumber: string
  /** Hours before the seeding that it was harvested or packed. */
  readonly ageHours: number
  /** What a piece of this lot truly weighs: it differs from the label, and only the virtual goods know it. */
  readonly trueUnitMassMg: number
  readonly trueUnitMassSdMg: number
  readonly sources: readonly DemoLotSource[]
}

export const lanesPerCabinet = 12
const unitsPerLot = 600
const certificatePrefix = 'YB-DEMO-'
/** Lanes hold at most this much, well inside a lane scale's range. */
const laneLimitG = 12_000

function laneIdOf(index: number): LaneId {
  return `L${String(index + 1).padStart(2, '0')}`
}

function capacityOf(sku: DemoSku): number {
  return Math.max(6, Math.min(20, Math.floor(laneLimitG / sku.labelMassG)))
}

/** Twelve SKUs, of different weights as far as the allowed ones reach. */
function chooseSkus(random: Random, allowed: readonly SkuKey[]): SkuKey[] {
  const byMass = new Map<number, SkuKey[]>()
  for (const key of allowed) {
    const { labelMassG } = skuOf(key)
    byMass.set(labelMassG, [...(byMass.get(labelMassG) ?? []), key])
  }
  const different = [...byMass.values()].map((keys) => chooseOne(random, keys))
  const chosen = different.slice(0, lanesPerCabinet)
  const others = allowed.filter((key) => !chosen.includes(key))
  const rest = chooseSome(random, others, lanesPerCabinet - chosen.length)
  // Heavy goods lie low: lanes are numbered from the bottom shelf.
  return [...chosen, ...rest].toSorted((a, b) => skuOf(b).labelMassG - skuOf(a).labelMassG)
}

export function inventShelf(random: Random, siteKind: DemoSite['kind']): DemoLane[] {
  const allowed = siteKind === 'school' ? schoolAllowList : demoSkus.map(({ key }) => key)
  return chooseSkus(random, allowed).map((skuKey, index) => {
    const capacity = capacityOf(skuOf(skuKey))
    return {
      laneId: laneIdOf(index),
      skuKey,
      capacity,
      count: chooseBetween(random, Math.ceil(capacity * 0.7), capacity),
    }
  })
}

/** Who may have delivered: relief households of the supplier's town; for the union its six and fourteen other members. */
function chooseSources(random: Random, sku: DemoSku, people: DemoPeople): DemoHousehold[] {
  const supplier = supplierOf(sku.supplierKey)
  if (!supplier.isCertified) return []
  if (supplier.kind === 'share_cooperative') {
    const codes = new Set(people.unionMemberCodes)
    const members = people.households.filter(({ householdCode }) => codes.has(householdCode))
    const relief = members.filter(({ kind }) => kind !== 'ORDINARY').slice(0, unionReliefCount)
    const others = members.filter(({ kind }) => kind === 'ORDINARY')
    return [...relief, ...chooseSome(random, others, 14)]
  }
  const local = people.households.filter(
    (household) => household.kind !== 'ORDINARY' && townNameOf(household) === supplier.town,
  )
  return chooseSome(random, local, chooseBetween(random, 6, 20))
}

function splitUnits(random: Random, units: number, households: readonly DemoHousehold[]): DemoLotSource[] {
  // One piece each first, so that nobody is named as a source of nothing.
  const shares = splitByLargestRemainder(
    units - households.length,
    households.map(() => chooseBetween(random, 10, 100)),
  )
  return households
    .map(({ householdCode }, index) => ({ householdCode, units: 1 + (shares[index] ?? 0) }))
    .toSorted((a, b) => (a.householdCode < b.householdCode ? -1 : 1))
}

/** A fresh lot of a SKU; `serial` makes its certificate number its own. */
export function inventLot(random: Random, skuKey: SkuKey, people: DemoPeople, serial: number): DemoLot {
  const sku = skuOf(skuKey)
  const households = chooseSources(random, sku, people)
  const biasPermille = chooseBetween(random, -10, 15)
  const labelMg = gramsToMg(sku.labelMassG)
  const trueUnitMassMg = labelMg + Math.round((labelMg * biasPermille) / 1000)
  return {
    serial,
    skuKey,
    unitsReceived: unitsPerLot,
    certificateNumber: `${certificatePrefix}${String(serial).padStart(6, '0')}`,
    ageHours: chooseBetween(random, 2, 14),
    trueUnitMassMg,
    trueUnitMassSdMg: Math.round((trueUnitMassMg * sku.variationPermille) / 1000),
    sources: households.length === 0 ? [] : splitUnits(random, unitsPerLot, households),
  }
}

/** The serial in a certificate number; undefined when it is no lot that `inventLot` made. */
export function serialOf(certificateNumber: string): number | undefined {
  const digits = certificateNumber.startsWith(certificatePrefix)
    ? certificateNumber.slice(certificatePrefix.length)
    : ''
  return /^\d+$/.test(digits) ? Number(digits) : undefined
}
