import { describe, expect, it } from 'vitest'
import type { Plateau } from '#shared/contracts/mqtt/lane.ts'
import { laneSetup, sessionSetup } from '#tests/support/session-setup.ts'
import { play, visit } from '#tests/support/weighing-script.ts'

const tea = laneSetup({
  laneId: 'L02',
  skuId: 'tea-50g',
  priceFen: 1880,
  unitWeight: { meanMg: 86_000, sdMg: 1000, samples: 12 },
  stock: { count: 8, grossMg: 688_000 },
})
const two = sessionSetup({ lanes: [laneSetup(), tea] })

describe('the situations of weighing.md', () => {
  it('settles what was taken', () => {
    const bill = visit(two, [
      [5000, 688],
      [4500, 688],
      [4500, 602],
    ])

    expect(bill).toMatchObject({ outcome: 'settled', totalFen: 3160, flags: [] })
    expect(bill.lines.map(({ laneId, count }) => [laneId, count])).toEqual([
      ['L01', 1],
      ['L02', 1],
    ])
    expect(bill.confidence).toBeGreaterThan(0.995)
    expect(bill.evidence.steps).toHaveLength(2)
    expect(bill.evidence.lanes.map(({ remainingCount }) => remainingCount)).toEqual([9, 7])
  })

  it('settles nothing as nothing', () => {
    expect(
      visit(two, [
        [5000, 688],
        [5000, 688],
      ]),
    ).toMatchObject({ outcome: 'settled', totalFen: 0, lines: [] })
  })

  it('nets a piece put back, and one put back in another lane, which it names', () => {
    expect(
      visit(two, [
        [5000, 688],
        [4500, 688],
        [5000, 688],
      ]),
    ).toMatchObject({ outcome: 'settled', totalFen: 0 })

    const bill = visit(two, [
      [5000, 688],
      [5000, 602],
      [5086, 602],
    ])

    expect(bill).toMatchObject({ outcome: 'settled', totalFen: 0, flags: ['misplaced'] })
    expect(bill.evidence.misplacements).toMatchObject([{ fromLaneId: 'L02', inLaneId: 'L01', skuId: 'tea-50g' }])
  })

  it('bills the own picks beside a foreign object and flags its lane', () => {
    const bill = visit(two, [
      [5000, 688],
      [4500, 688],
      [4500, 1002],
    ])

    expect(bill).toMatchObject({ outcome: 'settled', totalFen: 1280, flags: ['foreign'] })
    expect(bill.evidence.lanes[1]?.flags).toEqual(['foreign'])
    expect(bill.evidence.foreign).toMatchObject([{ laneId: 'L02' }])
  })

  it('sends a swap to review', () => {
    const bill = visit(two, [
      [5000, 688],
      [4500, 688],
      [4810, 688],
    ])

    expect(bill).toMatchObject({ outcome: 'review', reviewReason: 'swap', flags: ['swap'] })
  })

  it('reviews a loss no pieces explain, and never bills it as zero', () => {
    const bill = visit(two, [
      [5000, 688],
      [4770, 688],
    ])

    expect(bill).toMatchObject({ outcome: 'review', reviewReason: 'ambiguous', lowestLines: [] })
  })

  it('lets the lane win over a header that contradicts it', () => {
    const biased = laneSetup({ unitWeight: { meanMg: 575_000, sdMg: 5000, samples: 12 } })

    const bill = visit(sessionSetup({ lanes: [biased] }), [[5000], [4500], [4000], [3500]])

    expect(bill).toMatchObject({ outcome: 'settled', totalFen: 3 * 1280, flags: ['stock_flag'] })
    expect(bill.evidence.lanes[0]?.flags).toEqual(['unit_weight_contradicted'])
  })

  it('does not bill water that was lost before the door opened', () => {
    expect(
      visit(two, [
        [4880, 688],
        [4880, 688],
      ]),
    ).toMatchObject({ outcome: 'settled', totalFen: 0 })
    expect(
      visit(two, [
        [4880, 688],
        [4392, 688],
      ]),
    ).toMatchObject({ outcome: 'settled', totalFen: 1280 })
  })

  it('lets a foreign object that was known go again', () => {
    const lane = laneSetup({ foreignMassesMg: [320_000] })

    const bill = visit(sessionSetup({ lanes: [lane] }), [[5320], [5000]])

    expect(bill).toMatchObject({ outcome: 'settled', totalFen: 0 })
  })

  it('rounds a weighed sale down', () => {
    const potatoes = laneSetup({
      mode: 'weight',
      priceFen: 480,
      unitWeight: { meanMg: 160_000, sdMg: 45_000, samples: 12 },
      stock: { count: 12, grossMg: 1_920_000 },
    })

    const bill = visit(sessionSetup({ lanes: [potatoes] }), [[1920], [1685.4]])

    expect(bill.outcome).toBe('settled')
    expect([233_000, 234_000]).toContain(bill.lines[0]?.massMg)
    expect(bill.totalFen).toBe(Math.floor(((bill.lines[0]?.massMg ?? 0) * 480) / 1e6))
  })
})

