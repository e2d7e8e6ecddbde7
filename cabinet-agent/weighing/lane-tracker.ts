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
  /** Lowest sample on the way from the steady level before to this one, g; −Infinity when nobody saw the way. */
  wayLowG: number
}

export type LaneFault = 'missing' | 'stuck' | 'out_of_range'

export interface LaneTracker {
  push(atMs: number, massG: number | null): void
  /** Steady runs so far, oldest first, the present one last when it is steady. */
  runs(): readonly Run[]
  /** The present run, steady or not; undefined before the first sample. */
  presentRun(): Run | undefined
  /** The raw value has been the same, to the digit, since this instant, and for this many frames. */
  stillSinceMs(): number
  stillFrames(): number
  /** A fault that makes the lane unusable now. */
  fault(): LaneFault | undefined
  /** How long the newest samples have kept to the present run's level, ms; 0 when they do not. */
  restMs(): number
  /** True when more changes were seen than are kept. */
  hasOverflowed(): boolean
}

interface Segment extends Run {
  start: number
  /** Lowest sample before and after the segment's rest; of all its samples when it had none. */
  lowBeforeG: number
  lowAfterG: number
}

interface Head {
  fromMs: number
  level: Level
}

const ringSize = 256
const compactAt = 64
const maximumSegments = 400
/** Goods can go and others come in this long without a sample, ms. */
const blindAfterMs = 2500
/** A lane is missing after this long without a usable value. */
const missingAfterMs = 3000

