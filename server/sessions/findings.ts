// Findings: what a cabinet reported and no rule could use. Accepted, acknowledged, shown to a person; no money moves.
import { insertRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'

export interface Finding {
  readonly cabinetId: string
  readonly seq: number
  readonly sessionId: string | undefined
  readonly finding:
    | 'unknown_session'
    | 'foreign_session'
    | 'session_ended'
    | 'settled_again'
    | 'capped_at_hold'
    | 'unpriced'
    | 'expired_item'
    | 'load_differs'
  readonly detail: string
}

export function* addFinding(ctx: UnitContext, { cabinetId, seq, sessionId, finding, detail }: Finding): Unit<void> {
  yield* insertRows(
    ctx.tables.sessionFindings,
    [{ cabinetId, seq, sessionId, finding, detail: detail.slice(0, 1_000), atMs: ctx.now() }],
    'ignore',
  )
}
