// Revenue plans: drafted by one person, approved by another, then fixed for ever. A plan holds from its effective instant until
// a later one of the same scope does. Sales already split keep the plan that split them.
import { and, asc, desc, eq, gte, inArray } from 'drizzle-orm'
import { firstFreeInstant } from '#shared/time/free-instant.ts'
import { exec, insertRows, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { findPlanProblem } from './rules.ts'
import type { PlanShares } from './rules.ts'
import { defaultScope } from './schema.ts'
import { findPlanInForce } from './store.ts'
import type { RevenuePlanRow } from './store.ts'

export interface PlanDraft {
  /** Whose sales; undefined: of every supplier without a plan of its own. */
  readonly supplierId: string | undefined
  readonly shares: PlanShares
  /** Epoch ms. */
  readonly effectiveFromMs: number
  readonly note: string
  /** Account of the person. */
  readonly preparedBy: string
}

/** Adds a draft as the next version of its scope. Refuses with attribution.plan_invalid. */
export function* draftRevenuePlan(ctx: UnitContext, draft: PlanDraft): Unit<RevenuePlanRow> {
  const problem = findPlanProblem(draft.shares)
  if (problem !== undefined) throw new RefusalError('attribution.plan_invalid', problem, { field: 'shares' })
  const { revenuePlans: t } = ctx.tables
  const scope = draft.supplierId ?? defaultScope
  const newest = yield* one(
    ctx.db.select({ version: t.version }).from(t).where(eq(t.scope, scope)).orderBy(desc(t.version)).limit(1),
  )
  const { householdBp, supplierBp, organisationBp, operatorBp, fundBp } = draft.shares
  const plan = {
    planId: ctx.newId(),
    scope,
    version: (newest?.version ?? 0) + 1,
    state: 'draft' as const,
    effectiveFromMs: draft.effectiveFromMs,
    householdBp,
    supplierBp,
    organisationBp,
    operatorBp,
    fundBp,
    note: draft.note,
    preparedBy: draft.preparedBy,
    preparedAtMs: ctx.now(),
    approvedBy: null,
    approvedAtMs: null,
  }
  yield* insertRows(t, [plan])
  return plan
}

/**
 * Puts a draft in force from its effective instant, at the earliest from now: sales of the past keep their plan, those too of which
 * a cabinet tells later. Only a plan before which none held may reach back. One approved for the very instant of another takes its place a
 * millisecond later: what is wrong in a plan to come can be put right. Refuses with attribution.plan_not_draft and attribution.plan_same_person.
 */
export function* approveRevenuePlan(ctx: UnitContext, planId: string, approvedBy: string): Unit<RevenuePlanRow> {
  const { revenuePlans: t } = ctx.tables
  const plan = yield* one(ctx.db.select().from(t).where(eq(t.planId, planId)))
  if (plan?.state !== 'draft') throw new RefusalError('attribution.plan_not_draft')
  if (plan.preparedBy === approvedBy) throw new RefusalError('attribution.plan_same_person')
  const earlier = yield* one(
    ctx.db
      .select({ planId: t.planId })
      .from(t)
      // A supplier's first plan comes after the default one.
      .where(and(inArray(t.scope, [plan.scope, defaultScope]), eq(t.state, 'approved')))
      .limit(1),
  )
  const approvedAtMs = ctx.now()
  const fromMs = earlier === undefined ? plan.effectiveFromMs : Math.max(plan.effectiveFromMs, approvedAtMs)
  const taken = yield* rows(
    ctx.db
      .select({ fromMs: t.effectiveFromMs })
      .from(t)
      .where(and(eq(t.scope, plan.scope), eq(t.state, 'approved'), gte(t.effectiveFromMs, fromMs)))
      .orderBy(asc(t.effectiveFromMs)),
  )
  const effectiveFromMs = firstFreeInstant(
    fromMs,
    taken.map((row) => row.fromMs),
  )
  const approved = { ...plan, state: 'approved' as const, approvedBy, approvedAtMs, effectiveFromMs }
  yield* exec(
    ctx.db.update(t).set({ state: 'approved', approvedBy, approvedAtMs, effectiveFromMs }).where(eq(t.planId, planId)),
  )
  return approved
}

/** All plans, by scope and version. */
export function* listRevenuePlans(ctx: UnitContext): Unit<RevenuePlanRow[]> {
  const { revenuePlans: t } = ctx.tables
  return yield* rows(ctx.db.select().from(t).orderBy(asc(t.scope), asc(t.version)))
}

/** The shipped plan, in force where nobody has approved another: most to the households, the fund's 1 % of domain.md. */
export const shippedShares: PlanShares = {
  householdBp: 7000,
  supplierBp: 1500,
  organisationBp: 500,
  operatorBp: 1000,
  fundBp: 100,
}

/** What households get of a price by the plan that holds at an instant, fen, rounded down; 0 without a plan. */
export function* householdPriceOf(supplierId: string, priceFen: number, atMs: number): Unit<number> {
  const plan = yield* findPlanInForce(supplierId, atMs)
  return plan === undefined ? 0 : Math.floor((priceFen * plan.householdBp) / 10_000)
}

/** The least price of which households get so much by the plan that holds at an instant, fen; undefined where none does. */
export function* leastPriceForHouseholds(
  supplierId: string,
  householdFen: number,
  atMs: number,
): Unit<number | undefined> {
  const plan = yield* findPlanInForce(supplierId, atMs)
  if (plan === undefined || plan.householdBp === 0) return undefined
  return Math.ceil((householdFen * 10_000) / plan.householdBp)
}

/** Puts the shipped plan in force from the beginning of time, unless a default plan is approved. Run at start. */
export function* ensureDefaultPlan(ctx: UnitContext): Unit<void> {
  const { revenuePlans: t } = ctx.tables
  const known = yield* one(
    ctx.db
      .select({ planId: t.planId })
      .from(t)
      .where(and(eq(t.scope, defaultScope), eq(t.state, 'approved')))
      .limit(1),
  )
  if (known !== undefined) return
  const draft = yield* draftRevenuePlan(ctx, {
    supplierId: undefined,
    shares: shippedShares,
    effectiveFromMs: 0,
    note: '随系统提供的默认分配方案',
    preparedBy: 'shipped',
  })
  yield* approveRevenuePlan(ctx, draft.planId, 'first-start')
}
