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

/** A lane is faulty after this many passes without a weight. */
const faultyAfter = 8

interface LanePoll {
  laneId: string
  scale: Scale
  isAsked: boolean
  massMg: number | null
  misses: number
  reason: string
}

/**
 * Asks all scales at a steady pace. A slow scale costs its own lane a frame and the others nothing: a pass does not
 * wait for it longer than half a period over its own.
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
  let cancel: CancelTimer = () => {}

  const closePass = () => {
    if (!isPassOpen || isStopped) return
    isPassOpen = false
    cancel()
    for (const lane of lanes) {
      if (lane.massMg === null) lane.misses += 1
      else lane.misses = 0
    }
    onPass({ monotonicMs: startedMs, massesMg: lanes.map((lane) => lane.massMg) })
    cancel = clock.setTimer(Math.max(0, startedMs + periodMs - clock.monotonicMs()), openPass)
  }

  const arrived = (lane: LanePoll, massMg: number | null, askedMs: number) => {
    lane.isAsked = false
    if (!isPassOpen || askedMs !== startedMs) return
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
    cancel = clock.setTimer(periodMs * 1.5, closePass)
    const free = lanes.filter((lane) => !lane.isAsked)
    missing = free.length
    for (const lane of lanes) lane.massMg = null
    for (const lane of free) ask(lane, startedMs)
  }

  openPass()
  return {
    faults: () =>
      new Map(
        lanes.filter((lane) => lane.misses >= faultyAfter).map((lane) => [lane.laneId, lane.reason || 'no reply']),
      ),
    stop() {
      isStopped = true
      cancel()
    },
  }
}
