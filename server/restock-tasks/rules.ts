// What holds of restock tasks, pure: how a lane is judged from what was planned, stated and weighed, how a phone's step fits in,
// and who drives which route.
import type { DifferenceReason, RestockConflictCode, RestockTaskState } from '#shared/contracts/http/restock-tasks.ts'

export const taskStates = ['planned', 'checked_in', 'opened', 'closed', 'given_up', 'cancelled'] as const
export const verdicts = ['open', 'stated', 'confirmed', 'explained', 'unexplained'] as const
export type Verdict = (typeof verdicts)[number]
export const stepKinds = ['checked-in', 'lane-done', 'closed', 'given-up'] as const

export interface LotCount {
  readonly lotId: string
  readonly count: number
}
export interface TakenOff extends LotCount {
  readonly reason: 'expired' | 'recalled' | 'damaged' | 'other'
}
/** A restocker's word on a lane. */
export interface Stated {
  readonly stepId: string
  readonly accountId: string
  readonly byName: string
  /** By the restocker's clock. */
  readonly atMs: number
  readonly takenOff: readonly TakenOff[]
  readonly putIn: readonly LotCount[]
  readonly countAfter: number
  readonly difference?: { readonly reason: DifferenceReason; readonly note?: string | undefined } | undefined
  readonly photoIds: readonly string[]
}
/** What the cabinet's scales say of a lane. */
export interface Weighed {
  readonly sessionId: string
  /** Pieces before by the books, and afterwards as the cabinet was told. */
  readonly countBefore: number
  readonly countAfter: number
  /** Change of the mass while the door was open, and its standard error, mg; absent: no plateau before. */
  readonly changeMg?: number
  readonly errorMg: number
  /** A piece's mass as known before, its spread, and whether it was learned in this lane or stands on the label, mg. */
  readonly unitMassMg: number
  readonly unitMassSdMg: number
  readonly isLearned: boolean
  /** Pieces moved: what the spread adds up over. */
  readonly moved: number
  /** The cabinet's own word. */
  readonly isDoubtful: boolean
  readonly atMs: number
}
/** What was moved in the books for a lane. */
export interface Booked {
  readonly takenOff: readonly LotCount[]
  readonly putIn: readonly LotCount[]
  readonly countAfter: number
}
export interface Explanation {
  readonly reason: DifferenceReason
  readonly note: string
  readonly byName: string
  readonly atMs: number
}
export interface PlannedLane {
  readonly bookedBefore: number
  readonly takeOff: readonly LotCount[]
  readonly putIn: readonly LotCount[]
}
export interface JudgedLane extends PlannedLane {
  readonly stated: Stated | null
  readonly weighed: Weighed | null
  readonly explanation: Explanation | null
}

const sumOf = (lots: readonly LotCount[]) => lots.reduce((sum, { count }) => sum + count, 0)

export function expectedAfter({ bookedBefore, takeOff, putIn }: PlannedLane): number {
  return bookedBefore - sumOf(takeOff) + sumOf(putIn)
}

/** Lots and counts, whatever their order. */
function isSame(a: readonly LotCount[], b: readonly LotCount[]): boolean {
  const counts = new Map<string, number>()
  for (const { lotId, count } of a) counts.set(lotId, (counts.get(lotId) ?? 0) + count)
  for (const { lotId, count } of b) counts.set(lotId, (counts.get(lotId) ?? 0) - count)
  return [...counts.values()].every((left) => left === 0)
}

/** Did the restocker do other than the plan says, or find other than the books say? */
export function differsFromPlan(lane: PlannedLane, stated: Pick<Stated, 'takenOff' | 'putIn' | 'countAfter'>): boolean {
  const { takeOff, putIn } = lane
  return !isSame(takeOff, stated.takenOff) || !isSame(putIn, stated.putIn) || stated.countAfter !== expectedAfter(lane)
}

/** A label may be this far off the true mean of a lot, a learned weight this far (weighing.md, label weights). */
const massDoubt = { label: 0.05, learned: 0.01 }
/** Beyond this many standard deviations a count is doubted. */
const doubtSd = 4
/** Less is never sure, mg. */
const leastErrorMg = 1_000

