import type { ReviewReason } from '#shared/contracts/mqtt/event.ts'
import type { Plateau } from '#shared/contracts/mqtt/lane.ts'
import { analyseSession, type LaneRuns } from './analyse-session.ts'
import type { Bill, LiveCart, Settling } from './bill.ts'
import { dropShaken } from './lane-evidence.ts'
import { decideBill } from './decide-bill.ts'
import { createLaneTracker, type LaneTracker, type Level, type Run } from './lane-tracker.ts'
import { createNoiseModel } from './noise-model.ts'
import type { DoorEvent, Sample, SessionSetup } from './session-setup.ts'
import { writeBill, writeLiveCart } from './write-bill.ts'

/**
 * The decoder of one session: samples and door events in, in time order, a bill out. Pure and streaming: no clock, no
 * I/O, memory bounded by the number of lanes and events, not by the session's length. The agent and the replay tool
 * run this same code, so a dispute is recomputed. Source: weighing.md.
 */

/** The version that stays with a bill; raised with every change that can change a bill. */
export const decoderVersion = 'weighing-3'

export interface SessionDecoder {
  /** `massesMg` must have one entry per lane. */
  push(sample: Sample): void
  door(event: DoorEvent): void
  /** The steady level of each lane before the first opening; a lane that has none yet is left out. */
  openingPlateaus(): readonly Plateau[]
  /** Steady levels now; a lane that is moving is left out. */
  currentPlateaus(): readonly Plateau[]
  liveCart(): LiveCart
  /** Whether a lane became heavier since the first opening than noise makes it: without that nothing can have been put anywhere. */
  hasRisen(): boolean
  /** Whether the closing weights have come to rest (weighing.md rule 3); meaningful once the door is closed. */
  settling(): Settling
  /** The bill as of now. May be called more than once and changes nothing. */
  decide(): Bill
}

/** Why a lane cannot be billed. */
export interface LaneTrouble {
  reason: ReviewReason
  flag: 'unstable' | 'missing' | 'stuck' | 'out_of_range'
}

/** Steady means at rest for this long, ms; and given up after that long with the door closed, ms. */
const steadyMs = 1000
const timeOutMs = 8000
/** A lane this many frames without a change, through the opening and the closing of the door, is stuck. */
const stuckFrames = 6
/** The mean of a few samples strays by one standard deviation of theirs often, by three hardly ever, and no goods are so light. */
const risenSds = 3
/** Door movements that are remembered as shaking. */
const maximumDoors = 100

