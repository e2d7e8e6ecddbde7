// A session as the contract shows it.
import type { ShoppingSession } from '#shared/contracts/http/open-cabinet.ts'
import type { SessionState } from './rules.ts'
import type { SessionRow } from './store.ts'

/** The server's state → the word the contract has for it. */
export function shownState(state: SessionState): ShoppingSession['state'] {
  return state === 'silent' ? 'interrupted' : state
}

/** The word of the contract → the states behind it. */
export function statesShownAs(shown: ShoppingSession['state']): SessionState[] {
  if (shown === 'interrupted') return ['interrupted', 'silent']
  return [shown]
}

export function showSession(row: SessionRow): ShoppingSession {
  return {
    sessionId: row.sessionId,
    cabinetId: row.cabinetId,
    cabinetCode: row.cabinetCode,
    hostSiteName: row.hostSiteName,
    kind: row.kind,
    state: shownState(row.state),
    buyerName: row.accountName,
    heldFen: row.heldFen,
    ...(row.totalFen === null ? {} : { totalFen: row.totalFen }),
    ...(row.reason === null ? {} : { reason: row.reason }),
    authorisedAtMs: row.authorisedAtMs,
    ...(row.endedAtMs === null ? {} : { endedAtMs: row.endedAtMs }),
  }
}
