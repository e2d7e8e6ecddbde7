// Which lanes lock by themselves (domain.md, food, price, weight): all that is left is past its date, the price label lacks
// something, a school may not sell it. Pure; the same facts give the same locks.
import type { LaneLockReason } from '#shared/contracts/mqtt/twin.ts'

/** Reasons the server finds and ends by itself; nobody releases them by hand. */
export const automaticReasons = ['expired', 'label_incomplete', 'not_allowed'] as const satisfies LaneLockReason[]
export type AutomaticReason = (typeof automaticReasons)[number]

/** The gravest first: the one people are told when a lane is locked for more than one. */
const byGravity: readonly LaneLockReason[] = [
  'recalled',
  'expired',
  'not_allowed',
  'inspection',
  'scale_drift',
  'label_incomplete',
]

export function isAutomatic(reason: LaneLockReason): reason is AutomaticReason {
  return (automaticReasons as readonly LaneLockReason[]).includes(reason)
}

/** The lanes locked at an instant, each with its gravest reason. */
export function lockedAt(
  locks: ReadonlyArray<{ readonly laneId: string; readonly reason: LaneLockReason; readonly fromMs: number }>,
  nowMs: number,
): Map<string, LaneLockReason> {
  const locked = new Map<string, LaneLockReason>()
  for (const { laneId, reason, fromMs } of locks) {
    const known = locked.get(laneId)
    if (fromMs > nowMs || (known !== undefined && byGravity.indexOf(known) <= byGravity.indexOf(reason))) continue
    locked.set(laneId, reason)
  }
  return locked
}

/** What a price label must say (明码标价): name, origin, spec, unit (by the mode) and price. A grade where there is one. */
export interface LabelFacts {
  readonly skuId: string
  readonly name: string
  readonly spec: string
  readonly origin: string
}

export function isLabelComplete(sku: LabelFacts, priceFen: number): boolean {
  return priceFen > 0 && [sku.name, sku.spec, sku.origin].every((text) => text.trim() !== '')
}

export interface LaneFacts {
  readonly laneId: string
  readonly sku: LabelFacts
  readonly priceFen: number
  /** Lots of the lane by the books. */
  readonly lots: ReadonlyArray<{ readonly lotId: string; readonly units: number; readonly expiresAtMs: number }>
  /** False at a school that may not sell it. */
  readonly isAllowed: boolean
}

export interface WantedLock {
  readonly laneId: string
  readonly reason: AutomaticReason
  readonly causeId: string
  readonly fromMs: number
}

/**
 * The locks a lane wants. One for its expiry is there as long as goods are, holding from the instant on at which the last of
 * them is past its date: so the cabinet knows it without being told again.
 */
export function wantedLocks(lane: LaneFacts, nowMs: number): WantedLock[] {
  const { laneId, sku, priceFen, isAllowed } = lane
  const last = lane.lots
    .filter(({ units }) => units > 0)
    .toSorted((a, b) => a.expiresAtMs - b.expiresAtMs || a.lotId.localeCompare(b.lotId))
    .at(-1)
  const wanted: WantedLock[] = []
  if (last !== undefined) {
    wanted.push({ laneId, reason: 'expired', causeId: last.lotId, fromMs: last.expiresAtMs + 1 })
  }
  if (!isLabelComplete(sku, priceFen)) {
    wanted.push({ laneId, reason: 'label_incomplete', causeId: sku.skuId, fromMs: nowMs })
  }
  if (!isAllowed) wanted.push({ laneId, reason: 'not_allowed', causeId: sku.skuId, fromMs: nowMs })
  return wanted
}
