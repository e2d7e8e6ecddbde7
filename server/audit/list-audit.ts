// The trail for auditors, newest first, filtered by subject, person, action and time.
import { and, eq, gte, like, lt } from 'drizzle-orm'
import type { z } from 'zod'
import type { AuditRow } from '#shared/contracts/http/audit.ts'
import { behindInTime, inTimeOrder, type Page, pageOfRows, type TimedPageRequest } from '../db/keyset.ts'
import { rows, type Unit, type UnitContext } from '../db/unit.ts'

export interface AuditQuery extends TimedPageRequest {
  readonly subjectId?: string | undefined
  readonly accountId?: string | undefined
  /** A whole action, or its noun: `payout` finds `payout.approved`. */
  readonly action?: string | undefined
  readonly fromMs?: number | undefined
  /** Exclusive. */
  readonly toMs?: number | undefined
}

export function* listAudit(ctx: UnitContext, query: AuditQuery): Unit<Page<z.input<typeof AuditRow>>> {
  const { auditRows: r, accounts: a } = ctx.tables
  const { subjectId, accountId, action, fromMs, toMs } = query
  const isAction = (name: string) => (name.includes('.') ? eq(r.action, name) : like(r.action, `${name}.%`))
  const found = yield* rows(
    ctx.db
      .select({ row: r, accountName: a.displayName })
      .from(r)
      .leftJoin(a, eq(a.accountId, r.accountId))
      .where(
        and(
          behindInTime([r.atMs, r.auditId], query),
          subjectId === undefined ? undefined : eq(r.subjectId, subjectId),
          accountId === undefined ? undefined : eq(r.accountId, accountId),
          action === undefined ? undefined : isAction(action),
          fromMs === undefined ? undefined : gte(r.atMs, fromMs),
          toMs === undefined ? undefined : lt(r.atMs, toMs),
        ),
      )
      .orderBy(...inTimeOrder([r.atMs, r.auditId], query))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    ({ row }) => [row.atMs, row.auditId],
    ({ row, accountName }) => show(row, accountName),
  )
}

function show(row: UnitContext['tables']['auditRows']['$inferSelect'], accountName: string | null) {
  const { accountId, why, before, after, prevHash: _, ...rest } = row
  return {
    ...rest,
    ...(accountId === null ? {} : { accountId }),
    ...(accountName === null ? {} : { accountName }),
    ...(why === null ? {} : { why }),
    ...(before === null ? {} : { before }),
    ...(after === null ? {} : { after }),
  }
}
