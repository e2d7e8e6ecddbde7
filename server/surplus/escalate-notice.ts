// Hands notices from helper to town to district: by a person at any time, by the clock when a level's time is over and some of
// the produce has no buyer yet.
import { and, asc, eq, isNull, lte, ne, sql } from 'drizzle-orm'
import { exec, insertRows, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { recordAudit } from '../audit/record-audit.ts'
import type { Viewer } from '../personal-data/row-scope.ts'
import { requireOpenNotice } from './open-notice.ts'
import { levelDueMs, nextLevel } from './rules.ts'
import type { NoticeRow } from './store.ts'

/** Notices per unit, so that a unit stays short. */
const noticesPerUnit = 100

function* handOn(ctx: UnitContext, notice: NoticeRow, byAccountId: string | undefined, reason: string): Unit<void> {
  const { surplusNotices: n, surplusEscalations } = ctx.tables
  const level = nextLevel(notice.level)
  if (level === undefined) throw new RefusalError('surplus.level_highest')
  const { noticeId, deadlineAtMs } = notice
  const atMs = ctx.now()
  yield* exec(
    ctx.db
      .update(n)
      .set({ level, levelDueAtMs: levelDueMs(level, atMs, deadlineAtMs) })
      .where(eq(n.noticeId, noticeId)),
  )
  yield* insertRows(surplusEscalations, [{ noticeId, level, atMs, byAccountId, reason }])
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'surplus.notice_escalated',
    subjectId: noticeId,
    why: reason,
    before: { level: notice.level },
    after: { level },
  })
}

/** Refuses with surplus.notice_unknown, surplus.notice_closed, surplus.level_highest. */
export function* escalateNotice(
  ctx: UnitContext,
  input: { readonly viewer: Viewer; readonly noticeId: string; readonly reason: string },
): Unit<void> {
  const notice = yield* requireOpenNotice(ctx, input.viewer, input.noticeId)
  yield* handOn(ctx, notice, input.viewer.accountId, input.reason)
}

/** Hands on what is due; returns how many. Run it every few minutes; safe on any number of processes. */
export function* escalateDue(ctx: UnitContext): Unit<number> {
  const { surplusNotices: n } = ctx.tables
  const due = yield* rows(
    ctx.db
      .select()
      .from(n)
      .where(
        and(
          isNull(n.closedAtMs),
          lte(n.levelDueAtMs, ctx.now()),
          ne(n.level, 'DISTRICT'),
          sql`${n.agreedMg} + ${n.deliveredMg} < ${n.massMg}`,
        ),
      )
      .orderBy(asc(n.levelDueAtMs), asc(n.noticeId))
      .limit(noticesPerUnit),
  )
  for (const notice of due) yield* handOn(ctx, notice, undefined, '到期未落实买家')
  return due.length
}
