// Opens a notice of unsold produce, and corrects its mass by a count.
import { eq } from 'drizzle-orm'
import type { z } from 'zod'
import type { openSurplusNotice } from '#shared/contracts/http/surplus.ts'
import { exec, insertRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { findHousehold } from '../households/find-household.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { refuseNumbers } from '../personal-data/refuse-numbers.ts'
import type { Viewer } from '../personal-data/row-scope.ts'
import { levelDueMs } from './rules.ts'
import { findNoticesById } from './store.ts'
import type { NoticeRow } from './store.ts'

/** Returns the notice's id; the helper has it first. */
export function* openNotice(
  ctx: UnitContext,
  input: z.output<(typeof openSurplusNotice)['body']> & { readonly viewer: Viewer },
): Unit<string> {
  const { viewer, householdCode, productName, category, massMg, deadlineAtMs } = input
  refuseNumbers({ productName })
  yield* findHousehold(ctx, viewer, householdCode)
  const openedAtMs = ctx.now()
  if (deadlineAtMs <= openedAtMs) throw new RefusalError('surplus.deadline_past', undefined, { field: 'deadlineAtMs' })
  const noticeId = ctx.newId()
  yield* insertRows(ctx.tables.surplusNotices, [
    {
      noticeId,
      householdCode,
      productName,
      category,
      massMg,
      agreedMg: 0,
      deliveredMg: 0,
      deadlineAtMs,
      level: 'HELPER',
      levelDueAtMs: levelDueMs('HELPER', openedAtMs, deadlineAtMs),
      openedBy: viewer.accountId,
      openedAtMs,
    },
  ])
  yield* recordAudit(ctx, {
    accountId: viewer.accountId,
    action: 'surplus.notice_opened',
    subjectId: noticeId,
    detail: { householdCode, productName, massMg, deadlineAtMs },
  })
  return noticeId
}

/** A notice that is open still. Refuses with surplus.notice_unknown, surplus.notice_closed. */
export function* requireOpenNotice(ctx: UnitContext, viewer: Viewer, noticeId: string): Unit<NoticeRow> {
  const [notice] = yield* findNoticesById(ctx, viewer, [noticeId])
  if (notice === undefined) throw new RefusalError('surplus.notice_unknown')
  if (notice.closedAtMs !== null) throw new RefusalError('surplus.notice_closed')
  return notice
}

/** What was spoilt or miscounted leaves the notice with a reason; at zero left it closes. Refuses with surplus.mass_exceeded. */
export function* recountNotice(
  ctx: UnitContext,
  input: { readonly viewer: Viewer; readonly noticeId: string; readonly massMg: number; readonly reason: string },
): Unit<void> {
  const { viewer, noticeId, massMg, reason } = input
  const { surplusNotices: n } = ctx.tables
  const before = yield* requireOpenNotice(ctx, viewer, noticeId)
  const boundMg = before.agreedMg + before.deliveredMg
  if (massMg < boundMg)
    throw new RefusalError('surplus.mass_exceeded', undefined, { field: 'massMg', facts: { boundMg } })
  const closedAtMs = massMg === before.deliveredMg ? ctx.now() : null
  yield* exec(ctx.db.update(n).set({ massMg, closedAtMs }).where(eq(n.noticeId, noticeId)))
  yield* recordAudit(ctx, {
    accountId: viewer.accountId,
    action: 'surplus.notice_recounted',
    subjectId: noticeId,
    why: reason,
    before: { massMg: before.massMg },
    after: { massMg, isClosed: closedAtMs !== null },
  })
}
