import { joinLevels, levelsOf, removeCrossTalk } from './lane-evidence.ts'
import { enumerateLane } from './lane-hypotheses.ts'
import type { LaneHypothesis, LanePlateau, PutObject } from './lane-walk.ts'
import { studentConstant } from './student-density.ts'
import { readLaneModels, type LaneModels } from './lane-model.ts'
import type { Run } from './lane-tracker.ts'
import { explainSession, type Explanation } from './explain-session.ts'
import type { NoiseModel } from './noise-model.ts'
import type { LaneSetup } from './session-setup.ts'

/** From the levels of all lanes to the explanations of the session. */

/** The steady levels of one lane; undefined where it has none. */
export interface LaneRuns {
  opening: Run | undefined
  between: readonly Run[]
  closing: Run | undefined
}

export interface LaneAnalysis {
  lane: LaneSetup
  /** Cross-talk taken off; empty when the lane has no opening or no closing level. */
  levels: readonly LanePlateau[]
  models: LaneModels | undefined
}

export interface SessionAnalysis {
  lanes: readonly LaneAnalysis[]
  /** Likeliest first. */
  explanations: readonly Explanation[]
}

const nothing: LaneHypothesis = { logP: 0, groups: [], puts: [], isUnexplained: false, hasKnownLeft: false }

export function analyseSession(
  lanes: readonly LaneSetup[],
  runs: readonly LaneRuns[],
  noise: NoiseModel,
): SessionAnalysis {
  const raw = runs.map(({ opening, between, closing }) =>
    opening === undefined || closing === undefined ? [] : joinLevels(levelsOf(opening, between, closing, noise), noise),
  )
  const analyses = lanes.map((lane, index): LaneAnalysis => {
    const levels = raw[index] ?? []
    const neighbours = [raw[index - 1] ?? [], raw[index + 1] ?? []]
    const opening = levels[0]
    if (opening === undefined) return { lane, levels, models: undefined }
    const clean = joinLevels(removeCrossTalk(levels, neighbours, noise), noise)
    return { lane, levels: clean, models: readLaneModels(lane, opening.tail.levelG, noise) }
  })
  const hypotheses = analyses.map((analysis) => laneHypotheses(analysis, noise))
  const unitVariances = analyses.map(({ models }) => models?.models[0]?.unitVariance ?? 0)
  const isPiece = lanes.map(({ mode }) => mode === 'piece')
  return { lanes: analyses, explanations: explainSession(hypotheses, unitVariances, isPiece) }
}

function laneHypotheses({ lane, levels, models }: LaneAnalysis, noise: NoiseModel): LaneHypothesis[] {
  const opening = levels[0]
  if (models === undefined || opening === undefined) return [nothing]
  const known = (lane.foreignMassesMg ?? []).map((massMg): PutObject => {
    const massG = massMg / 1000
    return { massG, variance: 2 * opening.tail.variance, atMs: opening.fromMs, isKnown: true }
  })
  const found = models.models.flatMap((model) =>
    enumerateLane({ mode: lane.mode, model, constant: studentConstant(model.freedom), plateaus: levels, known }, noise),
  )
  return found.sort((a, b) => b.logP - a.logP)
}
