import { DeviceError } from '#firmware-bridge/ports/device-error.ts'
import type { Scale } from '#firmware-bridge/ports/devices.ts'
import type { CancelTimer, Clock } from '#shared/time/clock.ts'

/** One look at every scale. `massesMg` in the order of the scales; null where no weight came in time. */
export interface Pass {
  monotonicMs: number
  massesMg: ReadonlyArray<number | null>
}

export interface Sampler {
  /** Lanes without a weight for several looks in a row, with the reason. */
  faults(): ReadonlyMap<string, string>
  stop(): void
}

export interface SamplerOptions {
  scales: ReadonlyMap<string, Scale>
  clock: Clock
  /** Between the starts of two passes, ms. */
  periodMs: number
  onPass: (pass: Pass) => void
}

/** A lane is faulty after this many periods without a weight; a pass that took long counts as several, at most as so many. */
const faultyAfter = 8
const mostMissesOfPass = 4
/** A pass waits this many periods at first, and up to so many on a line that is slower than asked for. */
const leastPatience = 1.5
const mostPatience = 10
/** Patience grows by this when weights came late, and is this much more than a whole pass took. */
const patienceStep = 1.5

interface LanePoll {
  laneId: string
  scale: Scale
  isAsked: boolean
  massMg: number | null
  misses: number
  reason: string
}

/**
 * Asks all scales at a steady pace. A silent scale costs its own lane its frames and the others nothing: a pass does not wait
 * for it. A line or a machine that is too slow for the pace is another matter: there weights do come, only late, and
 * passes become fewer and whole again instead of full of holes, which would look like twelve broken scales.
 */
export function startSampler({ scales, clock, periodMs, onPass }: SamplerOptions): Sampler {
  const lanes: LanePoll[] = [...scales].map(([laneId, scale]) => ({
    laneId,
    scale,
    isAsked: false,
    massMg: null,
    misses: 0,
    reason: '',
  }))
  let isStopped = false
  let startedMs = 0
  let missing = 0
  let isPassOpen = false
  let hasLateWeight = false
  let patienceMs = periodMs * leastPatience
  let cancel: CancelTimer = () => {}

  const adaptPatience = () => {
    const tookMs = clock.monotonicMs() - startedMs
    const wantedMs = hasLateWeight ? patienceMs * patienceStep : missing === 0 ? tookMs * patienceStep : patienceMs
    patienceMs = Math.ceil(Math.min(Math.max(wantedMs, periodMs * leastPatience), periodMs * mostPatience))
    hasLateWeight = false
  }

  const closePass = () => {
    if (!isPassOpen || isStopped) return
    isPassOpen = false
    cancel()
    adaptPatience()
    const periods = Math.floor((clock.monotonicMs() - startedMs) / periodMs)
    const misses = Math.min(Math.max(periods, 1), mostMissesOfPass)
    for (const lane of lanes) {
      if (lane.massMg === null) lane.misses += misses
      else lane.misses = 0
    }
    onPass({ monotonicMs: startedMs, massesMg: lanes.map((lane) => lane.massMg) })
    cancel = clock.setTimer(Math.max(0, startedMs + periodMs - clock.monotonicMs()), openPass)
  }

  const arrived = (lane: LanePoll, massMg: number | null, askedMs: number) => {
    lane.isAsked = false
    if (askedMs !== startedMs || !isPassOpen) {
      if (massMg === null) return
      hasLateWeight = true
      // It was weighed when its turn on the line came, which is just now: it belongs to the pass under way.
      if (isPassOpen) lane.massMg = massMg
      return
    }
    lane.massMg = massMg
    missing -= 1
    if (missing === 0) closePass()
  }

  const ask = (lane: LanePoll, askedMs: number) => {
    lane.isAsked = true
    lane.scale.weigh().then(
      (reading) => {
        lane.reason = reading.rangeFault ?? ''
        arrived(lane, reading.rangeFault === undefined ? reading.grossMg : null, askedMs)
      },
      (error: unknown) => {
        lane.reason = error instanceof DeviceError ? error.code : String(error)
        arrived(lane, null, askedMs)
      },
    )
  }

  function openPass(): void {
    if (isStopped) return
    startedMs = clock.monotonicMs()
    isPassOpen = true
    missing = 0
    cancel = clock.setTimer(patienceMs, closePass)
    const free = lanes.filter((lane) => !lane.isAsked)
    missing = free.length
    for (const lane of lanes) lane.massMg = null
    for (const lane of free) ask(lane, startedMs)
  }

  openPass()
  return {
    faults() {
      const faults = new Map<string, string>()
      for (const { laneId, misses, reason } of lanes)
        if (misses >= faultyAfter) faults.set(laneId, reason || 'no reply')
      return faults
    },
    stop() {
      isStopped = true
      cancel()
    },
  }
}
