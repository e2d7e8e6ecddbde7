// The trail of what people changed (操作留痕): written in the transaction of the change itself.
import { insertRows, type Unit, type UnitContext } from '../db/unit.ts'

export interface AuditEntry {
  /** Undefined: the server itself. */
  readonly accountId: string | undefined
  /** `<noun>.<what happened>`. */
  readonly action: string
  readonly subjectId: string
  readonly detail?: Readonly<Record<string, unknown>>
}

export function* recordAudit(ctx: UnitContext, { accountId, action, subjectId, detail }: AuditEntry): Unit<void> {
  yield* insertRows(ctx.tables.auditRows, [
    { auditId: ctx.newId(), atMs: ctx.now(), accountId, action, subjectId, detail: detail ?? {} },
  ])
}
