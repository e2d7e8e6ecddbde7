// Public-welfare posts (公益岗位) that households took up; the wages come with the wage imports.
import { and, desc, eq } from 'drizzle-orm'
import type { z } from 'zod'
import type { WelfarePost } from '#shared/contracts/http/assistance.ts'
import type { Page, PageRequest } from '../db/keyset.ts'
import { behindKey, keyOfCursor, pageOfRows } from '../db/keyset.ts'
import { exec, insertRows, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { findHousehold } from '../households/find-household.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { refuseNumbers } from '../personal-data/refuse-numbers.ts'
import type { Viewer } from '../personal-data/row-scope.ts'
import { requirePast } from './require-past.ts'

export type WelfarePostView = z.input<typeof WelfarePost>
type PostRow = UnitContext['tables']['welfarePosts']['$inferSelect']

function showPost({ toMs, postId, householdCode, title, unitName, monthlyFen, fromMs }: PostRow): WelfarePostView {
  return { postId, householdCode, title, unitName, monthlyFen, fromMs, toMs: toMs ?? undefined }
}

export function* giveWelfarePost(
  ctx: UnitContext,
  input: {
    readonly viewer: Viewer
    readonly householdCode: string
    readonly title: string
    readonly unitName: string
    readonly monthlyFen: number
    readonly fromMs: number
  },
): Unit<WelfarePostView> {
  const { viewer, householdCode, title, unitName, monthlyFen, fromMs } = input
  refuseNumbers({ title, unitName })
  yield* findHousehold(ctx, viewer, householdCode)
  requirePast(ctx, fromMs, 'fromMs')
  const enteredBy = viewer.accountId
  const post = { postId: ctx.newId(), householdCode, title, unitName, monthlyFen, fromMs, toMs: null, enteredBy }
  yield* insertRows(ctx.tables.welfarePosts, [post])
  yield* recordAudit(ctx, {
    accountId: enteredBy,
    action: 'welfare_post.given',
    subjectId: post.postId,
    detail: { householdCode, title, monthlyFen },
  })
  return showPost(post)
}

/** Dates the end once. Refuses with assistance.post_unknown, assistance.post_ended. */
export function* endWelfarePost(
  ctx: UnitContext,
  input: { readonly viewer: Viewer; readonly postId: string; readonly toMs: number; readonly reason: string },
): Unit<WelfarePostView> {
  const { viewer, postId, toMs, reason } = input
  const { welfarePosts: t } = ctx.tables
  const post = yield* one(ctx.db.select().from(t).where(eq(t.postId, postId)))
  if (post === undefined) throw new RefusalError('assistance.post_unknown')
  yield* findHousehold(ctx, viewer, post.householdCode)
  if (post.toMs !== null) throw new RefusalError('assistance.post_ended')
  if (toMs < post.fromMs) throw new RefusalError('request.invalid', 'toMs: the post began later', { field: 'toMs' })
  yield* exec(ctx.db.update(t).set({ toMs }).where(eq(t.postId, postId)))
  yield* recordAudit(ctx, {
    accountId: viewer.accountId,
    action: 'welfare_post.ended',
    subjectId: postId,
    why: reason,
    after: { toMs },
    detail: { householdCode: post.householdCode },
  })
  return showPost({ ...post, toMs })
}

export function* listWelfarePosts(
  ctx: UnitContext,
  viewer: Viewer,
  householdCode: string,
  query: PageRequest,
): Unit<Page<WelfarePostView>> {
  const { welfarePosts: t } = ctx.tables
  yield* findHousehold(ctx, viewer, householdCode)
  const found = yield* rows(
    ctx.db
      .select()
      .from(t)
      .where(and(eq(t.householdCode, householdCode), behindKey([t.postId], keyOfCursor(query.cursor, 1), 'descending')))
      .orderBy(desc(t.postId))
      .limit(query.limit + 1),
  )
  return pageOfRows(found, query.limit, ({ postId }) => [postId], showPost)
}
