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
  const isSame = [...new Set(plan.lanes.map(({ kind }) => kind.sku))].every((sku) => isSameSku(plan, bill.lines, sku))
  return {
    isSettled,
    isWrong: isSettled && !isSame,
    isOverCharged: isSettled && bill.totalFen > owedFen + (hasWeighed ? weighedSlackFen : 0),
    isSilentZero: isSettled && bill.totalFen === 0 && owedFen > 0,
    hasFalsePick: isSettled && plan.lanes.some(({ laneId }, lane) => !plan.bought.has(lane) && byLane.has(laneId)),
  }
}

function isSameSku(plan: SessionPlan, lines: readonly BillLine[], sku: string): boolean {
  let count = 0
  let massMg = 0
  let isWeighed = false
  for (const [lane, bought] of plan.bought) {
    const kind = plan.lanes[lane]?.kind
    if (kind?.sku !== sku) continue
    isWeighed = kind.mode === 'weight'
    count += bought.count
    massMg += bought.massMg
  }
  const billed = lines.filter((line) => line.skuId === sku)
  const billedMg = billed.reduce((sum, line) => sum + (line.massMg ?? 0), 0)
  if (isWeighed || billedMg > 0) return Math.abs(massMg - billedMg) <= Math.max(20_000, massMg * 0.02)
  return count === billed.reduce((sum, line) => sum + (line.count ?? 0), 0)
}
