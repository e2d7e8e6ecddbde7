import { describe, expect, it } from 'vitest'
import { nextGaussian, nextUnit, seededRandom } from '#shared/ids/random.ts'
import { createLaneTracker } from '#cabinet-agent/weighing/lane-tracker.ts'
import { createNoiseModel } from '#cabinet-agent/weighing/noise-model.ts'
import { sessionSetup } from '#tests/support/session-setup.ts'

const typical = createNoiseModel(sessionSetup({ divisionMg: 1000, scaleSdMg: 700, samplePeriodMs: 100 }))
const bad = createNoiseModel(sessionSetup({ divisionMg: 5000, scaleSdMg: 2500, samplePeriodMs: 800 }))

/** Levels in g, each held for so many samples, read by a noisy scale of that division. */
function samplesOf(
  noise: typeof typical,
  sdG: number,
  levels: ReadonlyArray<readonly [number, number]>,
  seed = 1,
): number[] {
  const random = seededRandom(seed)
  return levels.flatMap(([levelG, count]) =>
    Array.from(
      { length: count },
      () => Math.round((levelG + sdG * nextGaussian(random)) / noise.divisionG) * noise.divisionG,
    ),
  )
}

function track(noise: typeof typical, values: ReadonlyArray<number | null>) {
  const tracker = createLaneTracker(noise, 100_000)
  values.forEach((value, index) => tracker.push((index + 1) * noise.periodMs, value))
  return tracker
}

describe('lane tracker', () => {
  it('finds each level with an honest standard error', () => {
    let squares = 0
    const trials = 60
    for (let seed = 1; seed <= trials; seed += 1) {
      const values = samplesOf(
        typical,
        0.7,
        [
          [3000, 40],
          [2600, 40],
          [2200, 40],
        ],
        seed,
      )

      const runs = track(typical, values).runs()

      expect(runs.map((run) => Math.round(run.tail.levelG / 100))).toEqual([30, 26, 22])
      const last = runs.at(-1)
      squares += ((last?.tail.levelG ?? 0) - 2200) ** 2 / (last?.tail.variance ?? 1)
    }
    // Errors must not exceed what the standard error says, nor be a tenth of it.
    expect(squares / trials).toBeLessThan(1.5)
    expect(squares / trials).toBeGreaterThan(0.05)
  })

  it('is not at rest when its newest samples leave the level, as at the end of a stuck spell', () => {
    const stuck = Array.from({ length: 8 }, () => 1090)

    expect(track(bad, [...stuck, 1090]).restMs()).toBeGreaterThan(1000)
    expect(track(bad, [...stuck, 1185, 1185]).restMs()).toBe(0)
  })

  it('repairs one-frame sign flips and never filters a step away', () => {
    const values = samplesOf(bad, 1, [
      [500, 8],
      [330, 8],
    ])
    const flipped = values.map((value, index) => (index % 5 === 2 ? -value : value))

    const runs = track(bad, flipped).runs()

    expect(runs.map((run) => Math.round(run.tail.levelG / 10))).toEqual([50, 33])
  })

  it('survives lost frames and one-frame outliers', () => {
    const values: Array<number | null> = samplesOf(typical, 0.7, [[900, 80]])
    values[20] = null
    values[21] = null
    values[40] = 1400

    const tracker = track(typical, values)

    expect(tracker.fault()).toBeUndefined()
    expect(tracker.runs()).toHaveLength(1)
    expect(tracker.runs()[0]?.tail.levelG).toBeCloseTo(900, 0)
  })

  it('calls a lane missing, negative or stuck', () => {
    const values = samplesOf(typical, 0.7, [[900, 30]])
    expect(track(typical, [...values, ...Array.from({ length: 60 }, () => null)]).fault()).toBe('missing')
    expect(track(typical, []).fault()).toBe('missing')
    expect(track(typical, [...values, ...samplesOf(typical, 0.7, [[-800, 30]])]).fault()).toBe('out_of_range')
    expect(track(typical, [...values, ...Array.from({ length: 60 }, () => 900)]).fault()).toBe('stuck')
  })

  it('knows a hand is not rest', () => {
    const random = seededRandom(3)
    const hand = Array.from({ length: 20 }, () => Math.round(1500 + 60 * nextGaussian(random)))

    const tracker = track(typical, [...samplesOf(typical, 0.7, [[900, 40]]), ...hand])

    expect(tracker.restMs()).toBeLessThan(500)
  })

  it('keeps a bounded record however long and wild the session', () => {
    const random = seededRandom(4)
    const values = Array.from({ length: 40_000 }, (_, index) =>
      Math.round(1000 * Math.trunc(index / 20) * 0.01 + 300 * nextUnit(random) * (index % 40 < 20 ? 0 : 1)),
    )

    const tracker = track(typical, values)

    expect(tracker.runs().length).toBeLessThanOrEqual(401)
    expect(tracker.hasOverflowed()).toBe(true)
  })
})
