// Plans whose basis holds what a register import had entered that was taken back since. Such a plan cannot be carried on: it is
// withdrawn and drafted anew.
import { and, eq, gte, inArray, lte, ne, or } from 'drizzle-orm'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { openStates } from './rules.ts'
import type { PlanRow } from './store.ts'

/** Ids of the plans among these, at most a page of them, that can still go on and rest on a register that was taken back. */
export function* findOnReversedRegister(ctx: UnitContext, planIds: readonly string[]): Unit<Set<string>> {
  const { distributionPlans: p, registerImports: i } = ctx.tables
  if (planIds.length === 0) return new Set()
  // Shares alone decide but for patronage, where membership does too; a second distribution names its payees itself.
  const isOfBasis = or(eq(p.template, 'PATRONAGE'), and(ne(p.template, 'SECOND'), eq(i.register, 'holdings')))
  const wasStanding = and(
    lte(i.importedAtMs, p.preparedAtMs),
    lte(i.fromMs, p.atMs),
    gte(i.reversedAtMs, p.preparedAtMs),
  )
  const found = yield* rows(
    ctx.db
      .selectDistinct({ planId: p.planId })
      .from(p)
      .innerJoin(i, eq(i.organisationId, p.organisationId))
      .where(and(inArray(p.planId, [...planIds]), inArray(p.state, openStates), isOfBasis, wasStanding)),
  )
  return new Set(found.map(({ planId }) => planId))
}

/** Refuses with distribution.register_reversed. */
export function* requireStandingRegisters(ctx: UnitContext, { planId }: PlanRow): Unit<void> {
  if ((yield* findOnReversedRegister(ctx, [planId])).has(planId))
    throw new RefusalError('distribution.register_reversed')
}
