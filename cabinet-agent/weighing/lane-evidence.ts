import type { LanePlateau } from './lane-walk.ts'
import type { Run } from './lane-tracker.ts'
import type { NoiseModel } from './noise-model.ts'

/**
 * Prepares a lane's levels for the enumeration: takes the neighbours' pull off, and joins levels that are one level
 * (weighing.md, cross-talk; drift is not a step).
 */

/** Joins neighbouring levels whose gap noise and drift explain; their beginning and end are kept. */
export function joinLevels(levels: readonly LanePlateau[], noise: NoiseModel): LanePlateau[] {
  const joined: LanePlateau[] = []
  levels.forEach((level, index) => {
    const before = joined.at(-1)
    if (before === undefined) {
      joined.push(level)
      return
    }
    const gapG = level.head.levelG - before.tail.levelG
    const variance = level.head.variance + before.tail.variance + noise.driftVariance(level.fromMs - before.toMs)
    const isOne = gapG * gapG < 6.25 * variance
    // The closing level stays even when it repeats the opening: every lane has both.
    if (isOne && !(index === levels.length - 1 && joined.length === 1)) {
      const head = before.head.variance <= level.head.variance ? before.head : level.head
      const count = before.count + level.count
      const isFirm = before.isFirm || level.isFirm
      const tail = !level.isFirm && before.isFirm ? before.tail : level.tail
      joined[joined.length - 1] = { ...before, toMs: level.toMs, head, tail, count, isFirm }
    } else joined.push(level)
  })
  return joined
}

/** A door shakes every lane from a little before its event until a little after, ms. */
const shakenBeforeMs = 1000
const shakenAfterMs = 2000

/** Leaves out short runs, but for the last, while a door shook the lane: they are turning points, not levels. */
export function dropShaken(runs: readonly Run[], doorsAtMs: readonly number[], noise: NoiseModel): Run[] {
  const kept: Run[] = []
  let lowG = Infinity
  for (const [index, run] of runs.entries()) {
    const isLong = index === runs.length - 1 || run.toMs - run.fromMs + noise.periodMs >= noise.settlingMs
    const isShaken = doorsAtMs.some((atMs) => run.fromMs >= atMs - shakenBeforeMs && run.toMs <= atMs + shakenAfterMs)
    const wayLowG = Math.min(lowG, run.wayLowG)
    if (isLong || !isShaken) {
      kept.push({ ...run, wayLowG })
      lowG = Infinity
      // What is left out is no level, but it still was on the way to the next.
    } else lowG = Math.min(wayLowG, run.tail.levelG)
  }
  return kept
}

/** The lane's levels as the enumeration wants them: the opening's end, the runs between, the closing. */
export function levelsOf(opening: Run, between: readonly Run[], closing: Run, noise: NoiseModel): LanePlateau[] {
  let previousG = opening.tail.levelG
  return [opening, ...between, closing].map(({ fromMs, toMs, head, tail, count, wayLowG }) => {
    const gapG = head.levelG - previousG
    previousG = tail.levelG
    // A short run after a change may be a turning point of the ringing: believe it to a few percent of the change.
    const isFirm = toMs - fromMs + noise.periodMs >= noise.settlingMs
    const level = { fromMs, toMs, head, tail, count, isFirm, wayLowG }
    if (isFirm) return level
    const doubt = (noise.settlingDoubt * gapG) ** 2
    return {
      ...level,
      head: { ...head, variance: head.variance + doubt },
      tail: { ...tail, variance: tail.variance + doubt },
    }
  })
}

/**
 * Takes off what the changes of the lanes to the left and right pulled this one along: a small part of each change,
 * bounded per change. Adds the doubt about it to the variance.
 */
export function removeCrossTalk(
  levels: readonly LanePlateau[],
  neighbours: ReadonlyArray<readonly LanePlateau[]>,
  noise: NoiseModel,
): LanePlateau[] {
  if (noise.crossTalkLimitG === 0) return [...levels]
  const pulls: Array<{ atMs: number; pullG: number }> = []
  for (const neighbour of neighbours) {
    for (let i = 1; i < neighbour.length; i += 1) {
      const before = neighbour[i - 1] as LanePlateau
      const after = neighbour[i] as LanePlateau
      const stepG = after.head.levelG - before.tail.levelG
      const fullG = Math.min(noise.crossTalkLimitG, Math.abs(stepG) * noise.crossTalkRatio)
      pulls.push({ atMs: (before.toMs + after.fromMs) / 2, pullG: Math.sign(stepG) * fullG })
    }
  }
  let taken = 0
  return levels.map((level) => {
    const before = taken
    let doubt = 0
    const pullAt = (atMs: number) => {
      let sumG = 0
      for (const pull of pulls) if (pull.atMs <= atMs) sumG += pull.pullG * 0.8
      return sumG
    }
    const headG = pullAt(level.fromMs)
    const tailG = pullAt(level.toMs)
    doubt = Math.abs(headG - before) * 0.4
    taken = tailG
    return {
      ...level,
      head: { ...level.head, levelG: level.head.levelG - headG, variance: level.head.variance + doubt * doubt },
      tail: { ...level.tail, levelG: level.tail.levelG - tailG },
    }
  })
}
