import { describe, expect, it } from 'vitest'
import { nextGaussian, seededRandom } from '#shared/ids/random.ts'
import { createNoiseModel } from '#cabinet-agent/weighing/noise-model.ts'
import { readLaneModels, type LaneModel } from '#cabinet-agent/weighing/lane-model.ts'
import { refineBySale } from '#cabinet-agent/weighing/lot-statistics.ts'
import {
  believableLossPart,
  dryingOfLane,
  estimateLoss,
  learnDryingRate,
  unknownDrying,
} from '#cabinet-agent/weighing/moisture-loss.ts'
import { laneSetup, sessionSetup } from '#tests/support/session-setup.ts'

describe('a lot’s unit weight', () => {
  it('learns the true mean and spread from pieces weighed one by one, through scale noise', () => {
    const random = seededRandom(5)
    const wrongLabel = { meanMg: 200_000, sdMg: 4_000, samples: 4 }
    const sold = Array.from({ length: 200 }, () => ({
      count: 1,
      massMg: Math.round(185_000 + Math.hypot(12_000, 2_000) * nextGaussian(random)),
      standardErrorMg: 2_000,
    }))

    const { meanMg, sdMg, samples } = refineBySale(wrongLabel, sold)

    expect(Math.abs(meanMg - 185_000)).toBeLessThan(3_000)
    expect(Math.abs(sdMg - 12_000)).toBeLessThan(2_000)
    expect(samples).toBeGreaterThan(50)
    expect(samples).toBeLessThanOrEqual(400)
  })

  it('trusts a group of k as k pieces and a noisy look little', () => {
    const known = { meanMg: 500_000, sdMg: 5_000, samples: 12 }

    const clear = refineBySale(known, [{ count: 3, massMg: 1_530_000, standardErrorMg: 300 }])
    const noisy = refineBySale(known, [{ count: 1, massMg: 540_000, standardErrorMg: 50_000 }])

    expect(clear.samples).toBe(15)
    expect(Math.abs(clear.meanMg - 502_000)).toBeLessThan(20)
    expect(noisy.meanMg - known.meanMg).toBeLessThan(100)
    expect(refineBySale(known, [])).toEqual(known)
    expect(refineBySale(known, [{ count: 0, massMg: 1, standardErrorMg: 1 }])).toEqual(known)
  })
})

describe('moisture', () => {
  const aDay = (lostPart: number, sdPart = 0.001) => ({ lostPart, sdPart, hours: 24 })

  it('learns how fast a SKU dries and takes a gain for drift', () => {
    let rate = unknownDrying
    for (let day = 0; day < 20; day += 1) rate = learnDryingRate(rate, aDay(0.048))

    expect(rate.partPerHour).toBeCloseTo(0.002, 4)
    expect(rate.sdPartPerHour).toBeLessThan(0.2 * rate.partPerHour)
    expect(rate.looks).toBe(20)
    expect(learnDryingRate(rate, aDay(-0.1)).partPerHour).toBeLessThan(rate.partPerHour)
    expect(learnDryingRate(rate, { ...aDay(0.5), hours: 0 })).toBe(rate)
  })

  it('believes a look as far as the scale can see', () => {
    const clear = learnDryingRate(unknownDrying, aDay(0.048, 0.001))
    const blurred = learnDryingRate(unknownDrying, aDay(0.048, 0.1))

    expect(clear.partPerHour).toBeGreaterThan(0.0015)
    expect(blurred.partPerHour).toBeLessThan(0.0006)
    expect(estimateLoss(unknownDrying, aDay(0.04, 0.0001)).lostPart).toBeCloseTo(0.04, 3)
    expect(estimateLoss(unknownDrying, aDay(0.04, 10)).lostPart).toBeCloseTo(0.012, 3)
    expect(estimateLoss(unknownDrying, aDay(-0.5)).lostPart).toBe(0)
  })

  it('believes less of a lane whose SKU is well known', () => {
    const known = { partPerHour: 0.0005, sdPartPerHour: 0.00005, looks: 30 }

    const unknownPart = believableLossPart(dryingOfLane(unknownDrying, 24))
    const knownPart = believableLossPart(dryingOfLane(known, 24))

    expect(unknownPart).toBeGreaterThan(0.055)
    expect(knownPart).toBeLessThan(0.04)
    expect(knownPart).toBeGreaterThan(24 * known.partPerHour)
  })

  it('lets more water be lost in a day than in a minute', () => {
    expect(believableLossPart({ partPerHour: 0.0005, hours: 0 })).toBe(0.01)
    expect(believableLossPart({ partPerHour: 0.0005, hours: 24 })).toBeCloseTo(0.058, 10)
    expect(believableLossPart({ partPerHour: 1, hours: 24 })).toBe(0.15)
    expect(believableLossPart(undefined)).toBe(0.15)
  })
})

const likely = (models: readonly LaneModel[]) => models.filter(({ logPrior }) => logPrior > Math.log(0.01))

describe('the reading of a lane’s figures', () => {
  const noise = createNoiseModel(sessionSetup())
  const fruit = { unitWeight: { meanMg: 200_000, sdMg: 16_000, samples: 12 }, stock: { count: 10, grossMg: 2_000_000 } }

  it('takes the lane’s own mean, with its spread, whatever the header says', () => {
    const { models, isUnitWeightContradicted } = readLaneModels(
      laneSetup({ unitWeight: { meanMg: 560_000, sdMg: 5_600, samples: 12 } }),
      5000,
      noise,
    )

    expect(isUnitWeightContradicted).toBe(true)
    expect(models[0]).toMatchObject({ count: 10, unitMeanG: 500 })
    expect(Math.sqrt(models[0]?.unitVariance ?? 0)).toBeCloseTo(5, 6)
    // A miscount by one and the header's own reading stay possible, hundreds of times less.
    expect(likely(models)).toHaveLength(1)
    expect(models.slice(1).map(({ count, unitMeanG }) => [count, Math.round(unitMeanG)])).toEqual([
      [9, 556],
      [11, 455],
      [9, 560],
    ])
  })

  it('calls a loss water while it can be, and a missing piece a missing piece', () => {
    const slow = { partPerHour: 0.0005, hours: 24 }

    const dried = readLaneModels(laneSetup({ ...fruit, drying: slow }), 1930, noise)
    expect(likely(dried.models).map(({ count, massG }) => [count, massG])).toEqual([[10, 1930]])
    expect(dried.isStockContradicted).toBe(false)

    const robbed = readLaneModels(laneSetup({ ...fruit, drying: { ...slow, hours: 0.1 } }), 1800, noise)
    expect(likely(robbed.models).map(({ count }) => count)).toEqual([9])
    expect(robbed.isStockContradicted).toBe(true)
  })

  it('keeps both readings where a piece may have dried away', () => {
    const { models } = readLaneModels(laneSetup(fruit), 1805, noise)

    expect(likely(models).map(({ count }) => count)).toEqual([10, 9])
  })

  it('has nothing to sell in an empty lane', () => {
    const { models } = readLaneModels(laneSetup({ stock: { count: 0, grossMg: 0 } }), 0, noise)

    expect(models).toMatchObject([{ count: 0 }])
  })
})
