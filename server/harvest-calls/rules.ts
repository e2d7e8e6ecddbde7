// Who is called to harvest, pure. The rotation is by the last call: who was called longest ago is next, who never was comes
// before all. So between two calls of one household everybody else who could be called has been, whoever joined or left.
export const callStates = ['called', 'accepted', 'declined', 'lapsed', 'delivered', 'failed', 'withdrawn'] as const
export type CallState = (typeof callStates)[number]
/** Somebody still has to do something. */
export const openCallStates = ['called', 'accepted'] as const satisfies readonly CallState[]
export const needStates = ['open', 'met', 'closed'] as const
export const stuckReasons = ['under_floor', 'nobody_left', 'no_terms'] as const
export type StuckReason = (typeof stuckReasons)[number]

export interface Terms {
  readonly floorFen: number
  readonly capUnits: number
  readonly minUnitsPerCall: number
  readonly maxUnitsPerCall: number
}

/** A household in the rotation of a SKU. */
export interface Candidate {
  readonly householdCode: string
  readonly joinedAtMs: number
  /** Counts the calls of the SKU; null: never called. */
  readonly lastCalledSeq: number | null
  /** Units it was called for, has promised or brought within the days of the cap. */
  readonly boundUnits: number
  readonly hasOpenCall: boolean
}

export interface ChosenCall {
  readonly householdCode: string
  readonly units: number
}

/** Who comes when: never called by day of joining, then by last call; ties by code. */
export function byRotation(a: Candidate, b: Candidate): number {
  const [lastA, lastB] = [a.lastCalledSeq ?? -1, b.lastCalledSeq ?? -1]
  return lastA - lastB || a.joinedAtMs - b.joinedAtMs || (a.householdCode < b.householdCode ? -1 : 1)
}

export const capLeft = ({ capUnits }: Terms, { boundUnits }: Candidate) => Math.max(0, capUnits - boundUnits)

/** May it be called for a need of which so many units are left? */
export function mayCall(terms: Terms, candidate: Candidate, leftUnits: number): boolean {
  return !candidate.hasOpenCall && capLeft(terms, candidate) >= Math.min(terms.minUnitsPerCall, leftUnits)
}

/** Calls for `leftUnits`, each to another household, in rotation, within cap and size. Σ units ≤ leftUnits. */
export function chooseCalls(terms: Terms, candidates: readonly Candidate[], leftUnits: number): ChosenCall[] {
  const calls: ChosenCall[] = []
  const waiting = candidates.toSorted(byRotation)
  let left = leftUnits
  while (left > 0) {
    // From the head each time: who could not take part of much may well take the little that is left.
    const index = waiting.findIndex((candidate) => mayCall(terms, candidate, left))
    const [next] = index < 0 ? [] : waiting.splice(index, 1)
    if (next === undefined) break
    const units = Math.min(left, capLeft(terms, next), terms.maxUnitsPerCall)
    calls.push({ householdCode: next.householdCode, units })
    left -= units
  }
  return calls
}

/** What a call still stands for: asked, promised, or brought. */
export function boundUnitsOf(call: {
  readonly state: CallState
  readonly units: number
  readonly acceptedUnits: number
  readonly deliveredUnits: number
}): number {
  switch (call.state) {
    case 'called':
      return call.units
    case 'accepted':
      return call.acceptedUnits
    case 'delivered':
      return call.deliveredUnits
    default:
      return 0
  }
}
