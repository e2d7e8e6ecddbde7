// What was reconciled, and what differs, for the people who settle it.
import { and, eq, gt } from 'drizzle-orm'
import type { z } from 'zod'
import type { ReconciliationDifference } from '#shared/contracts/http/reconciliation.ts'
import type { Page, TimedPageRequest } from '../db/keyset.ts'
import { behindInTime, inTimeOrder, pageOfRows } from '../db/keyset.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import type { DifferenceRow, ReconciliationRow } from './keep-findings.ts'
import type { Channel } from './rules.ts'

export interface ReconciliationQuery extends TimedPageRequest {
  readonly channel: Channel
  readonly isOpen?: boolean | undefined
}

/** Days and batch numbers sort by time as texts. */
export function* listReconciliations(ctx: UnitContext, query: ReconciliationQuery): Unit<Page<ReconciliationRow>> {
  const { reconciliations: t } = ctx.tables
  const isOpen = query.isOpen === undefined ? undefined : query.isOpen ? gt(t.openCount, 0) : eq(t.openCount, 0)
  const found = yield* rows(
    ctx.db
      .select()
      .from(t)
      .where(and(eq(t.channel, query.channel), isOpen, behindInTime([t.subject], query)))
      .orderBy(...inTimeOrder([t.subject], query))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    (row) => [row.subject],
    (row) => row,
  )
}

export interface DifferenceQuery extends TimedPageRequest {
  readonly state?: DifferenceRow['state'] | undefined
  readonly channel?: Channel | undefined
  readonly subject?: string | undefined
}

export function* listDifferences(ctx: UnitContext, query: DifferenceQuery): Unit<Page<DifferenceView>> {
  const { reconciliationDifferences: t } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select()
      .from(t)
      .where(
        and(
          query.state === undefined ? undefined : eq(t.state, query.state),
          query.channel === undefined ? undefined : eq(t.channel, query.channel),
          query.subject === undefined ? undefined : eq(t.subject, query.subject),
          behindInTime([t.differenceId], query),
        ),
      )
      .orderBy(...inTimeOrder([t.differenceId], query))
      .limit(query.limit + 1),
  )
  return pageOfRows(found, query.limit, (row) => [row.differenceId], showDifference)
}

export type DifferenceView = z.input<typeof ReconciliationDifference>

export function showDifference(row: DifferenceRow): DifferenceView {
  const { differenceId, channel, subject, kind, reference, statementFen, booksFen, causes, state, foundAtMs } = row
  const { batchFen, otherAccountId, reason, proposedBy, proposedAtMs, approvedBy, approvedAtMs } = row
  return {
    differenceId,
    channel,
    subject,
    kind,
    reference,
    statementFen,
    booksFen,
    causes: [...causes],
    state,
    foundAtMs,
    ...(batchFen === null ? {} : { batchFen }),
    ...(otherAccountId === null ? {} : { otherAccountId }),
    ...(reason === null ? {} : { reason }),
    ...(proposedBy === null ? {} : { proposedBy }),
    ...(proposedAtMs === null ? {} : { proposedAtMs }),
    ...(approvedBy === null ? {} : { approvedBy }),
    ...(approvedAtMs === null ? {} : { approvedAtMs }),
  }
}
