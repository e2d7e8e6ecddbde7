// Reads published notices. What is read here is public; a number that stands in a title or a name all the same, from before such were
// refused, is masked on its way out. A household that has taken its consent back since stands with its amount alone.
import { and, asc, desc, eq, isNotNull, sql } from 'drizzle-orm'
import type { z } from 'zod'
import type { PublicNotice, PublicNoticeLine } from '#shared/contracts/http/disclosure.ts'
import type { Database } from '../db/database.ts'
import { behindKey, keyOfCursor, type Page, pageOfRows, type PageRequest } from '../db/keyset.ts'
import { one, rows, type Unit, type UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { maskNumbers } from '../personal-data/mask-numbers.ts'
import { type NoticeRow, unnamed } from './publish-notice.ts'

const linesPerRead = 1_000

export type NoticeView = z.input<typeof PublicNotice>
export type NoticeLineView = z.input<typeof PublicNoticeLine>

type NoticeEnd = NonNullable<NoticeView['endedAs']>

interface ShownNotice {
  readonly notice: NoticeRow
  readonly endedAs?: NoticeEnd | null
}

export function showNotice({ notice, endedAs }: ShownNotice): NoticeView {
  const { noticeId, kind, title, lineCount, totalFen, publishedAtMs, openUntilMs } = notice
  const shown = { noticeId, kind, title: maskNumbers(title), lineCount, totalFen, publishedAtMs, openUntilMs }
  return endedAs === undefined || endedAs === null ? shown : { ...shown, endedAs }
}

/** What has become of the plan or batch behind a notice, where it pays nobody any more. */
function findNotices({ db, tables: { publicNotices: n, distributionPlans: p, payoutBatches: b } }: UnitContext) {
  const ofPlan = sql`select case when ${p.state} in ('withdrawn', 'rejected', 'reversed') then ${p.state} end from ${p} where ${p.planId} = ${n.sourceId}`
  const ofBatch = sql`select case ${b.state} when 'CANCELLED' then 'withdrawn' end from ${b} where ${b.batchId} = ${n.sourceId}`
  const endedAs = sql<NoticeEnd | null>`case ${n.kind} when 'distribution' then (${ofPlan}) when 'payout' then (${ofBatch}) end`
  return db.select({ notice: n, endedAs }).from(n)
}

export function* listNotices(ctx: UnitContext, query: PageRequest): Unit<Page<NoticeView>> {
  const { publicNotices: t } = ctx.tables
  const found = yield* rows(
    findNotices(ctx)
      .where(behindKey([t.noticeId], keyOfCursor(query.cursor, 1), 'descending'))
      .orderBy(desc(t.noticeId))
      .limit(query.limit + 1),
  )
  return pageOfRows(found, query.limit, ({ notice }) => [notice.noticeId], showNotice)
}

/** Refuses with disclosure.notice_unknown. */
export function* findNotice(ctx: UnitContext, noticeId: string): Unit<NoticeView> {
  const found = yield* one(findNotices(ctx).where(eq(ctx.tables.publicNotices.noticeId, noticeId)))
  if (found === undefined) throw new RefusalError('disclosure.notice_unknown')
  return showNotice(found)
}

export function* listNoticeLines(ctx: UnitContext, noticeId: string, query: PageRequest): Unit<Page<NoticeLineView>> {
  yield* findNotice(ctx, noticeId)
  const { publicNoticeLines: t, consents: c } = ctx.tables
  const newest = sql`(
    select max(d.ordinal) from ${c} d where d.household_code = ${t.householdCode} and d.purpose = 'PUBLICATION')`
  const stands = and(eq(c.householdCode, t.householdCode), eq(c.purpose, 'PUBLICATION'), eq(c.ordinal, newest))
  const found = yield* rows(
    ctx.db
      .select({ line: t, isAgreed: c.isGiven })
      .from(t)
      .leftJoin(c, stands)
      .where(and(eq(t.noticeId, noticeId), behindKey([t.ordinal], keyOfCursor(query.cursor, 1), 'ascending')))
      .orderBy(asc(t.ordinal))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    ({ line }) => [line.ordinal],
    ({ line: { ordinal, name, codeLast4, amountFen, massMg }, isAgreed }) => {
      const named = isAgreed === false ? unnamed : { name: maskNumbers(name), codeLast4 }
      const shown = { ordinal, ...named, amountFen }
      return massMg === null ? shown : { ...shown, massMg }
    },
  )
}

/** Whether a line of the notice says a mass. */
export function* hasMass({ db, tables: { publicNoticeLines: t } }: UnitContext, noticeId: string): Unit<boolean> {
  const isIt = and(eq(t.noticeId, noticeId), isNotNull(t.massMg))
  return (yield* one(db.select({ ordinal: t.ordinal }).from(t).where(isIt).limit(1))) !== undefined
}

/**
 * All lines, for the page and the file, page by page as they are taken. A payout may have hundreds of thousands and anybody may ask for
 * them as often as they like: so no more than a page of them is in memory, and others are let in between pages.
 */
export async function* readNoticeLines(
  database: Database,
  noticeId: string,
): AsyncGenerator<readonly NoticeLineView[], void, undefined> {
  for (let cursor: string | undefined; ;) {
    const after = cursor
    const page = await database.read((ctx) => listNoticeLines(ctx, noticeId, { limit: linesPerRead, cursor: after }))
    yield page.rows
    if (page.nextCursor === undefined) return
    cursor = page.nextCursor
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
}
