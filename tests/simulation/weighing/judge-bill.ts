import type { Bill, BillLine } from '#cabinet-agent/weighing/bill.ts'
import type { SessionPlan } from './plan-session.ts'

/** Holds a bill against the truth, as traces/score.mjs does: pieces exactly, masses within 20 g or 2 %. */

export interface Judgement {
  isSettled: boolean
  isWrong: boolean
  isOverCharged: boolean
  isSilentZero: boolean
  /** A settled line on a lane nobody bought from. */
  hasFalsePick: boolean
}

/** Slack of an amount that was weighed, fen. */
const weighedSlackFen = 15

export function judgeBill(plan: SessionPlan, bill: Pick<Bill, 'outcome' | 'lines' | 'totalFen'>): Judgement {
  const isSettled = bill.outcome === 'settled'
  let owedFen = 0
  let hasWeighed = false
  for (const [lane, { count, massMg }] of plan.bought) {
    const kind = plan.lanes[lane]?.kind
    if (kind === undefined) continue
    if (kind.mode === 'weight') hasWeighed = true
    owedFen += kind.mode === 'piece' ? count * kind.priceFen : Math.round((massMg * kind.priceFen) / 1_000_000)
  }
  const byLane = new Map(bill.lines.map((line) => [line.laneId as string, line]))
  const isSame = plan.lanes.every(({ laneId, kind }, lane) => {
    const truth = plan.bought.get(lane)
    const line = byLane.get(laneId)
    return kind.mode === 'piece' ? (truth?.count ?? 0) === (line?.count ?? 0) : isSameMass(truth?.massMg ?? 0, line)
  })
  return {
    isSettled,
    isWrong: isSettled && !isSame,
    isOverCharged: isSettled && bill.totalFen > owedFen + (hasWeighed ? weighedSlackFen : 0),
    isSilentZero: isSettled && bill.totalFen === 0 && owedFen > 0,
    hasFalsePick: isSettled && plan.lanes.some(({ laneId }, lane) => !plan.bought.has(lane) && byLane.has(laneId)),
  }
}

function isSameMass(trueMg: number, line: BillLine | undefined): boolean {
  return Math.abs(trueMg - (line?.massMg ?? 0)) <= Math.max(20_000, trueMg * 0.02)
}
