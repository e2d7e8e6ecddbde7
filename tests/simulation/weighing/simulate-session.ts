import type { Random } from '#shared/ids/random.ts'
import { createLoadCellBank } from '#firmware-bridge/virtual/load-cell.ts'
import type { LoadCellProfile } from '#firmware-bridge/virtual/load-cell-profiles.ts'
import type { DoorEvent, Sample, SessionSetup } from '#cabinet-agent/weighing/session-setup.ts'
import type { TrueLane } from './goods.ts'
import type { SessionPlan } from './plan-session.ts'

/** Plays a plan on the load-cell model: the record that the decoder sees, the plan being the truth it does not. */

export interface Recording {
  plan: SessionPlan
  profile: LoadCellProfile
  setup: SessionSetup
  /** Samples and door events in time order. */
  events: ReadonlyArray<Sample | DoorEvent>
}

type Happening = { atMs: number; run: () => void }

export function simulateSession(random: Random, plan: SessionPlan, profile: LoadCellProfile): Recording {
  const { lanes, openMs, closeMs, endMs } = plan
  const bank = createLoadCellBank({ profile, random, lanes: lanes.length, startMs: -60_000 })
  const loadsMg = lanes.map(({ stock }) => Math.round(stock.grossMg * (1 - plan.dryingPart)))
  loadsMg.forEach((massMg, lane) => bank.cells[lane]?.setTrueLoad(massMg, -50_000))
  const happenings: Happening[] = plan.deeds.map((deed) => {
    if (deed.kind === 'hand') {
      const { atMs, lane, forceG, forMs } = deed
      return { atMs, run: () => bank.cells[lane]?.applyHand({ forceG, fromMs: atMs, toMs: atMs + forMs }) }
    }
    const { atMs, lane, deltaMg } = deed
    const run = () => {
      loadsMg[lane] = Math.max(0, (loadsMg[lane] ?? 0) + deltaMg)
      bank.cells[lane]?.setTrueLoad(loadsMg[lane] ?? 0, atMs)
    }
    return { atMs, run }
  })
  const events: Array<Sample | DoorEvent> = []
  const door = (state: 'open' | 'closed', atMs: number) => ({
    atMs,
    run: () => {
      bank.setDoor(state === 'open', atMs)
      events.push({ atMs: Math.round(atMs), state })
    },
  })
  happenings.push(door('open', openMs), door('closed', closeMs))
  happenings.sort((a, b) => a.atMs - b.atMs)
  let next = 0
  const first = bank.cells[0]
  for (let atMs = 100; atMs < endMs; atMs += first?.nextSampleDelayMs() ?? 100) {
    for (let due = happenings[next]; due !== undefined && due.atMs <= atMs; due = happenings[next]) {
      due.run()
      next += 1
    }
    const massesMg = bank.cells.map((cell) => {
      const { massG } = cell.sample(atMs)
      return massG === null ? null : Math.round(massG * 1000)
    })
    events.push({ atMs: Math.round(atMs), massesMg })
  }
  return { plan, profile, setup: setupOf(lanes, profile), events }
}

/** What the decoder is told of the lanes before it sees a sample. */
export function setupOf(lanes: readonly TrueLane[], profile: LoadCellProfile): SessionSetup {
  return {
    divisionMg: Math.round(profile.divisionG * 1000),
    samplePeriodMs: profile.sampleIntervalMs,
    scaleSdMg: Math.round(profile.whiteNoiseG * 1000),
    lanes: lanes.map(({ laneId, kind, header, stock }) => ({
      laneId,
      skuId: kind.sku,
      mode: kind.mode,
      priceFen: kind.priceFen,
      unitWeight: header,
      stock,
    })),
  }
}
