// SQL of distributions: plans by key, and what a plan was computed from.
import { and, asc, desc, eq } from 'drizzle-orm'
import { behindKey, keyOfCursor, pageOfRows } from '../db/keyset.ts'
import type { Page, PageRequest } from '../db/keyset.ts'
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

/** Plans, newest first. */
export function* findPlans(
  { db, tables: { distributionPlans: t } }: UnitContext,
  query: PageRequest & { readonly organisationId?: string | undefined; readonly state?: PlanState | undefined },
): Unit<Page<PlanRow>> {
  const found = yield* rows(
    db
      .select()
      .from(t)
      .where(
        and(
          behindKey([t.planId], keyOfCursor(query.cursor, 1), 'descending'),
          query.organisationId === undefined ? undefined : eq(t.organisationId, query.organisationId),
          query.state === undefined ? undefined : eq(t.state, query.state),
        ),
      )
      .orderBy(desc(t.planId))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    (row) => [row.planId],
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