/** Pieces by which the change of the mass differs from that of the count, and how far it may by its own error. */
export function piecesOff(weighed: Weighed, countAfter: number): { milliPieces: number; limitMilli: number } {
  const { changeMg, errorMg, unitMassMg, unitMassSdMg, isLearned, moved, countBefore } = weighed
  if (changeMg === undefined) return { milliPieces: 0, limitMilli: Infinity }
  const change = countAfter - countBefore
  const spread = Math.sqrt(Math.max(1, moved)) * unitMassSdMg
  const doubt = Math.abs(change) * (isLearned ? massDoubt.learned : massDoubt.label) * unitMassMg
  const sdMg = Math.hypot(spread, doubt, errorMg, leastErrorMg)
  return {
    milliPieces: Math.round((1_000 * changeMg) / unitMassMg - 1_000 * change),
    limitMilli: Math.round((1_000 * doubtSd * sdMg) / unitMassMg),
  }
}

/** Does the mass contradict the count? */
export function isMassOff(weighed: Weighed, countAfter: number): boolean {
  const { milliPieces, limitMilli } = piecesOff(weighed, countAfter)
  // Half a piece is nearer to the count than to the next one, however well it was weighed.
  return Math.abs(milliPieces) > Math.max(limitMilli, 500)
}

export function verdictOf(lane: JudgedLane): Verdict {
  const { stated, weighed, explanation } = lane
  if (stated === null) return 'open'
  if (weighed === null) return 'stated'
  const isExplained = explanation !== null
  if (isMassOff(weighed, stated.countAfter))
    return isExplained || stated.difference?.reason === 'scale_wrong' ? 'explained' : 'unexplained'
  if (!differsFromPlan(lane, stated)) return 'confirmed'
  return isExplained || stated.difference !== undefined ? 'explained' : 'unexplained'
}

/** States in which a task is somebody's work still. */
export const liveTaskStates: readonly RestockTaskState[] = ['planned', 'checked_in', 'opened']
/** Begun: planning anew leaves it alone. */
export const begunTaskStates: readonly RestockTaskState[] = ['checked_in', 'opened']

export type StepKind = (typeof stepKinds)[number]

/** Why a step of this kind does not fit a task in this state; undefined: it does. */
export function findStepConflict(
  kind: StepKind,
  atMs: number,
  task: { readonly state: RestockTaskState; readonly closedAtMs: number | null; readonly isOpened: boolean },
): RestockConflictCode | undefined {
  const { state, closedAtMs, isOpened } = task
  if (state === 'cancelled' || state === 'given_up') return 'task_ended'
  // What was done before the closing comes late when a phone had no network: it belongs to the task still.
  if (state === 'closed' && (kind !== 'lane-done' || atMs > (closedAtMs ?? 0))) return 'task_ended'
  if (kind === 'checked-in') return undefined
  if (state === 'planned' && kind !== 'given-up') return 'not_checked_in'
  if (kind === 'given-up') return isOpened ? 'task_ended' : undefined
  return isOpened ? undefined : 'not_opened'
}

export interface RouteLoad {
  readonly metres: number
  readonly stops: number
}

/** A stop costs about as much time as so many metres of driving: a quarter of an hour at 25 km/h. */
const metresPerStop = 6_000

/** Who drives which route: the longest first, each to whom the least is given so far. Returns an index of `people` per route. */
export function shareRoutes(routes: readonly RouteLoad[], people: number): number[] {
  const given = Array.from({ length: people }, () => 0)
  const effortOf = ({ metres, stops }: RouteLoad) => metres + stops * metresPerStop
  const order = routes.map((_, index) => index)
  order.sort((a, b) => effortOf(routes[b] ?? none) - effortOf(routes[a] ?? none) || a - b)
  const driver = Array.from({ length: routes.length }, () => 0)
  for (const index of order) {
    const least = given.indexOf(Math.min(...given))
    driver[index] = least
    given[least] = (given[least] ?? 0) + effortOf(routes[index] ?? none)
  }
  return driver
}

const none: RouteLoad = { metres: 0, stops: 0 }
