import { describe, expect, it } from 'vitest'
import { createSessionDecoder } from '#cabinet-agent/weighing/decoder.ts'
import type { Bill } from '#cabinet-agent/weighing/bill.ts'
import { loadCellProfiles } from '#firmware-bridge/virtual/load-cell-profiles.ts'
import { VirtualCabinet, type CabinetItem } from '#firmware-bridge/virtual/virtual-cabinet.ts'
import { makeVirtualInstallation } from '#firmware-bridge/virtual/virtual-installation.ts'
import { nextBelow, seededRandom } from '#shared/ids/random.ts'
import { TestClock } from '../../support/test-clock.ts'
import { between, fillLane, type GoodsKind, type TrueLane } from './goods.ts'
import { setupOf } from './simulate-session.ts'

/**
 * Visits at a virtual cabinet whose computer is starved, so that its looks at the scales come late and far apart: the hand, the
 * door and the transmitters are those of the demo, and only how often somebody looks differs.
 */

/** Big packs of fruit, whose pieces differ most: a change of theirs can be the most things. */
const fruit: readonly GoodsKind[] = [
  { sku: 'orange-1.5kg', mode: 'piece', priceFen: 1580, meanG: 1515, cv: 0.02 },
  { sku: 'pear-1kg', mode: 'piece', priceFen: 1180, meanG: 1010, cv: 0.025 },
  { sku: 'plum-500g', mode: 'piece', priceFen: 880, meanG: 598, cv: 0.035 },
  { sku: 'tomato-500g', mode: 'piece', priceFen: 480, meanG: 497, cv: 0.036 },
]
const profile = loadCellProfiles.good
/** A person reaches in so long after the door opened, and rests so long between two deeds, ms. */
const reachMs = [700, 2_000] as const
const restMs = [5_500, 7_000] as const

interface Machine {
  name: string
  /** From one look at the scales to the next, ms. */
  looksApartMs: readonly [number, number]
}

const machines: readonly Machine[] = [
  { name: 'idle', looksApartMs: [100, 100] },
  { name: 'busy', looksApartMs: [100, 450] },
  { name: 'starved', looksApartMs: [150, 900] },
]

/** One piece of the lane in the middle is taken, and brought back when `isBroughtBack`. */
function visit(seed: number, { looksApartMs }: Machine, isBroughtBack: boolean): Bill {
  const clock = new TestClock()
  const random = seededRandom(seed)
  const lanes = fruit.map((kind, index) => fillLane(random, index, kind, 6 + nextBelow(random, 9)))
  const cabinet = new VirtualCabinet({
    installation: makeVirtualInstallation({ laneCount: lanes.length }),
    cells: profile.kind,
    clock,
    random,
    items: Object.fromEntries(lanes.map((lane) => [lane.laneId, itemsOf(lane)])),
  })
  const decoder = createSessionDecoder(setupOf(lanes, profile))
  const look = () => {
    const massesMg = cabinet.view().map(({ displayed }) => (displayed === undefined ? null : displayed.grossG * 1_000))
    decoder.push({ atMs: clock.now(), massesMg })
  }
  const lookFor = (ms: number) => {
    for (const untilMs = clock.monotonicMs() + ms; clock.monotonicMs() < untilMs;) {
      clock.advance(between(random, ...looksApartMs))
      look()
    }
  }
  const laneId = lanes[nextBelow(random, lanes.length)]?.laneId ?? ''

  // What the loading shook has come to rest.
  clock.advance(60_000)
  lookFor(4_000)
  cabinet.turnKey()
  cabinet.openDoor()
  decoder.door({ atMs: clock.now(), state: 'open' })
  lookFor(between(random, ...reachMs))
  const taken = cabinet.take(laneId)
  lookFor(between(random, ...restMs))
  if (isBroughtBack && taken.kind === 'done') {
    cabinet.put(laneId, taken.item)
    lookFor(between(random, ...restMs))
  }
  cabinet.closeDoor()
  decoder.door({ atMs: clock.now(), state: 'closed' })
  while (decoder.settling() === 'waiting') lookFor(1)
  return decoder.decide()
}

function itemsOf({ laneId, piecesMg }: TrueLane): CabinetItem[] {
  return piecesMg.map((massMg, index) => ({ itemId: `${laneId}-${index}`, massMg }))
}

function visits(machine: Machine, isBroughtBack: boolean): Bill[] {
  return Array.from({ length: 100 }, (_, index) => visit(8_000 + index, machine, isBroughtBack))
}

describe.each(machines)('at a cabinet whose computer is $name', (machine) => {
  it('a piece taken is billed without a person', () => {
    const bills = visits(machine, false)

    expect(bills.map(({ outcome }) => outcome)).not.toContain('review')
    expect(bills.every(({ lines }) => lines.length === 1 && lines[0]?.count === 1)).toBe(true)
  })

  it('a piece brought back is never billed, and seldom taken for another thing in its place', () => {
    const bills = visits(machine, true)

    expect(bills.every(({ lowestLines }) => lowestLines.length === 0)).toBe(true)
    const settled = bills.filter(({ outcome }) => outcome === 'settled')
    expect(settled.every(({ totalFen }) => totalFen === 0)).toBe(true)
    expect(settled.length).toBeGreaterThanOrEqual(90)
  })
})
