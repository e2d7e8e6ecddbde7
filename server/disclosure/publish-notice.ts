// Publishes a notice (公示). Lines are masked as they are written: what a notice does not hold cannot leave by it. A household that has
// not agreed to be published, or took that back, stands in it with its amount alone, so that the sum is the whole sum.
import { and, desc, eq, inArray } from 'drizzle-orm'
import { recordAudit } from '../audit/record-audit.ts'
import { insertRows, one, rows, type Unit, type UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { lastFour, maskName } from '../households/masking.ts'
import type { noticeKinds } from './schema.ts'

export interface NoticeDraft {
  readonly kind: (typeof noticeKinds)[number]
  /** The batch, plan or period; one notice each. */
  readonly sourceId: string
  readonly title: string
  /** Epoch ms until which anybody may object. */
  readonly openUntilMs: number
  readonly lines: ReadonlyArray<{
    readonly householdCode: string
    readonly amountFen: number
    readonly massMg?: number | undefined
  }>
  readonly byAccountId: string
}

export type NoticeRow = UnitContext['tables']['publicNotices']['$inferSelect']

const namesPerStatement = 500
const unnamed = { name: '***', codeLast4: '****' }

/** How each household that agreed is shown; the others are missing. */
function* findShown(ctx: UnitContext, codes: readonly string[]): Unit<Map<string, typeof unnamed>> {
  const { households: h, consents: c } = ctx.tables
  const shown = new Map<string, typeof unnamed>()
  for (let from = 0; from < codes.length; from += namesPerStatement) {
    const part = codes.slice(from, from + namesPerStatement)
    const said = yield* rows(
      ctx.db
        .select({ householdCode: c.householdCode, isGiven: c.isGiven, headName: h.headName })
        .from(c)
        .innerJoin(h, eq(h.householdCode, c.householdCode))
        .where(and(inArray(c.householdCode, part), eq(c.purpose, 'PUBLICATION')))
        .orderBy(desc(c.ordinal)),
    )
    const seen = new Set<string>()
    for (const { householdCode, isGiven, headName } of said) {
      // The newest is what stands.
      if (isGiven && !seen.has(householdCode))
        shown.set(householdCode, { name: maskName(headName), codeLast4: lastFour(householdCode) })
      seen.add(householdCode)
    }
  }
  return shown
}

/** Refuses with disclosure.notice_empty and disclosure.notice_published. */
export function* publishNotice(ctx: UnitContext, draft: NoticeDraft): Unit<NoticeRow> {
  const { publicNotices: n, publicNoticeLines } = ctx.tables
  const { kind, sourceId, title, openUntilMs, lines, byAccountId } = draft
  if (lines.length === 0) throw new RefusalError('disclosure.notice_empty')
  const known = yield* one(
    ctx.db
      .select({ id: n.noticeId })
      .from(n)
      .where(and(eq(n.kind, kind), eq(n.sourceId, sourceId))),
  )
  if (known !== undefined) throw new RefusalError('disclosure.notice_published')
  const shown = yield* findShown(
    ctx,
    lines.map(({ householdCode }) => householdCode),
  )
  const totalFen = lines.reduce((sum, { amountFen }) => sum + amountFen, 0)
  const notice = {
    noticeId: ctx.newId(),
    kind,
    sourceId,
    title,
    lineCount: lines.length,
    totalFen,
    publishedAtMs: ctx.now(),
    openUntilMs,
  }
  yield* insertRows(n, [notice])
  yield* insertRows(
    publicNoticeLines,
    lines.map(({ householdCode, amountFen, massMg }, index) => ({
      noticeId: notice.noticeId,
      ordinal: index + 1,
      ...(shown.get(householdCode) ?? unnamed),
      amountFen,
      massMg,
    })),
  )
  const after = { kind, sourceId, title, lineCount: lines.length, totalFen, openUntilMs, named: shown.size }
  yield* recordAudit(ctx, { accountId: byAccountId, action: 'notice.published', subjectId: notice.noticeId, after })
  return notice
}
