import { describe, expect, it } from 'vitest'
import { seededRandom } from '#shared/ids/random.ts'
import { createLoadCell, createLoadCellBank, type LoadCell } from '#firmware-bridge/virtual/load-cell.ts'
import { loadCellProfiles, type LoadCellKind } from '#firmware-bridge/virtual/load-cell-profiles.ts'

function samplesBetween(cell: LoadCell, fromMs: number, toMs: number): Array<{ atMs: number; massG: number | null }> {
  const samples: Array<{ atMs: number; massG: number | null }> = []
  for (let atMs = fromMs; atMs < toMs; atMs += cell.nextSampleDelayMs()) {
    samples.push({ atMs, massG: cell.sample(atMs).massG })
  }
  return samples
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

/** A plateau as a patient observer reads it: outliers dropped by the median, noise by the mean of what is near it. */
function levelBetween(cell: LoadCell, fromMs: number, toMs: number): number {
  const masses = samplesBetween(cell, fromMs, toMs).flatMap(({ massG }) => massG ?? [])
  const middle = median(masses)
  const near = masses.filter((massG) => Math.abs(massG - middle) <= 10)
  return near.reduce((sum, massG) => sum + massG, 0) / near.length
}

/** Errors of (plateau after − plateau before) for a 200 g pick during a door opening, over independent cabinets. */
function plateauSigma(kind: LoadCellKind): number {
  const errors: number[] = []
  for (let seed = 1; seed <= 300; seed += 1) {
    const bank = createLoadCellBank({ profile: loadCellProfiles[kind], random: seededRandom(seed), lanes: 3 })
    const [left, cell] = bank.cells
    if (left === undefined || cell === undefined) throw new Error('a bank of three has two cells')
    cell.setTrueLoad(3_000_000, 0)
    left.setTrueLoad(3_000_000, 0)
    const before = levelBetween(cell, 60_000, 66_000)
    bank.setDoor(true, 66_000)
    cell.setTrueLoad(2_800_000, 72_000)
    left.setTrueLoad(2_700_000, 74_000)
    bank.setDoor(false, 86_000)
    const after = levelBetween(cell, 89_000, 95_000)
    errors.push(after - before + 200)
  }
  return Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length / 2)
}

describe('load cell', () => {
  it('gives the same samples for the same seed, and others for another', () => {
    const run = (seed: number) => {
      const cell = createLoadCell({ profile: loadCellProfiles.typical, random: seededRandom(seed) })
      cell.setTrueLoad(500_000, 1000)
      return samplesBetween(cell, 1000, 6000)
    }

    expect(run(7)).toEqual(run(7))
    expect(run(7)).not.toEqual(run(8))
  })

  it.each([
    ['good', 0.2, 0.6],
    ['typical', 0.8, 2],
    ['bad', 2.5, 5],
  ] as const)('%s: the error of a plateau is what the table says results', (kind, low, high) => {
    const sigma = plateauSigma(kind)

    expect(sigma).toBeGreaterThan(low)
    expect(sigma).toBeLessThan(high)
  })

  it.each([
    ['typical', 0.2],
    ['bad', 0.4],
  ] as const)('%s: overshoots a step by the part the table gives', (kind, overshoot) => {
    const profile = { ...loadCellProfiles[kind], whiteNoiseG: 0, burstSdG: 0, burstTailProbability: 0, divisionG: 0.1 }
    const quiet = {
      ...profile,
      signFlipProbability: 0,
      stuckProbability: 0,
      gapProbability: 0,
      lostFrameProbability: 0,
    }
    const cell = createLoadCell({ profile: quiet, random: seededRandom(1) })

    cell.setTrueLoad(1_000_000, 1000)

    const peak = Math.max(...Array.from({ length: 200 }, (_, index) => cell.sample(1000 + index * 10).massG ?? 0))
    expect((peak - 1000) / 1000).toBeCloseTo(overshoot, 1)
  })

  it('passes a neighbour’s change on, up to the limit and not beyond', () => {
    const profile = { ...loadCellProfiles.typical, whiteNoiseG: 0, burstSdG: 0, compressorStepG: 0, zeroDriftGPerK: 0 }
    const bank = createLoadCellBank({
      profile: { ...profile, randomWalkGPerRootS: 0, divisionG: 0.1, lostFrameProbability: 0 },
      random: seededRandom(3),
      lanes: 3,
    })
    const [first, second, third] = bank.cells

    first?.setTrueLoad(200_000, 0)
    expect(second?.sample(5000).massG).toBeCloseTo(1, 1)
    first?.setTrueLoad(5_000_000, 6000)
    expect(second?.sample(11_000).massG).toBeCloseTo(2, 1)
    expect(third?.sample(11_000).massG).toBe(0)
  })

  it('shows a hand while it rests there and not after', () => {
    const cell = createLoadCell({ profile: loadCellProfiles.good, random: seededRandom(5) })
    cell.setTrueLoad(1_000_000, 0)

    cell.applyHand({ forceG: 600, fromMs: 10_000, toMs: Infinity })
    const during = median(samplesBetween(cell, 11_000, 14_000).map(({ massG }) => massG ?? 0))
    cell.releaseHands(14_000)
    const after = levelBetween(cell, 17_000, 19_000)

    expect(during).toBeGreaterThan(1400)
    expect(after).toBeCloseTo(1000, 0)
  })

  it('reads zero after zeroing, whatever lies there', () => {
    const cell = createLoadCell({ profile: loadCellProfiles.typical, random: seededRandom(6) })
    cell.setTrueLoad(350_000, 0)

    cell.zero(5000)

    expect(Math.abs(levelBetween(cell, 5000, 10_000))).toBeLessThan(1)
  })

  it('a bad bank flips one channel in 12 % of frames, never twice running, and loses frames', () => {
    const bank = createLoadCellBank({ profile: loadCellProfiles.bad, random: seededRandom(9), lanes: 6 })
    for (const cell of bank.cells) cell.setTrueLoad(2_000_000, 0)
    let flippedFrames = 0
    let lost = 0
    let wasFlipped = bank.cells.map(() => false)

    for (let frame = 0; frame < 4000; frame += 1) {
      const masses = bank.cells.map((cell) => cell.sample(10_000 + frame * 800).massG)
      const isFlipped = masses.map((massG) => massG !== null && massG < -1000)
      if (isFlipped.some(Boolean)) flippedFrames += 1
      expect(isFlipped.some((flipped, index) => flipped && wasFlipped[index] === true)).toBe(false)
      lost += masses.filter((massG) => massG === null).length
      wasFlipped = isFlipped
    }

    expect(flippedFrames / 4000).toBeGreaterThan(0.08)
    expect(flippedFrames / 4000).toBeLessThan(0.14)
    expect(lost).toBeGreaterThan(10)
  })

  it('every mass is a whole number of divisions', () => {
    for (const kind of ['good', 'typical', 'bad'] as const) {
      const profile = loadCellProfiles[kind]
      const cell = createLoadCell({ profile, random: seededRandom(2) })
      cell.setTrueLoad(1_234_567, 0)
      for (const { massG } of samplesBetween(cell, 0, 20_000)) {
        const divisions = (massG ?? 0) / profile.divisionG
        expect(Math.abs(divisions - Math.round(divisions))).toBeLessThan(1e-6)
      }
    }
  })
})
