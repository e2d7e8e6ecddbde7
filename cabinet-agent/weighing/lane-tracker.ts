import { createChangePointDetector } from './change-point.ts'
import type { NoiseModel } from './noise-model.ts'
import { createSampleGuard } from './sample-guard.ts'

/**
 * Follows one lane: guard → change points → steady levels. Keeps the steady runs, not the samples: memory is bounded by
 * a ring of recent samples and a capped list of runs.
 */

/** A level with its variance: robust mean over `count` samples, g and g². */
export interface Level {
  levelG: number
  variance: number
  count: number
}

/** A run of samples at one level. `head` is its beginning without the ringing, `tail` its end. */
export interface Run {
  fromMs: number
  toMs: number
  count: number
  head: Level
  tail: Level
  isSteady: boolean
}

export type LaneFault = 'missing' | 'stuck' | 'out_of_range'

export interface LaneTracker {
  push(atMs: number, massG: number | null): void
  /** Steady runs so far, oldest first, the present one last when it is steady. */
  runs(): readonly Run[]
  /** The present run, steady or not; undefined before the first sample. */
  presentRun(): Run | undefined
  /** Remembers that a door moved now: a stuck lane is one that feels no door. */
  markDoor(atMs: number): void
  /** A fault that makes the lane unusable now. */
  fault(): LaneFault | undefined
  /** True when more changes were seen than are kept. */
  hasOverflowed(): boolean
}

interface Segment extends Run {
  start: number
}

const ringSize = 256
const compactAt = 64
const maximumSegments = 400
/** A lane is missing after this long without a usable value. */
const missingAfterMs = 3000

