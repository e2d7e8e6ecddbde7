import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pickList, planRestock, type DepotLot, type LaneNeed } from '#server/replenishment/plan-restock.ts'
import { planRoutes, routeBoundM, type Stop } from '#server/replenishment/plan-routes.ts'

const options = { leadDays: 1, coverDays: 3, serviceLevel: 0.95 }
const depot = { lonMicrodeg: 106_631_000, latMicrodeg: 29_718_000 }

const need = (overrides: Partial<LaneNeed> = {}): LaneNeed => ({
  cabinetId: 'c1',
  laneId: 'L01',
  skuId: 'pear',
  capacity: 20,
  onHand: 0,
  inTransit: 0,
  part: 1,
  ...overrides,
})
const lot = (overrides: Partial<DepotLot> = {}): DepotLot => ({
  lotId: 'lot-1',
  skuId: 'pear',
  unitsAtDepot: 100,
  daysLeft: 30,
  ...overrides,
})
const steady = (perDay: number, cabinetId = 'c1') => ({
  cabinetId,
  skuId: 'pear',
  meanByDay: Array.from({ length: 14 }, () => perDay),
  dispersion: 1,
})

describe('the restock plan', () => {
  it('fills up to the par level, less what lies there and what is on its way', () => {
    // Poisson 8: P(≤ 13) = 0.966.
    const { loads } = planRestock([need({ onHand: 4, inTransit: 3 })], [steady(2)], [lot()], options)

    expect(loads).toEqual([{ cabinetId: 'c1', laneId: 'L01', skuId: 'pear', lotId: 'lot-1', units: 6 }])
  })

  it('takes the lot that expires first, and of it no more than sells in time', () => {
    const short = lot({ lotId: 'lot-0', daysLeft: 2 })

    const { loads } = planRestock([need({ onHand: 1 })], [steady(2)], [lot(), short], options)

    // Six are expected to sell until it expires, one lies there already.
    expect(loads.map(({ lotId, units }) => [lotId, units])).toEqual([
      ['lot-0', 5],
      ['lot-1', 7],
    ])
  })

  it('serves the lane that runs empty first when the depot has too little', () => {
    const lanes = [need({ onHand: 6 }), need({ cabinetId: 'c2', onHand: 1 })]

    const { loads, shortages } = planRestock(lanes, [steady(2), steady(2, 'c2')], [lot({ unitsAtDepot: 9 })], options)

    expect(loads).toEqual([{ cabinetId: 'c2', laneId: 'L01', skuId: 'pear', lotId: 'lot-1', units: 9 }])
    expect(shortages.map(({ cabinetId, units }) => [cabinetId, units])).toEqual([
      ['c2', 3],
      ['c1', 7],
    ])
  })

  it('never loads above capacity, beyond the depot or what would expire', () => {
    const lanes = fc.array(
      fc.record({
        capacity: fc.integer({ min: 1, max: 30 }),
        onHand: fc.integer({ min: -3, max: 30 }),
        inTransit: fc.integer({ min: 0, max: 9 }),
        perDay: fc.double({ min: 0, max: 9, noNaN: true }),
      }),
      { minLength: 1, maxLength: 12 },
    )
    const lots = fc.array(
      fc.record({ unitsAtDepot: fc.integer({ min: 0, max: 40 }), daysLeft: fc.integer({ min: 0, max: 20 }) }),
      { maxLength: 5 },
    )
    fc.assert(
      fc.property(lanes, lots, (someLanes, someLots) => {
        const needs = someLanes.map(({ capacity, onHand, inTransit }, i) =>
          need({ capacity, onHand, inTransit, cabinetId: `c${i}` }),
        )
        const depotLots = someLots.map((some, i) => lot({ ...some, lotId: `lot-${i}` }))

        const { loads } = planRestock(
          needs,
          someLanes.map(({ perDay }, i) => steady(perDay, `c${i}`)),
          depotLots,
          options,
        )

        for (const { lotId, unitsAtDepot } of depotLots)
          expect(sum(loads.filter((load) => load.lotId === lotId))).toBeLessThanOrEqual(unitsAtDepot)
        for (const [i, { cabinetId, capacity, onHand, inTransit }] of needs.entries()) {
          const own = loads.filter((load) => load.cabinetId === cabinetId)
          const held = Math.max(0, onHand) + inTransit
          expect(sum(own)).toBeLessThanOrEqual(Math.max(0, capacity - held))
          for (const { lotId, units } of own) {
            const days = 1 + (depotLots.find((candidate) => candidate.lotId === lotId)?.daysLeft ?? 0)
            expect(units + held).toBeLessThanOrEqual(days * (someLanes[i]?.perDay ?? 0) + 1e-6)
          }
        }
        expect(sum(pickList(loads, new Set(needs.map(({ cabinetId }) => cabinetId))))).toBe(sum(loads))
      }),
    )
  })
})

describe('routes', () => {
  const stops = fc.array(
    fc.record({
      lonMicrodeg: fc.integer({ min: 106_400_000, max: 107_000_000 }),
      latMicrodeg: fc.integer({ min: 29_500_000, max: 30_000_000 }),
      units: fc.integer({ min: 1, max: 80 }),
    }),
    { maxLength: 30 },
  )
  const limits = { capacityUnits: 200, maximumStops: 8 }

  it('visit every stop once within the limits, and are no shorter than the bound', () => {
    fc.assert(
      fc.property(stops, (places) => {
        const all: Stop[] = places.map((place, i) => ({ ...place, stopId: `s${i}` }))

        const routes = planRoutes(depot, all, limits)

        expect(routes.flatMap(({ stopIds }) => stopIds).toSorted()).toEqual(all.map(({ stopId }) => stopId).toSorted())
        for (const { stopIds, units } of routes) {
          expect(stopIds.length).toBeLessThanOrEqual(limits.maximumStops)
          expect(units).toBeLessThanOrEqual(limits.capacityUnits)
        }
        const metres = routes.reduce((total, route) => total + route.metres, 0)
        expect(metres).toBeGreaterThanOrEqual(routeBoundM(depot, all, limits) - all.length - 1)
      }),
      { numRuns: 60 },
    )
  })

  it('put stops on a line in order', () => {
    const line = [3, 1, 4, 2].map((place) => ({
      stopId: `s${place}`,
      lonMicrodeg: depot.lonMicrodeg + place * 10_000,
      latMicrodeg: depot.latMicrodeg,
      units: 1,
    }))

    const [route] = planRoutes(depot, line, limits)

    expect([['s1', 's2', 's3', 's4'].join(), ['s4', 's3', 's2', 's1'].join()]).toContain(route?.stopIds.join())
    expect(route?.metres).toBeCloseTo(routeBoundM(depot, line, limits), -2)
  })
})

function sum(lines: ReadonlyArray<{ units: number }>): number {
  return lines.reduce((total, { units }) => total + units, 0)
}
