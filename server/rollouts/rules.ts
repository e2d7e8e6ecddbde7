// How a staged roll-out goes: waves of 1 → 10 → 100 → all; a wave waits until every twin of it is equal or listed with its
// reason; too many errors stop it. Pure: the sweep feeds it what cabinets have reported and the time.
import type { z } from 'zod'
import type { RolloutCabinetState, RolloutState } from '#shared/contracts/http/rollouts.ts'
import type { AgentRelease, CabinetConfigChange, PlanogramLane, PriceList } from '#shared/contracts/mqtt/twin.ts'
import type { TwinPartDiff } from '../cabinets/twin-diff.ts'

export type State = z.infer<typeof RolloutState>

/** What moves a roll-out; stop, finish and finishReverting are the sweep's, the others a person's. */
export const rolloutMoves = {
  pause: { from: ['running'], to: 'paused' },
  resume: { from: ['paused', 'stopped'], to: 'running' },
  stop: { from: ['running'], to: 'stopped' },
  finish: { from: ['running'], to: 'done' },
  revert: { from: ['running', 'paused', 'stopped', 'done'], to: 'reverting' },
  finishReverting: { from: ['reverting'], to: 'reverted' },
} as const satisfies Record<string, { readonly from: readonly State[]; readonly to: State }>
export type RolloutMove = keyof typeof rolloutMoves

/** The state a move leads to; undefined when the roll-out cannot make it now. */
export function nextState(state: State, move: RolloutMove): State | undefined {
  const { from, to } = rolloutMoves[move]
  return (from as readonly State[]).includes(state) ? to : undefined
}

/** What a cabinet had before, of the part that the roll-out changes. Null: nothing was there. */
export type Previous =
  | { readonly kind: 'planogram'; readonly lanes: readonly PlanogramLane[] }
  | { readonly kind: 'prices'; readonly prices: Readonly<Record<string, number | null>> }
  | { readonly kind: 'config'; readonly config: CabinetConfigChange; readonly set: CabinetConfigChange }
  | { readonly kind: 'agent'; readonly agent: AgentRelease | null }

/** Sizes of the waves for so many cabinets; the last is all the rest, and none is empty. */
export function planWaves(cabinetCount: number, sizes: readonly number[]): number[] {
  const waves: number[] = []
  let left = cabinetCount
  for (const size of sizes) {
    if (left === 0) break
    waves.push(Math.min(size, left))
    left -= Math.min(size, left)
  }
  return left === 0 ? waves : [...waves, left]
}

/** Prices with the named ones as they were; those that were not there go. */
export function restorePrices(now: PriceList['prices'], was: Readonly<Record<string, number | null>>) {
  const restored = Object.entries({ ...now, ...was }).filter((entry): entry is [string, number] => entry[1] !== null)
  return Object.fromEntries(restored)
}

export interface SentCabinet {
  /** The part that was changed, as it is now against as it should be; undefined: the cabinet never reported. */
  readonly diff: TwinPartDiff
  readonly desiredVersion: number
  readonly reportedVersion: number | undefined
  readonly sentAtMs: number
  readonly wasOnline: boolean
  readonly isOnline: boolean
  readonly lastSeenAtMs: number | undefined
}

export type Verdict =
  | { readonly state: 'sent' }
  | { readonly state: 'equal' }
  | { readonly state: 'listed'; readonly reason: string; readonly isError: boolean }

/** Where a cabinet stands that the change was sent to. */
export function judgeCabinet(cabinet: SentCabinet, nowMs: number, timeoutMs: number): Verdict {
  const { diff, desiredVersion, reportedVersion, sentAtMs, lastSeenAtMs } = cabinet
  const hasHeard = reportedVersion !== undefined && reportedVersion >= desiredVersion
  if (diff.isEqual && hasHeard) return { state: 'equal' }
  if (diff.refusal !== undefined) return { state: 'listed', reason: diff.refusal, isError: true }
  if (nowMs - sentAtMs < timeoutMs) return { state: 'sent' }
  const wasHeard = lastSeenAtMs !== undefined && lastSeenAtMs > sentAtMs
  // Nobody was there to be harmed: it takes the change over when it comes back.
  if (!cabinet.wasOnline && !wasHeard) return { state: 'listed', reason: 'offline', isError: false }
  if (!cabinet.isOnline) return { state: 'listed', reason: 'lost', isError: true }
  return { state: 'listed', reason: 'not_taken_over', isError: true }
}

export type Counts = Readonly<Record<z.infer<typeof RolloutCabinetState>, number>>

export interface WaveFacts {
  readonly isReverting: boolean
  /** Cabinets of the waves so far. */
  readonly counts: Counts
  readonly errors: number
  readonly forgivenErrors: number
  readonly maxErrorBp: number
  readonly isLastWave: boolean
}

export type Decision = 'send' | 'wait' | 'advance' | 'finish' | { readonly stop: string }

/** What to do next. The stop rule looks before anything more is sent; going back is never stopped. */
export function decide(facts: WaveFacts): Decision {
  const { counts, isReverting, maxErrorBp } = facts
  const errors = facts.errors - facts.forgivenErrors
  const settled = counts.equal + counts.listed
  if (!isReverting && errors > 0 && errors * 10_000 > maxErrorBp * settled)
    return { stop: `${errors} of ${settled} failed, allowed are ${maxErrorBp / 100} %` }
  if (counts.waiting > 0) return 'send'
  if (counts.sent > 0) return 'wait'
  return facts.isLastWave || isReverting ? 'finish' : 'advance'
}
