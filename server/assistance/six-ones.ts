// The six-ones checklist of one household and year: what the records tell, and the ticks people set.
import { and, asc, desc, eq, gte, isNull, lt, or } from 'drizzle-orm'
import type { z } from 'zod'
import type { SixOnesChecklist } from '#shared/contracts/http/assistance.ts'
import { districtYearOf, districtYearStartMs } from '#shared/time/district-time.ts'
import { formatYuan } from '#shared/units/fen.ts'
import { exec, insertRows, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { findHousehold } from '../households/find-household.ts'
import { recordAudit } from '../audit/record-audit.ts'
import type { Viewer } from '../personal-data/row-scope.ts'
import { requirePast } from './require-past.ts'
import { checkSixOnes } from './rules.ts'
import type { SixOnesFacts } from './rules.ts'
import type { TickedKey } from './schema.ts'

export type SixOnesView = z.input<typeof SixOnesChecklist>

function* findPlanFact(ctx: UnitContext, householdCode: string, year: number): Unit<SixOnesFacts['incomePlan']> {
  const { incomePlans: t } = ctx.tables
  const plan = yield* one(
    ctx.db
      .select()
      .from(t)
      .where(and(eq(t.householdCode, householdCode), eq(t.year, year)))
      .orderBy(desc(t.version))
      .limit(1),
  )
  if (plan === undefined) return undefined
  const { version, targetFen, writtenAtMs } = plan
  return { writtenAtMs, text: `第 ${version} 版，目标 ${formatYuan(targetFen)} 元` }
}

interface YearSpan {
  readonly fromMs: number
  readonly beforeMs: number
}

function* findPostFact(ctx: UnitContext, householdCode: string, span: YearSpan): Unit<SixOnesFacts['welfarePost']> {
  const { welfarePosts: t } = ctx.tables
  const post = yield* one(
    ctx.db
      .select()
      .from(t)
      .where(
        and(
          eq(t.householdCode, householdCode),
          lt(t.fromMs, span.beforeMs),
          or(isNull(t.toMs), gte(t.toMs, span.fromMs)),
        ),
      )
      .orderBy(asc(t.fromMs))
      .limit(1),
  )
  return post && { fromMs: post.fromMs, text: `${post.title}，每月 ${formatYuan(post.monthlyFen)} 元` }
}

function* findGuidanceFact(ctx: UnitContext, householdCode: string, span: YearSpan): Unit<SixOnesFacts['guidance']> {
  const { guidances: t, instructors: i } = ctx.tables
  const guidance = yield* one(
    ctx.db
      .select({ atMs: t.atMs, topic: t.topic, name: i.name })
      .from(t)
      .innerJoin(i, eq(i.instructorId, t.instructorId))
      .where(and(eq(t.householdCode, householdCode), gte(t.atMs, span.fromMs), lt(t.atMs, span.beforeMs)))
      .orderBy(desc(t.atMs), desc(t.guidanceId))
      .limit(1),
  )
  return guidance && { atMs: guidance.atMs, text: `${guidance.name}：${guidance.topic}` }
}

function* findTicks(ctx: UnitContext, householdCode: string, year: number): Unit<SixOnesFacts['ticks']> {
  const { sixOnesTicks: t } = ctx.tables
  const ticks = yield* rows(
    ctx.db
      .select()
      .from(t)
      .where(and(eq(t.householdCode, householdCode), eq(t.year, year)))
      .orderBy(asc(t.tickedAtMs)),
  )
  // In the order of time, so that the newest of each item stays.
  return Object.fromEntries(ticks.map(({ key, isDone, doneAtMs }) => [key, { isDone, doneAtMs }]))
}

/** The checklist; default year: the present one of the district. */
export function* showSixOnes(
  ctx: UnitContext,
  viewer: Viewer,
  householdCode: string,
  year: number = districtYearOf(ctx.now()),
): Unit<SixOnesView> {
  yield* findHousehold(ctx, viewer, householdCode)
  const span = { fromMs: districtYearStartMs(year), beforeMs: districtYearStartMs(year + 1) }
  const labels = yield* rows(ctx.db.select().from(ctx.tables.sixOnesLabels))
  const facts = {
    incomePlan: yield* findPlanFact(ctx, householdCode, year),
    welfarePost: yield* findPostFact(ctx, householdCode, span),
    guidance: yield* findGuidanceFact(ctx, householdCode, span),
    ticks: yield* findTicks(ctx, householdCode, year),
  }
  const items = checkSixOnes(facts, Object.fromEntries(labels.map(({ key, label }) => [key, label])))
  return { householdCode, year, items, done: items.filter(({ isDone }) => isDone).length }
}

/** Sets or takes back a tick; it belongs to the year of its date. */
export function* tickSixOnes(
  ctx: UnitContext,
  input: {
    readonly viewer: Viewer
    readonly householdCode: string
    readonly key: TickedKey
    readonly isDone: boolean
    readonly doneAtMs: number
  },
): Unit<SixOnesView> {
  const { viewer, householdCode, key, isDone, doneAtMs } = input
  yield* findHousehold(ctx, viewer, householdCode)
  requirePast(ctx, doneAtMs, 'doneAtMs')
  const year = districtYearOf(doneAtMs)
  const tickedBy = viewer.accountId
  const tick = { householdCode, year, key, tickedAtMs: ctx.now(), isDone, doneAtMs, tickedBy }
  yield* insertRows(ctx.tables.sixOnesTicks, [tick])
  yield* recordAudit(ctx, {
    accountId: tickedBy,
    action: 'six_ones.ticked',
    subjectId: householdCode,
    detail: { year, key, isDone, doneAtMs },
  })
  return yield* showSixOnes(ctx, viewer, householdCode, year)
}

export function* nameSixOnes(
  ctx: UnitContext,
  input: { readonly byAccountId: string; readonly key: TickedKey; readonly label: string },
): Unit<{ key: TickedKey; label: string }> {
  const { byAccountId, key, label } = input
  const { sixOnesLabels: t } = ctx.tables
  yield* exec(ctx.db.insert(t).values({ key, label }).onConflictDoUpdate({ target: t.key, set: { label } }))
  yield* recordAudit(ctx, { accountId: byAccountId, action: 'six_ones.named', subjectId: key, detail: { label } })
  return { key, label }
}
