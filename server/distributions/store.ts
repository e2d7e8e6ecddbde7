// SQL of distributions: plans by key, and what a plan was computed from.
import { and, asc, eq } from 'drizzle-orm'
import type { Page, TimedPageRequest } from '../db/keyset.ts'
import { behindInTime, inTimeOrder, pageOfRows } from '../db/keyset.ts'
import { exec, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { mayMove } from './rules.ts'
import type { BasisRow, PlanState } from './rules.ts'

type Tables = UnitContext['tables']
export type PlanRow = Tables['distributionPlans']['$inferSelect']
export type LineRow = Tables['distributionLines']['$inferSelect']
export type RunRow = Tables['distributionRuns']['$inferSelect']
export type BookingRow = Tables['distributionBookings']['$inferSelect']

/** Refuses with distribution.unknown. */
export function* requirePlan({ db, tables: { distributionPlans: t } }: UnitContext, planId: string): Unit<PlanRow> {
  const plan = yield* one(db.select().from(t).where(eq(t.planId, planId)))
  if (plan === undefined) throw new RefusalError('distribution.unknown')
  return plan
}

/** Puts a plan into another state. Refuses with distribution.move_impossible. */
export function* movePlan(
  { db, tables: { distributionPlans: t } }: UnitContext,
  plan: PlanRow,
  change: Partial<PlanRow> & { readonly state: PlanState },
): Unit<PlanRow> {
  if (!mayMove(plan.state, change.state))
    throw new RefusalError('distribution.move_impossible', `${plan.state} → ${change.state}`)
  yield* exec(db.update(t).set(change).where(eq(t.planId, plan.planId)))
  return { ...plan, ...change }
}

/** Plans by the date they distribute at, the newest first unless asked otherwise. */
export function* findPlans(
  { db, tables: { distributionPlans: t } }: UnitContext,
  query: TimedPageRequest & { readonly organisationId?: string | undefined; readonly state?: PlanState | undefined },
): Unit<Page<PlanRow>> {
  const found = yield* rows(
    db
      .select()
      .from(t)
      .where(
        and(
          behindInTime([t.atMs, t.planId], query),
          query.organisationId === undefined ? undefined : eq(t.organisationId, query.organisationId),
          query.state === undefined ? undefined : eq(t.state, query.state),
        ),
      )
      .orderBy(...inTimeOrder([t.atMs, t.planId], query))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    (row) => [row.atMs, row.planId],
    (row) => row,
  )
}

export function* findBasis({ db, tables: { distributionBasis: t } }: UnitContext, planId: string): Unit<BasisRow[]> {
  return yield* rows(
    db
      .select({ measure: t.measure, householdCode: t.householdCode, weight: t.weight })
      .from(t)
      .where(eq(t.planId, planId))
      .orderBy(asc(t.measure), asc(t.householdCode)),
  )
}

/** All lines of a plan, in order. */
export function* findLines({ db, tables: { distributionLines: t } }: UnitContext, planId: string): Unit<LineRow[]> {
  return yield* rows(db.select().from(t).where(eq(t.planId, planId)).orderBy(asc(t.ordinal)))
}

export function* findRuns({ db, tables: { distributionRuns: t } }: UnitContext, planId: string): Unit<RunRow[]> {
  return yield* rows(db.select().from(t).where(eq(t.planId, planId)).orderBy(asc(t.atMs), asc(t.runId)))
}

/** What a run booked, in order. */
export function* findBookings(
  { db, tables: { distributionBookings: t } }: UnitContext,
  runId: string,
): Unit<BookingRow[]> {
  return yield* rows(db.select().from(t).where(eq(t.runId, runId)).orderBy(asc(t.ordinal)))
}
