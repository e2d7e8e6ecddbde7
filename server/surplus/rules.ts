// What holds at the surplus desk: pure. Who has a notice for how long, and what an order is worth line by line.
import { splitByLargestRemainder } from '#shared/units/fen.ts'
import type { SurplusLevel } from './schema.ts'

const dayMs = 86_400_000

/** The longest a level keeps a notice, and which part of the time to the deadline it may use at most. */
const patience = {
  HELPER: { longestMs: 2 * dayMs, parts: 3 },
  TOWN: { longestMs: 3 * dayMs, parts: 2 },
} as const

/** When the next level takes over; the district's time is the deadline. Never past the deadline, never before `fromMs`. */
export function levelDueMs(level: SurplusLevel, fromMs: number, deadlineAtMs: number): number {
  const leftMs = Math.max(0, deadlineAtMs - fromMs)
  if (level === 'DISTRICT') return fromMs + leftMs
  const { longestMs, parts } = patience[level]
  return fromMs + Math.min(longestMs, Math.floor(leftMs / parts))
}

/** Helper → town → district; nobody stands above the district. */
export function nextLevel(level: SurplusLevel): SurplusLevel | undefined {
  if (level === 'HELPER') return 'TOWN'
  return level === 'TOWN' ? 'DISTRICT' : undefined
}

const mgPerKg = 1_000_000n

/** Price × mass in fen, half-up; exact for any sizes. */
export function amountOf(massMg: number, pricePerKgFen: number): number {
  return Number((BigInt(massMg) * BigInt(pricePerKgFen) * 2n + mgPerKg) / (mgPerKg * 2n))
}

/** The order's amount over its lines by mass: Σ = amount. Lines come in the order of their household codes. */
export function splitOrder(
  massesMg: readonly number[],
  pricePerKgFen: number,
): { amountFen: number; linesFen: number[] } {
  const massMg = massesMg.reduce((sum, mass) => sum + mass, 0)
  const amountFen = amountOf(massMg, pricePerKgFen)
  return { amountFen, linesFen: splitByLargestRemainder(amountFen, massesMg) }
}