export function createSessionDecoder(setup: SessionSetup): SessionDecoder {
  const noise = createNoiseModel(setup)
  const { lanes } = setup
  const trackers = lanes.map(({ stock }) => createLaneTracker(noise, Math.max(40_000, stock.grossMg / 250)))
  const stored = new Map((setup.opening ?? []).map((plateau) => [plateau.laneId, plateau]))
  let openings: Array<Run | undefined> | undefined
  let openedAtMs = Number.NaN
  let closedAtMs = Number.NaN
  let isOpen = false
  const doorsAtMs: number[] = []
  let nowMs = Number.NaN

  const findOpening = (index: number): Run | undefined => {
    const plateau = stored.get(lanes[index]?.laneId ?? '')
    if (plateau !== undefined) return runFromPlateau(plateau, Number.isNaN(openedAtMs) ? nowMs : openedAtMs)
    const runs = trackers[index]?.runs() ?? []
    const long = runs.filter((run) => run.toMs - run.fromMs + noise.periodMs >= steadyMs)
    return long.at(-1) ?? runs.at(-1)
  }
  const currentOpenings = () => openings ?? lanes.map((_, index) => findOpening(index))

  const laneRuns = (index: number, isFinal: boolean): LaneRuns => {
    const opening = openings?.[index]
    const tracker = trackers[index]
    if (opening === undefined || tracker === undefined) return { opening, between: [], closing: undefined }
    const after = tracker.runs().filter((run) => run.toMs > opening.toMs)
    const last = after.at(-1) ?? (isFinal ? undefined : opening)
    if (isFinal && !isAtRest(tracker)) return { opening, between: after, closing: undefined }
    const levels = dropShaken(after, doorsAtMs, noise)
    return { opening, between: levels.slice(0, -1), closing: levels.at(-1) ?? last }
  }
  const isAtRest = (tracker: LaneTracker): boolean => {
    const run = tracker.presentRun()
    return run !== undefined && run.isSteady && run.toMs > closedAtMs && tracker.restMs() >= steadyMs
  }

  /** Lanes that showed the same digits through every door's shaking; many such lanes are just a quiet cabinet. */
  const stuckLanes = (): ReadonlySet<number> => {
    const still = trackers.flatMap((tracker, index) =>
      tracker.stillSinceMs() <= openedAtMs && tracker.stillFrames() >= stuckFrames ? [index] : [],
    )
    return new Set(still.length <= Math.max(1, trackers.length / 4) ? still : [])
  }

  const troubles = (runs: readonly LaneRuns[]): Array<LaneTrouble | undefined> => {
    const stuck = stuckLanes()
    return lanes.map((_, index) => {
      const tracker = trackers[index]
      const flag = tracker?.fault() ?? (stuck.has(index) ? 'stuck' : undefined)
      if (flag !== undefined) return { reason: 'lane_fault', flag }
      if (tracker?.hasOverflowed() === true) return { reason: 'unstable', flag: 'unstable' }
      if (openings?.[index] === undefined) return { reason: 'opening_missing', flag: 'unstable' }
      if (runs[index]?.closing === undefined) return { reason: 'unstable', flag: 'unstable' }
      return undefined
    })
  }

  const allRuns = (isFinal: boolean): LaneRuns[] => lanes.map((_, index) => laneRuns(index, isFinal))

  return {
    push({ atMs, massesMg }) {
      if (massesMg.length !== lanes.length) {
        throw new RangeError(`a sample has ${massesMg.length} masses for ${lanes.length} lanes`)
      }
      nowMs = atMs
      for (let i = 0; i < trackers.length; i += 1) {
        const massMg = massesMg[i] ?? null
        trackers[i]?.push(atMs, massMg === null ? null : massMg / 1000)
      }
    },
    door({ atMs, state }) {
      isOpen = state === 'open'
      if (doorsAtMs.length < maximumDoors) doorsAtMs.push(atMs)
      if (!isOpen) closedAtMs = atMs
      else if (openings === undefined) {
        openedAtMs = atMs
        openings = currentOpenings()
      }
    },
    openingPlateaus: () => toPlateaus(setup, currentOpenings()),
    currentPlateaus: () =>
      toPlateaus(
        setup,
        trackers.map((tracker) => {
          const run = tracker.presentRun()
          return run?.isSteady === true ? run : undefined
        }),
      ),
    liveCart() {
      const moving = trackers.map((tracker) => tracker.presentRun()?.isSteady !== true)
      return writeLiveCart(
        setup,
        openings === undefined ? undefined : analyseSession(lanes, allRuns(false), noise),
        moving,
      )
    },
    hasRisen: () =>
      trackers.some((tracker, index) => {
        const opening = openings?.[index]
        if (opening === undefined) return false
        let lowestG = opening.tail.levelG
        for (const { toMs, tail } of tracker.runs()) {
          if (toMs <= opening.toMs) continue
          if (tail.levelG > lowestG + risenSds * noise.sampleSdG) return true
          lowestG = Math.min(lowestG, tail.levelG)
        }
        return false
      }),
    settling() {
      if (isOpen || Number.isNaN(closedAtMs)) return 'waiting'
      if (nowMs - closedAtMs >= steadyMs && trackers.every(isAtRest)) {
        return 'settled'
      }
      return nowMs - closedAtMs >= timeOutMs ? 'timed_out' : 'waiting'
    },
    decide() {
      const runs = allRuns(true)
      const analysis = analyseSession(lanes, runs, noise)
      const doorState = isOpen ? 'open' : Number.isNaN(closedAtMs) || openings === undefined ? 'unknown' : 'closed'
      return writeBill({
        setup,
        analysis,
        verdict: decideBill(analysis, setup.divisionMg),
        troubles: troubles(runs),
        doorState,
        openings: toPlateaus(setup, currentOpenings()),
        closings: toPlateaus(
          setup,
          runs.map(({ closing }) => closing),
        ),
      })
    },
  }
}

function runFromPlateau(plateau: Plateau, atMs: number): Run {
  const level: Level = {
    levelG: plateau.levelMg / 1000,
    variance: (plateau.standardErrorMg / 1000) ** 2,
    count: plateau.sampleCount,
  }
  return {
    fromMs: atMs,
    toMs: atMs,
    count: plateau.sampleCount,
    head: level,
    tail: level,
    isSteady: true,
    wayLowG: Infinity,
  }
}

function toPlateaus(setup: SessionSetup, runs: ReadonlyArray<Run | undefined>): Plateau[] {
  return setup.lanes.flatMap(({ laneId }, index) => {
    const tail = runs[index]?.tail
    if (tail === undefined) return []
    const standardErrorMg = Math.round(Math.sqrt(tail.variance) * 1000)
    return [{ laneId, levelMg: Math.round(tail.levelG * 1000), standardErrorMg, sampleCount: tail.count }]
  })
}
