import { analyseSession, type LaneRuns } from '#cabinet-agent/weighing/analyse-session.ts'
import { decideBill } from '#cabinet-agent/weighing/decide-bill.ts'
import type { Run } from '#cabinet-agent/weighing/lane-tracker.ts'
import { createNoiseModel } from '#cabinet-agent/weighing/noise-model.ts'
import type { Judgement } from './judge-bill.ts'
import { judgeBill } from './judge-bill.ts'
import type { Recording } from './simulate-session.ts'

/**
 * The oracle of weighing.md: it sees the same noisy samples, but knows when which lane was touched, by people and doors,
 * the lot's true μ and c, N, and what σ is; so it cuts the record where the truth says and needs no detection. What it cannot
 * know is what was done: that it infers with the same τ.
 */

/** Samples this soon after a touch still shake, ms. */
const shakingMs = 1800

export function judgeByOracle(recording: Recording): Judgement {
  const { plan, setup } = recording
  const noise = createNoiseModel(setup)
  const lanes = setup.lanes.map((lane, index) => {
    const kind = plan.lanes[index]?.kind
    const meanMg = lane.stock.grossMg / lane.stock.count
    return { ...lane, unitWeight: { meanMg, sdMg: meanMg * (kind?.cv ?? 0), samples: 1001 } }
  })
  const runs = setup.lanes.map((_, index) => laneRuns(recording, index, noise.sampleSdG))
  const analysis = analyseSession(lanes, runs, noise)
  const verdict = decideBill(analysis, setup.divisionMg)
  const hasAll = runs.every((run) => run.opening !== undefined && run.closing !== undefined)
  return judgeBill(plan, {
    outcome: verdict.isSettled && hasAll ? 'settled' : 'review',
    lines: verdict.best.lines,
    totalFen: verdict.best.totalFen,
  })
}

function laneRuns({ plan, events }: Recording, lane: number, sdG: number): LaneRuns {
  const touches = plan.deeds
    .filter((deed) => deed.lane === lane)
    .flatMap((deed) => (deed.kind === 'hand' ? [deed.atMs, deed.atMs + deed.forMs] : [deed.atMs]))
  const cuts = [...touches, plan.openMs, plan.closeMs].sort((a, b) => a - b)
  const hands = plan.deeds.flatMap((deed) => (deed.kind === 'hand' && deed.lane === lane ? [deed] : []))
  const bounds = [0, ...cuts, plan.endMs]
  const runs: Run[] = []
  let closing: Run | undefined
  for (let i = 1; i < bounds.length; i += 1) {
    const fromMs = bounds[i - 1] ?? 0
    const toMs = bounds[i] ?? 0
    if (hands.some((hand) => fromMs < hand.atMs + hand.forMs && toMs > hand.atMs)) continue
    const run = runBetween(events, lane, fromMs, toMs, sdG)
    if (run === undefined) continue
    runs.push(run)
    if (i === bounds.length - 1) closing = run
  }
  const opening = runs.find((run) => run.toMs <= plan.openMs)
  return { opening, between: runs.filter((run) => run !== opening && run !== closing), closing }
}

/** Robust mean of the calm part between two touches; the last half when it was never calm. */
function runBetween(
  events: Recording['events'],
  lane: number,
  fromMs: number,
  toMs: number,
  sdG: number,
): Run | undefined {
  const values: Array<{ atMs: number; massG: number }> = []
  for (const event of events) {
    if (!('massesMg' in event) || event.atMs <= fromMs || event.atMs > toMs) continue
    const massMg = event.massesMg[lane]
    if (massMg !== null && massMg !== undefined) values.push({ atMs: event.atMs, massG: massMg / 1000 })
  }
  const calm = values.filter(({ atMs }) => atMs > fromMs + shakingMs)
  const isFirm = calm.length >= 2
  const used = (isFirm ? calm : values.slice(values.length >> 1)).slice(-20)
  if (used.length === 0) return undefined
  const sorted = used.map(({ massG }) => massG).sort((a, b) => a - b)
  const medianG = sorted[sorted.length >> 1] ?? 0
  const near = used.filter(({ massG }) => Math.abs(massG - medianG) <= 4 * sdG)
  const levelG = near.reduce((sum, { massG }) => sum + massG, 0) / near.length
  const variance = (sdG * sdG * (isFirm ? 1 : 9)) / near.length + sdG * sdG * 0.1
  const level = { levelG, variance, count: near.length }
  return {
    fromMs: used[0]?.atMs ?? fromMs,
    toMs: used.at(-1)?.atMs ?? toMs,
    count: near.length,
    head: level,
    tail: level,
    isSteady: true,
    wayLowG: Infinity,
  }
}
