// Income plans (增收计划): what a household means to earn in a year and by which steps, beside what was attributed to it.
import { and, desc, eq } from 'drizzle-orm'
import type { z } from 'zod'
import type { IncomePlan } from '#shared/contracts/http/assistance.ts'
import { districtYearStartMs } from '#shared/time/district-time.ts'
import { incomeBetween } from '../incomes/income-between.ts'
import { sumOfKinds } from '../incomes/rules.ts'
import type { Page, PageRequest } from '../db/keyset.ts'
import { behindKey, keyOfCursor, pageOfRows } from '../db/keyset.ts'
import { insertRows, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { findHousehold } from '../households/find-household.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { refuseNumbers } from '../personal-data/refuse-numbers.ts'
import type { Viewer } from '../personal-data/row-scope.ts'
import type { IncomeMeasure } from './schema.ts'

export type IncomePlanView = z.input<typeof IncomePlan>
type PlanRow = UnitContext['tables']['incomePlans']['$inferSelect']

function showPlan(row: PlanRow, attributedFen: number): IncomePlanView {
  return { ...row, measures: [...row.measures], attributedFen }
}

function* attributedIn(ctx: UnitContext, householdCode: string, year: number): Unit<number> {
  const span = { fromMs: districtYearStartMs(year), beforeMs: districtYearStartMs(year + 1) }
  const incomes = yield* incomeBetween(ctx, [householdCode], span)
  return sumOfKinds(incomes.get(householdCode))
}

/** Writes the next version for the year. Two at once: the later one meets the version's unique key (request.conflict). */
export function* writeIncomePlan(
  ctx: UnitContext,
  input: {
    readonly viewer: Viewer
    readonly householdCode: string
    readonly year: number
    readonly measures: readonly IncomeMeasure[]
  },
): Unit<IncomePlanView> {
  const { viewer, householdCode, year, measures } = input
  const { incomePlans: t } = ctx.tables
  refuseNumbers(Object.fromEntries(measures.map(({ what }, index) => [`measures.${index}.what`, what])))
  yield* findHousehold(ctx, viewer, householdCode)
  const newest = yield* one(
    ctx.db
      .select({ version: t.version })
      .from(t)
      .where(and(eq(t.householdCode, householdCode), eq(t.year, year)))
      .orderBy(desc(t.version))
      .limit(1),
  )
  const plan: PlanRow = {
    planId: ctx.newId(),
    householdCode,
    year,
    version: (newest?.version ?? 0) + 1,
    targetFen: measures.reduce((sum, { expectedFen }) => sum + expectedFen, 0),
    measures,
    writtenBy: viewer.accountId,
    writtenAtMs: ctx.now(),
  }
  yield* insertRows(t, [plan])
  yield* recordAudit(ctx, {
    accountId: viewer.accountId,
    action: 'income_plan.written',
    subjectId: plan.planId,
    detail: { householdCode, year, version: plan.version, targetFen: plan.targetFen },
  })
  return showPlan(plan, yield* attributedIn(ctx, householdCode, year))
}

/** Plans of a household, newest year and version first. */
export function* listIncomePlans(
  ctx: UnitContext,
  viewer: Viewer,
  householdCode: string,
  query: PageRequest,
): Unit<Page<IncomePlanView>> {
  const { incomePlans: t } = ctx.tables
  yield* findHousehold(ctx, viewer, householdCode)
  const found = yield* rows(
    ctx.db
      .select()
      .from(t)
      .where(
        and(
          eq(t.householdCode, householdCode),
          behindKey([t.year, t.version], keyOfCursor(query.cursor, 2), 'descending'),
        ),
      )
      .orderBy(desc(t.year), desc(t.version))
      .limit(query.limit + 1),
  )
  const attributed = new Map<number, number>()
  for (const year of new Set(found.map((plan) => plan.year)))
    attributed.set(year, yield* attributedIn(ctx, householdCode, year))
  return pageOfRows(
    found,
    query.limit,
    ({ year, version }) => [year, version],
    (plan) => showPlan(plan, attributed.get(plan.year) ?? 0),
  )
}
