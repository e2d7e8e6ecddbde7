// What is drawn of each lane: its weight over the session, the levels before and after, and the steps between them.
import type { WeighingEvidence } from '#shared/contracts/mqtt/event.ts'
import { mgToGrams } from '#shared/units/mass.ts'
import type { Trace } from './read-trace.ts'

export interface CurveStep {
  readonly atS: number
  readonly massMg: number
  readonly standardErrorMg: number
}

export interface LaneCurve {
  readonly laneId: string
  readonly skuId: string | undefined
  /** Seconds since the door opened (without a record: since the session began), and grams; null where a frame was lost. */
  readonly points: ReadonlyArray<readonly [atS: number, grams: number | null]>
  /** True: what the scale showed. False: only the levels that were kept, joined by the steps. */
  readonly isMeasured: boolean
  readonly beforeMg: number | undefined
  readonly afterMg: number | undefined
  readonly steps: readonly CurveStep[]
  /** When the door stood open; undefined where nobody recorded it. */
  readonly door: { readonly fromS: number; readonly toS: number } | undefined
  /** Something happened in this lane that noise does not explain. */
  readonly isTouched: boolean
}

/** Beyond so many standard errors a change of level is no noise (weighing.md, dead band of untouched lanes). */
const touchedErrors = 6.5
/** Drawn before the first and after the last step when only levels are known, s. */
const marginS = 3

const seconds = (fromMs: number, atMs: number) => (atMs - fromMs) / 1_000

/** One curve per lane that was weighed before the door opened; the touched lanes first. `startMs`: when the session began. */
export function laneCurves(evidence: WeighingEvidence, trace: Trace | undefined, startMs: number): LaneCurve[] {
  const zeroMs = trace?.doors.find(({ state }) => state === 'open')?.atMs ?? trace?.lanes[0]?.points[0]?.[0] ?? startMs
  const closings = new Map(evidence.closing.map((plateau) => [plateau.laneId, plateau]))
  const measured = new Map(trace?.lanes.map((lane) => [lane.laneId, lane]))
  const openMs = trace?.doors.find(({ state }) => state === 'open')?.atMs
  const closedMs = trace?.doors.findLast(({ state }) => state === 'closed')?.atMs
  const door =
    openMs === undefined || closedMs === undefined
      ? undefined
      : { fromS: seconds(zeroMs, openMs), toS: seconds(zeroMs, closedMs) }
  const laneIds = new Set([...evidence.opening.map(({ laneId }) => laneId), ...measured.keys()])
  const endMs = Math.max(startMs, ...evidence.steps.map(({ atMs }) => atMs))
  const curves = [...laneIds].map((laneId): LaneCurve => {
    const opening = evidence.opening.find((plateau) => plateau.laneId === laneId)
    const closing = closings.get(laneId)
    const steps = evidence.steps
      .filter((step) => step.laneId === laneId)
      .map(({ atMs, massMg, standardErrorMg }) => ({ atS: seconds(zeroMs, atMs), massMg, standardErrorMg }))
    const lane = measured.get(laneId)
    const errorMg = Math.hypot(opening?.standardErrorMg ?? 0, closing?.standardErrorMg ?? 0)
    const changeMg = (closing?.levelMg ?? 0) - (opening?.levelMg ?? 0)
    return {
      laneId,
      skuId: lane?.skuId,
      points:
        lane === undefined
          ? levelsOf(opening?.levelMg ?? 0, steps, seconds(zeroMs, endMs) + marginS)
          : lane.points.map(([atMs, grams]) => [seconds(zeroMs, atMs), grams] as const),
      isMeasured: lane !== undefined,
      beforeMg: opening?.levelMg,
      afterMg: closing?.levelMg,
      steps,
      door,
      isTouched:
        steps.length > 0 ||
        opening === undefined ||
        closing === undefined ||
        Math.abs(changeMg) > touchedErrors * errorMg,
    }
  })
  return curves.sort((a, b) => Number(b.isTouched) - Number(a.isTouched) || a.laneId.localeCompare(b.laneId))
}

/** The levels as a staircase: as before, then changed by each step. */
function levelsOf(beforeMg: number, steps: readonly CurveStep[], endS: number): LaneCurve['points'] {
  const points: Array<readonly [number, number]> = [[Math.min(0, (steps[0]?.atS ?? 0) - marginS), mgToGrams(beforeMg)]]
  let levelMg = beforeMg
  for (const step of steps) {
    points.push([step.atS, mgToGrams(levelMg)])
    levelMg += step.massMg
    points.push([step.atS, mgToGrams(levelMg)])
  }
  points.push([endS, mgToGrams(levelMg)])
  return points
}