describe('what cannot be billed', () => {
  it('reviews a lane that fell silent, moved to the end, or was open', () => {
    expect(
      visit(two, [
        [5000, 688],
        [4500, null],
      ]),
    ).toMatchObject({ outcome: 'review', reviewReason: 'lane_fault' })
    const moving = Array.from({ length: 40 }, (_, index) => ({ forMs: 100, levelsG: [4500 + 30 * index, 688] }))
    const start = { forMs: 4000, levelsG: [5000, 688] }
    const open = { ...start, door: 'open' as const }
    const shut = { forMs: 100, levelsG: [4500, 688], door: 'closed' as const }
    expect(play(two, [start, open, shut, ...moving]).decide().reviewReason).toBe('unstable')
    expect(play(two, [start, open]).decide().reviewReason).toBe('door_state_unknown')
    expect(play(two, [start]).decide().reviewReason).toBe('door_state_unknown')
  })

  it('reviews a coarse lane whose digits no door has moved, but lets a quiet cabinet be', () => {
    const coarse = sessionSetup({
      divisionMg: 5000,
      samplePeriodMs: 800,
      scaleSdMg: 2500,
      lanes: [laneSetup(), tea],
    })
    const shaken = (levelG: number, forMs: number) =>
      Array.from({ length: Math.ceil(forMs / 800) }, (_, index) => [levelG + (index % 2 === 0 ? 60 : -40)])
    const steps = (isStill: boolean) => [
      { forMs: 4800, levelsG: [5000, isStill ? 688 : 690] },
      ...shaken(5000, 1600).map(([levelG = 0], index) => ({
        forMs: 800,
        levelsG: [levelG, isStill ? 688 : levelG - 4310],
        ...(index === 0 ? { door: 'open' as const } : {}),
      })),
      { forMs: 6400, levelsG: [5000, 688] },
      ...shaken(5000, 1600).map(([levelG = 0], index) => ({
        forMs: 800,
        levelsG: [levelG, isStill ? 688 : levelG - 4310],
        ...(index === 0 ? { door: 'closed' as const } : {}),
      })),
      { forMs: 6400, levelsG: [5000, 688] },
    ]
    const quiet = { ...coarse, scaleSdMg: 1 }

    // Without noise the second lane shows the same digits throughout; the first felt the door.
    expect(play(quiet, steps(true)).decide()).toMatchObject({ outcome: 'review', reviewReason: 'lane_fault' })
    expect(play(quiet, steps(false)).decide()).toMatchObject({ outcome: 'settled', totalFen: 0 })
    expect(
      visit(quiet, [
        [5000, 690],
        [5000, 690],
      ]),
    ).toMatchObject({ outcome: 'settled', totalFen: 0 })
  })

  it('reviews a session that began with the door open, unless its opening was stored', () => {
    const script = [
      { forMs: 100, levelsG: [4500, 688], door: 'open' as const },
      { forMs: 4000, levelsG: [4500, 688] },
      { forMs: 4000, levelsG: [4500, 688], door: 'closed' as const },
    ]
    const opening: Plateau[] = [
      { laneId: 'L01', levelMg: 5_000_000, standardErrorMg: 400, sampleCount: 20 },
      { laneId: 'L02', levelMg: 688_000, standardErrorMg: 400, sampleCount: 20 },
    ]

    expect(play(two, script).decide().reviewReason).toBe('opening_missing')
    expect(play({ ...two, opening }, script).decide()).toMatchObject({ outcome: 'settled', totalFen: 1280 })
  })
})

describe('while the door is open', () => {
  const start = { forMs: 4000, levelsG: [5000, 688] }
  const open = { forMs: 2000, levelsG: [5000, 688], door: 'open' as const }

  it('has opening plateaus before the door opens', () => {
    const plateaus = play(two, [start]).openingPlateaus()

    expect(plateaus.map(({ laneId }) => laneId)).toEqual(['L01', 'L02'])
    expect(Math.abs((plateaus[0]?.levelMg ?? 0) - 5_000_000)).toBeLessThan(1500)
    expect(plateaus[0]?.standardErrorMg).toBeLessThan(1000)
  })

  it('previews the cart and tells of a piece in the wrong lane', () => {
    const taken = play(two, [start, open, { forMs: 2500, levelsG: [5000, 602] }])
    expect(taken.liveCart()).toMatchObject({ totalFen: 1880, unsettledLaneIds: [], misplacements: [] })
    expect(taken.settling()).toBe('waiting')
    expect(taken.hasRisen()).toBe(false)

    const wrong = play(two, [start, open, { forMs: 2500, levelsG: [5000, 602] }, { forMs: 2500, levelsG: [5086, 602] }])
    expect(wrong.liveCart()).toMatchObject({ totalFen: 0, misplacements: [{ fromLaneId: 'L02', inLaneId: 'L01' }] })
    expect(wrong.hasRisen()).toBe(true)
  })

  it('waits until the lanes have rested with the door closed', () => {
    const shut = (forMs: number) => ({ forMs, levelsG: [5000, 602], door: 'closed' as const })
    const moving = Array.from({ length: 90 }, (_, index) => ({ forMs: 100, levelsG: [5000 + 9 * index, 602] }))

    expect(play(two, [start, open, shut(500)]).settling()).toBe('waiting')
    expect(play(two, [start, open, shut(2500)]).settling()).toBe('settled')
    expect(play(two, [start, open, shut(100), ...moving]).settling()).toBe('timed_out')
  })
})
