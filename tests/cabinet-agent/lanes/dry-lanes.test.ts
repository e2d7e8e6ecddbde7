import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dryLanes, type DryingSession } from '#cabinet-agent/lanes/dry-lanes.ts'
import type { LaneRecord } from '#cabinet-agent/lanes/lane-record.ts'
import { createNoiseModel } from '#cabinet-agent/weighing/noise-model.ts'
import type { DryingRate } from '#cabinet-agent/weighing/moisture-loss.ts'
import { nextGaussian, seededRandom } from '#shared/ids/random.ts'
import { sessionSetup } from '#tests/support/session-setup.ts'

const hourMs = 3_600_000
const citrus = '0190b5a0-0000-7000-8000-000000000001'
const eggs = '0190b5a0-0000-7000-8000-000000000002'
const noise = createNoiseModel(sessionSetup())

const stocked = (laneId: string, skuId: string): LaneRecord => ({
  laneId,
  skuId,
  count: 20,
  grossMg: 4_000_000,
  unitMassMg: 200_000,
  unitMassSdMg: 16_000,
  samples: 20,
  foreignMassesMg: [],
  isCountDoubtful: false,
  countedAtMs: 0,
})
const dry = (levelsMg: readonly number[], overrides: Partial<DryingSession> = {}) => {
  const lanes = overrides.lanes ?? [stocked('L01', citrus)]
  return dryLanes({
    lanes,
    changed: [],
    opening: levelsMg.map((levelMg, index) => ({
      laneId: lanes[index]?.laneId ?? 'L01',
      levelMg,
      standardErrorMg: 400,
      sampleCount: 40,
    })),
    rates: new Map(),
    noise,
    openedAtMs: 24 * hourMs,
    isRestock: false,
    ...overrides,
  })
}

describe('the water that lanes lose between sessions', () => {
  it('is told with its uncertainty, and not told again', () => {
    const { losses, records } = dry([3_940_000])

    expect(losses).toMatchObject([{ laneId: 'L01', skuId: citrus, sinceMs: 0, untilMs: 24 * hourMs }])
    const [loss] = losses
    expect(Math.abs((loss?.lostMg ?? 0) - 60_000)).toBeLessThan(20_000)
    expect(loss?.standardErrorMg).toBeGreaterThan(1_000)
    expect(records).toMatchObject([{ grossMg: 4_000_000, rest: { massMg: 3_940_000, atMs: 24 * hourMs } }])
    expect(dry([3_940_000], { lanes: records, openedAtMs: 24 * hourMs + 60_000 })).toMatchObject({ losses: [] })
  })

  it('is kept until it is worth telling, and told at the latest by a restock', () => {
    const sold = (lane: LaneRecord, atMs: number): LaneRecord => ({ ...lane, count: lane.count - 1, countedAtMs: atMs })
    const lane = stocked('L01', citrus)
    const first = dry([3_998_000], { changed: [sold(lane, hourMs)], openedAtMs: hourMs })
    const [kept] = first.records

    const restock = dry([3_996_000], {
      lanes: first.records,
      changed: kept === undefined ? [] : [sold(kept, 2 * hourMs)],
      openedAtMs: 2 * hourMs,
      isRestock: true,
    })

    expect(first.losses).toEqual([])
    expect(kept?.dried?.lostMg).toBeGreaterThan(0)
    expect(restock.losses).toMatchObject([{ sinceMs: 0, untilMs: 2 * hourMs }])
    expect(restock.losses[0]?.lostMg).toBeGreaterThan(kept?.dried?.lostMg ?? 0)
    expect(restock.records).not.toMatchObject([{ dried: expect.anything() }])
  })

  it('teaches each SKU its own rate, from whichever lane holds it', () => {
    const random = seededRandom(3)
    const truth = new Map([
      [citrus, 0.001],
      [eggs, 0.0001],
    ])
    let rates: ReadonlyMap<string, DryingRate> = new Map()
    for (let day = 0; day < 20; day += 1) {
      const lanes = [stocked('L01', citrus), stocked('L02', citrus), stocked('L03', eggs)]
      const levelsMg = lanes.map(
        ({ skuId, grossMg }) => grossMg * (1 - 24 * (truth.get(skuId) ?? 0)) + 3_000 * nextGaussian(random),
      )
      rates = new Map([...rates, ...dry(levelsMg, { lanes, rates }).rates])
    }

    for (const [skuId, partPerHour] of truth) {
      const learned = rates.get(skuId)
      expect(Math.abs((learned?.partPerHour ?? 0) - partPerHour)).toBeLessThan(0.1 * partPerHour + 0.00003)
      expect(learned?.sdPartPerHour).toBeLessThan(0.2 * partPerHour + 0.00005)
    }
    expect([rates.get(citrus)?.looks, rates.get(eggs)?.looks]).toEqual([40, 20])
  })

  it('is not what a whole piece or anything faster took away, nor what was laid there', () => {
    const known = new Map([[citrus, { partPerHour: 0.0001, sdPartPerHour: 0.00003, looks: 9 }]])

    for (const levelMg of [3_800_000, 3_600_000, 3_000_000, 4_200_000])
      expect(dry([levelMg], { rates: known })).toEqual({ records: [], rates: new Map(), losses: [] })
  })

  it('is never negative and never more than is missing and was foretold', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 3_500_000, max: 4_050_000 }),
        fc.double({ min: 0, max: 0.002, noNaN: true }),
        fc.integer({ min: 1, max: 72 }),
        (levelMg, partPerHour, hours) => {
          const rate = { partPerHour, sdPartPerHour: 0.0001, looks: 3 }
          const { losses } = dry([levelMg], { rates: new Map([[citrus, rate]]), openedAtMs: hours * hourMs })

          const most = Math.max(4_000_000 - levelMg, partPerHour * hours * 4_000_000)
          for (const { lostMg } of losses) {
            expect(lostMg).toBeGreaterThan(0)
            expect(lostMg).toBeLessThanOrEqual(most + 1)
          }
        },
      ),
    )
  })
})
