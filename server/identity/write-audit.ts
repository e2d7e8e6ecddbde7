// The trail of what people changed (操作留痕): one row per change, in the same unit as the change.
import { insertRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'

export interface Audited {
  /** Who did it; undefined: the server itself. */
  readonly accountId: string | undefined
  /** `<noun>.<what happened>`. */
  readonly action: string
  readonly subjectId: string
  readonly detail: Readonly<Record<string, unknown>>
}

export function* writeAudit(ctx: UnitContext, { accountId, action, subjectId, detail }: Audited): Unit<void> {
  yield* insertRows(ctx.tables.auditRows, [
    { auditId: ctx.newId(), atMs: ctx.now(), accountId, action, subjectId, detail },
  ])
}
