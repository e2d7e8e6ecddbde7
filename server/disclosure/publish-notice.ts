// Publishes a notice (公示). Lines are masked as they are written: what a notice does not hold cannot leave by it. A household that has
// not agreed to be published, or took that back, now or later (show-notices.ts), stands in it with its amount alone, so that the sum is
// the whole sum.
import { and, desc, eq, inArray, type SQL, sql } from 'drizzle-orm'
import { recordAudit } from '../audit/record-audit.ts'
import { insertRows, one, rows, sqlExec, sqlRows, type Unit, type UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { lastFour, maskName } from '../households/masking.ts'
import { maskNumbers } from '../personal-data/mask-numbers.ts'
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
export const unnamed = { name: '***', codeLast4: '****' }

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

type Heading = Omit<NoticeDraft, 'lines'>
interface Sum {
  readonly count: number
  readonly totalFen: number
}

/** Refuses with disclosure.title_reveals, disclosure.notice_empty and disclosure.notice_published. */
function* insertHeading(ctx: UnitContext, heading: Heading, sum: Sum): Unit<NoticeRow> {
  const { publicNotices: n } = ctx.tables
  const { kind, sourceId, title, openUntilMs } = heading
  // Identity, bank and phone numbers have no place in what people type there (domain.md, payout and disclosure).
  if (maskNumbers(title) !== title) throw new RefusalError('disclosure.title_reveals', undefined, { field: 'title' })
  if (sum.count === 0) throw new RefusalError('disclosure.notice_empty')
  const isIt = and(eq(n.kind, kind), eq(n.sourceId, sourceId))
  if ((yield* one(ctx.db.select({ id: n.noticeId }).from(n).where(isIt))) !== undefined)
    throw new RefusalError('disclosure.notice_published')
  const notice = {
    noticeId: ctx.newId(),
    kind,
    sourceId,
    title,
    lineCount: sum.count,
    totalFen: sum.totalFen,
    publishedAtMs: ctx.now(),
    openUntilMs,
  }
  yield* insertRows(n, [notice])
  const after = { kind, sourceId, title, lineCount: sum.count, totalFen: sum.totalFen, openUntilMs }
  const { byAccountId: accountId } = heading
  yield* recordAudit(ctx, { accountId, action: 'notice.published', subjectId: notice.noticeId, after })
  return notice
}

/** Publishes lines at hand. Refuses as its heading does. */
export function* publishNotice(ctx: UnitContext, { lines, ...heading }: NoticeDraft): Unit<NoticeRow> {
  const totalFen = lines.reduce((sum, { amountFen }) => sum + amountFen, 0)
  const notice = yield* insertHeading(ctx, heading, { count: lines.length, totalFen })
  const shown = yield* findShown(
    ctx,
    lines.map(({ householdCode }) => householdCode),
  )
  yield* insertRows(
    ctx.tables.publicNoticeLines,
    lines.map(({ householdCode, amountFen, massMg }, index) => ({
      noticeId: notice.noticeId,
      ordinal: index + 1,
      ...(shown.get(householdCode) ?? unnamed),
      amountFen,
      massMg,
      householdCode,
    })),
  )
  return notice
}

/**
 * The same for a set of any size that the database selects: `source` gives one row per household with household_code and
 * amount_fen and mass_mg, NULL where no goods stand behind it. The mask is that of households/masking.ts, in SQL.
 */
export function* publishSelectedNotice(ctx: UnitContext, heading: Heading, source: SQL): Unit<NoticeRow> {
  const { households: h, consents: c, publicNoticeLines: l } = ctx.tables
  const [sum] = yield* sqlRows<{ count: number; totalFen: number }>(sql`
    select cast(count(*) as bigint) as "count", cast(coalesce(sum(s.amount_fen), 0) as bigint) as "totalFen"
    from (${source}) s`)
  const notice = yield* insertHeading(ctx, heading, sum ?? { count: 0, totalFen: 0 })
  yield* sqlExec(sql`
    insert into ${l} (notice_id, ordinal, name, code_last_4, amount_fen, mass_mg, household_code)
    select cast(${notice.noticeId} as text), row_number() over (order by s.household_code),
      case when c.is_given then coalesce(substr(trim(h.head_name), 1, 1), '*') || '**' else ${unnamed.name} end,
      case when c.is_given then substr(s.household_code, 13) else ${unnamed.codeLast4} end,
      cast(s.amount_fen as bigint), cast(s.mass_mg as bigint), s.household_code
    from (${source}) s
    left join ${h} h on h.household_code = s.household_code
    left join ${c} c on c.household_code = s.household_code and c.purpose = 'PUBLICATION' and c.ordinal = (
      select max(d.ordinal) from ${c} d where d.household_code = s.household_code and d.purpose = 'PUBLICATION')`)
  return notice
}
