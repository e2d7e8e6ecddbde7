import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '#shared/contracts/mqtt/canonical-json.ts'
import { seededRandom } from '#shared/ids/random.ts'
import { inventDemoData } from '#server/demo/data/demo-data.ts'
import { schoolAllowList, skuOf, supplierOf } from '#server/demo/data/goods.ts'
import { isInvented } from '#server/demo/data/names.ts'
import { qinglong, towns } from '#server/demo/data/towns.ts'

const data = inventDemoData(seededRandom(2020))

function hashOf(seed: number): string {
  const invented = inventDemoData(seededRandom(seed))
  const plain = { ...invented, shelves: [...invented.shelves] }
  return createHash('sha256').update(canonicalJson(plain)).digest('hex')
}

function countBy<T>(items: readonly T[], keyOf: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const item of items) counts[keyOf(item)] = (counts[keyOf(item)] ?? 0) + 1
  return counts
}

describe('demo data', () => {
  it('is the same for the same seed on any machine, and other for another', () => {
    expect(hashOf(2020)).toBe('25031c2a80f392ad6a350af6e5046e4515d7ea55567f39fdb4fada9105a04ba5')
    expect(hashOf(2021)).not.toBe(hashOf(2020))
  })

  it('has 919 relief households with a helper each, over all eleven towns', () => {
    const relief = data.households.filter(({ kind }) => kind !== 'ORDINARY')
    const helperKeys = new Set(data.helpers.map(({ key }) => key))

    expect(relief).toHaveLength(919)
    expect(relief.every(({ helperKey }) => helperKey !== undefined && helperKeys.has(helperKey))).toBe(true)
    expect(Object.keys(countBy(relief, ({ village }) => village.townCode)).toSorted()).toEqual(
      towns.map(({ code }) => code).toSorted(),
    )
  })

  it('has the citrus union of 517 households of which six are poor', () => {
    const members = data.households.filter(({ householdCode }) => data.unionMemberCodes.includes(householdCode))

    expect(members).toHaveLength(517)
    expect(members.filter(({ kind }) => kind === 'POOR')).toHaveLength(6)
    expect(members.every(({ village }) => village === qinglong)).toBe(true)
    expect(data.unionMemberCodes).toContain(data.farmerHouseholdCode)
  })

  it('gives every household a code of its own: village and serial, 16 digits', () => {
    const codes = data.households.map(({ householdCode }) => householdCode)

    expect(new Set(codes).size).toBe(codes.length)
    for (const { householdCode, village } of data.households) {
      expect(householdCode).toMatch(/^\d{16}$/)
      expect(householdCode.startsWith(village.code)).toBe(true)
      expect(village.code).toMatch(/^5001121\d\d2\d\d$/)
    }
  })

  it('names nobody real: every name is marked as invented and no phone number can be called', () => {
    for (const { name } of data.helpers) expect(isInvented(name)).toBe(true)
    for (const { headName, phone } of data.households) {
      expect(isInvented(headName)).toBe(true)
      expect(phone).toMatch(/^100\d{8}$/)
    }
  })

  it('stores only what may be stored of a household', () => {
    const allowed = ['householdCode', 'headName', 'village', 'kind', 'population', 'identifiedYear', 'exitedYear']

    for (const household of data.households) {
      expect([...allowed, 'phone', 'helperKey']).toEqual(expect.arrayContaining(Object.keys(household)))
    }
  })

  it('has 1,000 cabinets at 420 government, 180 hospital and 400 school sites, six of them live', () => {
    const kinds = countBy(data.sites, ({ kind }) => kind)
    const live = data.cabinets.filter(({ rolloutState }) => rolloutState === 'live')

    expect(kinds).toEqual({ government: 420, hospital: 180, school: 400 })
    expect(data.sites.filter(({ name }) => name.includes('教职工区'))).toHaveLength(380)
    expect(data.cabinets.map(({ code }) => code)).toEqual(
      Array.from({ length: 1000 }, (_, index) => `YB-${String(index + 1).padStart(4, '0')}`),
    )
    expect(new Set(data.cabinets.map(({ siteKey }) => siteKey)).size).toBe(1000)
    expect(live.map(({ code }) => code)).toEqual([...data.shelves.keys()])
    expect(live).toHaveLength(6)
  })

  it('fills twelve lanes of each live cabinet, within their capacity', () => {
    for (const lanes of data.shelves.values()) {
      expect(lanes.map(({ laneId }) => laneId)).toEqual(
        Array.from({ length: 12 }, (_, index) => `L${String(index + 1).padStart(2, '0')}`),
      )
      expect(new Set(lanes.map(({ skuKey }) => skuKey)).size).toBe(12)
      for (const { count, capacity } of lanes) expect(count > 0 && count <= capacity).toBe(true)
    }
  })

  it.each([1, 2, 3, 2020])('seed %i: puts nothing on a school’s shelf that its allow-list does not name', (seed) => {
    const other = inventDemoData(seededRandom(seed))
    const siteKinds = new Map(other.sites.map(({ key, kind }) => [key, kind]))
    const schools = other.cabinets.filter(({ siteKey }) => siteKinds.get(siteKey) === 'school')

    const onSchoolShelves = schools.flatMap(({ code }) => other.shelves.get(code) ?? [])

    expect(onSchoolShelves.length).toBeGreaterThan(0)
    for (const { skuKey } of onSchoolShelves) expect(schoolAllowList).toContain(skuKey)
    expect(schoolAllowList).not.toContain('soda')
  })

  it('sells nineteen SKUs, one of them a drink that is not certified', () => {
    const uncertified = data.skus.filter(({ supplierKey }) => !supplierOf(supplierKey).isCertified)

    expect(data.skus).toHaveLength(19)
    expect(uncertified.map(({ key, priceFen }) => ({ key, priceFen }))).toEqual([{ key: 'soda', priceFen: 300 }])
  })

  it('traces every lot of a certified supplier to households: Σ units of the sources = units received', () => {
    const known = new Set(data.households.map(({ householdCode }) => householdCode))

    const [certified, others] = [true, false].map((isWanted) =>
      data.lots.filter(({ skuKey }) => supplierOf(skuOf(skuKey).supplierKey).isCertified === isWanted),
    )

    expect(certified).toHaveLength(18)
    for (const { sources, unitsReceived } of certified ?? []) {
      expect(sources.reduce((sum, { units }) => sum + units, 0)).toBe(unitsReceived)
      expect(new Set(sources.map(({ householdCode }) => householdCode)).size).toBe(sources.length)
      expect(sources.every(({ householdCode, units }) => known.has(householdCode) && units > 0)).toBe(true)
    }
    expect(others?.map(({ sources }) => sources)).toEqual([[]])
  })

  it('lets all six poor households of the union deliver to its lot', () => {
    const citrus = data.lots.find(({ skuKey }) => skuKey === 'wogan')
    const poor = data.households.filter(({ kind, village }) => kind === 'POOR' && village === qinglong)

    const delivering = citrus?.sources.map(({ householdCode }) => householdCode) ?? []

    expect(poor.every(({ householdCode }) => delivering.includes(householdCode))).toBe(true)
  })

  it('makes pieces vary as their kind of pack does, around a weight that is not quite the label’s', () => {
    for (const { skuKey, trueUnitMassMg, trueUnitMassSdMg } of data.lots) {
      const { labelMassG, variationPermille } = skuOf(skuKey)
      expect(Math.abs(trueUnitMassMg / (labelMassG * 1000) - 1)).toBeLessThanOrEqual(0.0151)
      expect((trueUnitMassSdMg / trueUnitMassMg) * 1000).toBeCloseTo(variationPermille, 1)
    }
  })
})