export function createLaneTracker(noise: NoiseModel, maximumG: number): LaneTracker {
  const ringMass = new Float64Array(ringSize)
  const ringAtMs = new Float64Array(ringSize)
  const reachG = 3.5 * noise.sampleSdG
  const headSamples = Math.min(60, Math.max(4, Math.round(1200 / noise.periodMs)))
  const tailSamples = Math.min(100, Math.max(4, Math.round(2000 / noise.periodMs)))
  const ringingSamples = Math.round(400 / noise.periodMs)
  const steadySamples = Math.max(2, Math.min(3, Math.round(300 / noise.periodMs)))
  const detector = createChangePointDetector(noise)
  let segments: Segment[] = []
  let accepted = 0
  let start = 0
  let savedHead: Head | undefined
  let overflowed = false
  let lastAcceptedMs = Number.NaN
  let lastFrameMs = Number.NaN
  let missingSinceMs = Number.NaN
  let runLevelG = 0

  const massAt = (index: number) => ringMass[index % ringSize] ?? 0
  const timeAt = (index: number) => ringAtMs[index % ringSize] ?? 0
  const isAt = (index: number, levelG: number) => Math.abs(massAt(index) - levelG) <= reachG

  /** Mean of those of samples from…to that keep to a level. */
  const levelOf = (from: number, to: number, aroundG: number): Level => {
    let sum = 0
    let count = 0
    for (let i = Math.max(from, to - ringSize + 2, 0); i <= to; i += 1) {
      if (!isAt(i, aroundG)) continue
      sum += massAt(i) - aroundG
      count += 1
    }
    if (count === 0) return { levelG: aroundG, variance: noise.sampleVariance * 9, count: 0 }
    return { levelG: aroundG + sum / count, variance: noise.sampleVariance / count + noise.floorVariance, count }
  }

  /** First of samples from…to that begins a stretch at the level; `to` when there is none. */
  const restStart = (from: number, to: number, levelG: number): number => {
    let stretch = 0
    for (let i = Math.max(from, to - ringSize + 2, 0); i <= to; i += 1) {
      stretch = isAt(i, levelG) ? stretch + 1 : 0
      if (stretch === steadySamples) return i - steadySamples + 1
    }
    return to
  }

  /** Last of samples from…to that ends a stretch at the level; −1 when there is none. */
  const restEnd = (from: number, to: number, levelG: number): number => {
    let stretch = 0
    for (let i = to; i >= Math.max(from, to - ringSize + 2); i -= 1) {
      stretch = isAt(i, levelG) ? stretch + 1 : 0
      if (stretch === steadySamples) return i + steadySamples - 1
    }
    return -1
  }

  const headOf = (from: number, to: number, levelG: number): Head => {
    const first = restStart(from, to, levelG)
    const skip = Math.min(ringingSamples, Math.floor((to - first + 1) * 0.3))
    return { fromMs: timeAt(first), level: levelOf(first + skip, Math.min(to, first + skip + headSamples - 1), levelG) }
  }

  /** Samples from…to as a run; bursts at its end are left out. */
  const runOf = (from: number, to: number, saved: Head | undefined, levelG: number): Segment => {
    const end = restEnd(from, to, levelG)
    const last = end < 0 ? to : end
    const first = end < 0 ? to + 1 : restStart(from, last, levelG)
    const head = saved ?? headOf(from, last, levelG)
    return {
      start: from,
      fromMs: head.fromMs,
      toMs: timeAt(last),
      count: last - from + 1,
      head: head.level,
      tail: levelOf(Math.max(from, last - tailSamples + 1), last, levelG),
      isSteady: end >= 0,
      wayLowG: Infinity,
      lowBeforeG: isBlind(from, first) ? -Infinity : lowestOf(from, first - 1),
      lowAfterG: end < 0 ? Infinity : lowestOf(last + 1, to),
    }
  }

  /** No sample for long just before one of from…to. */
  const isBlind = (from: number, to: number): boolean => {
    for (let i = Math.max(from, to - ringSize + 3, 1); i <= to && i < accepted; i += 1) {
      if (timeAt(i) - timeAt(i - 1) > blindAfterMs) return true
    }
    return false
  }

  const lowestOf = (from: number, to: number): number => {
    let low = Infinity
    for (let i = Math.max(from, to - ringSize + 2, 0); i <= to; i += 1) low = Math.min(low, massAt(i))
    return low
  }

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
    if (likeliest > start) {
      segments.push(runOf(start, likeliest - 1, savedHead, runLevelG))
      start = likeliest
      savedHead = undefined
      if (segments.length > compactAt) compact()
    } else if (likeliest < start) {
      // The change was a false alarm: the older run is the likelier one again.
      start = likeliest
      savedHead = undefined
      while ((segments.at(-1)?.start ?? -1) >= likeliest) {
        const undone = segments.pop()
        if (undone !== undefined && undone.start === likeliest) {
          savedHead =
            undone.count >= headSamples + ringingSamples ? { fromMs: undone.fromMs, level: undone.head } : undefined
        }
      }
    }
    runLevelG = detector.level()
    if (savedHead === undefined && index - start + 1 === headSamples + ringingSamples * 2 + 4) {
      savedHead = headOf(start, index, runLevelG)
    }
  }

  const guard = createSampleGuard(noise, maximumG, accept)

  /** The newest sample, waiting in the guard for its successor, is off the level of the run. */
  const isNewestAstray = (): boolean => {
    const pending = guard.peekPending()
    return pending !== undefined && Math.abs(pending.massG - runLevelG) > reachG
  }

  /** As far as the newest sample fits the run it counts already. */
  const newest = (): number => {
    const pending = guard.peekPending()
    const last = accepted - 1
    if (pending === undefined || isNewestAstray()) return last
    ringMass[accepted % ringSize] = pending.massG
    ringAtMs[accepted % ringSize] = pending.atMs
    return accepted
  }

  const presentRun = () => (accepted === 0 ? undefined : runOf(start, newest(), savedHead, runLevelG))

  return {
    push(atMs, massG) {
      lastFrameMs = atMs
      guard.push(atMs, massG)
      if (guard.missingRun() === 0) missingSinceMs = Number.NaN
      else if (guard.missingRun() === 1) missingSinceMs = atMs
    },
    runs() {
      const present = presentRun()
      const steady: Run[] = []
      let wayLowG = Infinity
      for (const segment of present === undefined ? segments : [...segments, present]) {
        wayLowG = Math.min(wayLowG, segment.lowBeforeG)
        if (!segment.isSteady) continue
        steady.push({ ...segment, wayLowG })
        wayLowG = segment.lowAfterG
      }
      return steady
    },
    presentRun,
    stillSinceMs: () => guard.sameSinceMs(),
    stillFrames: () => guard.sameRun(),
    fault() {
      if (accepted === 0 || lastFrameMs - lastAcceptedMs > missingAfterMs + noise.periodMs * 2) {
        return guard.negativeRun() > 3 ? 'out_of_range' : 'missing'
      }
      if (guard.negativeRun() > 3) return 'out_of_range'
      if (guard.missingRun() > 0 && lastFrameMs - missingSinceMs > missingAfterMs) return 'missing'
      return isStuck() ? 'stuck' : undefined
    },
    restMs() {
      if (accepted === 0) return 0
      const last = newest()
      let first = last + 1
      let strays = isNewestAstray() ? 1 : 0
      // A run that began a moment ago at the level of the one before is no movement: look across its beginning.
      for (let i = last; i >= Math.max(0, last - ringSize + 2); i -= 1) {
        // One stray sample is noise's right; two in a row are a movement, or the end of a transmitter's stuck spell.
        strays = isAt(i, runLevelG) ? 0 : strays + 1
        if (strays === 2) break
        if (strays === 0) first = i
      }
      return last - first + 1 < steadySamples ? 0 : timeAt(last) - timeAt(first) + noise.periodMs
    },
    hasOverflowed: () => overflowed,
  }

  /** The same digits for longer than the noise of one sample allows. */
  function isStuck(): boolean {
    const ratio = noise.sampleSdG / noise.divisionG
    const quietMs = lastFrameMs - guard.sameSinceMs()
    return ratio > 0.6 && guard.sameRun() > 24 / ratio && quietMs > 2000
  }
}