export function createLaneTracker(noise: NoiseModel, maximumG: number): LaneTracker {
  const ringMass = new Float64Array(ringSize)
  const ringAtMs = new Float64Array(ringSize)
  const scratch = new Float64Array(ringSize)
  const headSamples = Math.min(60, Math.max(4, Math.round(1200 / noise.periodMs)))
  const tailSamples = Math.min(100, Math.max(4, Math.round(2000 / noise.periodMs)))
  const ringingSamples = Math.round(400 / noise.periodMs)
  const steadySamples = Math.max(2, Math.min(5, Math.round(400 / noise.periodMs)))
  const detector = createChangePointDetector(noise)
  let segments: Segment[] = []
  let accepted = 0
  let start = 0
  let savedHead: Level | undefined
  let overflowed = false
  let lastAcceptedMs = Number.NaN
  let lastFrameMs = Number.NaN
  let missingSinceMs = Number.NaN
  let firstDoorMs = Number.NaN

  /** Robust mean of samples from…to (indices, inclusive): the mean of those near the median. */
  const levelOf = (from: number, to: number): Level => {
    const first = Math.max(from, to - ringSize + 1, 0)
    let n = 0
    for (let i = first; i <= to; i += 1) {
      scratch[n] = ringMass[i % ringSize] ?? 0
      n += 1
    }
    const window = scratch.subarray(0, n).sort()
    const median = ((window[(n - 1) >> 1] ?? 0) + (window[n >> 1] ?? 0)) / 2
    const reach = 3.5 * noise.sampleSdG
    let sum = 0
    let used = 0
    for (let i = 0; i < n; i += 1) {
      const value = window[i] ?? 0
      if (Math.abs(value - median) > reach) continue
      sum += value - median
      used += 1
    }
    if (used === 0) return { levelG: median, variance: noise.sampleVariance * 9, count: 0 }
    return { levelG: median + sum / used, variance: noise.sampleVariance / used + noise.floorVariance, count: used }
  }

  const headOf = (from: number, to: number): Level => {
    const skip = Math.min(ringingSamples, Math.floor((to - from + 1) * 0.3))
    return levelOf(from + skip, Math.min(to, from + skip + headSamples - 1))
  }

  const runOf = (from: number, to: number, head: Level | undefined): Segment => {
    const count = to - from + 1
    const tail = levelOf(Math.max(from, to - tailSamples + 1), to)
    const fromMs = ringAtMs[Math.max(from, accepted - ringSize) % ringSize] ?? 0
    const inWindow = Math.min(count, tailSamples)
    const isSteady = count >= steadySamples && tail.count >= Math.max(2, 0.6 * inWindow)
    return {
      start: from,
      fromMs: count > ringSize - 2 ? runFromMs : fromMs,
      toMs: ringAtMs[to % ringSize] ?? 0,
      count,
      head: head ?? headOf(from, to),
      tail,
      isSteady,
    }
  }
  let runFromMs = 0

  const compact = () => {
    const kept: Segment[] = []
    segments.forEach((segment, i) => {
      const isRecent = i >= segments.length - 8
      const before = kept.at(-1)
      if (isRecent || before === undefined) {
        if (isRecent || segment.isSteady) kept.push(segment)
        return
      }
      if (!segment.isSteady) return
      const gap = segment.head.levelG - before.tail.levelG
      const variance = segment.head.variance + before.tail.variance
      if (gap * gap < 9 * variance && segment.fromMs - before.toMs < 3 * noise.periodMs)
        kept[kept.length - 1] = {
          ...before,
          toMs: segment.toMs,
          count: before.count + segment.count,
          tail: segment.tail,
        }
      else kept.push(segment)
    })
    segments = kept
    if (segments.length <= maximumSegments) return
    overflowed = true
    segments = segments.slice(-maximumSegments / 2)
  }

  const accept = (atMs: number, massG: number) => {
    const index = accepted
    ringMass[index % ringSize] = massG
    ringAtMs[index % ringSize] = atMs
    accepted += 1
    lastAcceptedMs = atMs
    const likeliest = detector.push(index, massG)
    if (index === 0) runFromMs = atMs
    if (likeliest > start) {
      segments.push(runOf(start, likeliest - 1, savedHead))
      start = likeliest
      savedHead = undefined
      runFromMs = ringAtMs[likeliest % ringSize] ?? atMs
      if (segments.length > compactAt) compact()
    } else if (likeliest < start) {
      // The change was a false alarm: the older run is the likelier one again.
      start = likeliest
      savedHead = undefined
      while ((segments.at(-1)?.start ?? -1) >= likeliest) {
        const undone = segments.pop()
        if (undone !== undefined && undone.start === likeliest) {
          savedHead = undone.count >= headSamples + ringingSamples ? undone.head : undefined
          runFromMs = undone.fromMs
        }
      }
    }
    if (savedHead === undefined && index - start + 1 === headSamples + ringingSamples * 2 + 4) {
      savedHead = headOf(start, index)
    }
  }

  const guard = createSampleGuard(noise, maximumG, accept)

  const presentRun = () => (accepted === 0 ? undefined : runOf(start, accepted - 1, savedHead))

  return {
    push(atMs, massG) {
      lastFrameMs = atMs
      guard.push(atMs, massG)
      if (guard.missingRun() === 0) missingSinceMs = Number.NaN
      else if (guard.missingRun() === 1) missingSinceMs = atMs
    },
    runs() {
      const steady: Run[] = segments.filter((segment) => segment.isSteady)
      const present = presentRun()
      if (present?.isSteady === true) steady.push(present)
      return steady
    },
    presentRun,
    markDoor(atMs) {
      if (Number.isNaN(firstDoorMs)) firstDoorMs = atMs
    },
    fault() {
      if (accepted === 0 || lastFrameMs - lastAcceptedMs > missingAfterMs + noise.periodMs * 2) {
        return guard.negativeRun() > 3 ? 'out_of_range' : 'missing'
      }
      if (guard.negativeRun() > 3) return 'out_of_range'
      if (guard.missingRun() > 0 && lastFrameMs - missingSinceMs > missingAfterMs) return 'missing'
      return isStuck() ? 'stuck' : undefined
    },
    hasOverflowed: () => overflowed,
  }

  /** The same digits for longer than noise allows, or since before the door opened: no lane is that quiet. */
  function isStuck(): boolean {
    const run = guard.sameRun()
    const ratio = Math.sqrt(noise.sampleVariance) / noise.divisionG
    const isFine = ratio > 0.6
    const hasFeltNoDoor = !Number.isNaN(firstDoorMs) && guard.sameSinceMs() < firstDoorMs - 1000
    const quietMs = lastFrameMs - guard.sameSinceMs()
    return (isFine && run > 24 / Math.max(0.4, ratio) && quietMs > 2000) || (hasFeltNoDoor && run > 12)
  }
}
