// HTTP routes of revenue plans: two people decide how sales are split.
import { eq } from 'drizzle-orm'
import type { z } from 'zod'
import * as contract from '#shared/contracts/http/money.ts'
import type { NounRoutes } from '../context.ts'
import { one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { registerRoute } from '../http/register-route.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { approveRevenuePlan, draftRevenuePlan, listRevenuePlans } from './revenue-plans.ts'
import { defaultScope } from './schema.ts'
import type { RevenuePlanRow } from './store.ts'

function showPlan(plan: RevenuePlanRow): z.input<typeof contract.RevenuePlan> {
  const { planId, scope, version, state, effectiveFromMs, note, preparedBy, approvedBy, approvedAtMs } = plan
  const { householdBp, supplierBp, organisationBp, operatorBp, fundBp } = plan
  return {
    planId,
    ...(scope === defaultScope ? {} : { supplierId: scope }),
    version,
    state,
    shares: { householdBp, supplierBp, organisationBp, operatorBp, fundBp },
    effectiveFromMs,
    note,
    preparedBy,
    ...(approvedBy === null ? {} : { approvedBy }),
    ...(approvedAtMs === null ? {} : { approvedAtMs }),
  }
}

function* requireSupplier({ db, tables: { suppliers: s } }: UnitContext, supplierId: string): Unit<void> {
  const found = yield* one(db.select({ name: s.name }).from(s).where(eq(s.supplierId, supplierId)))
  if (found === undefined)
    throw new RefusalError('attribution.plan_invalid', 'there is no such supplier', { field: 'supplierId' })
}

export const attributionRoutes: NounRoutes = (app, { database }) => {
  registerRoute(app, contract.listRevenuePlans, async () => ({
    rows: (await database.read(listRevenuePlans)).map(showPlan),
  }))
  registerRoute(app, contract.draftRevenuePlan, ({ body, account }) =>
    database.run(function* (ctx) {
      const { supplierId, shares, effectiveFromMs, note } = body
      if (supplierId !== undefined) yield* requireSupplier(ctx, supplierId)
      const preparedBy = account.accountId
      const plan = yield* draftRevenuePlan(ctx, { supplierId, shares, effectiveFromMs, note, preparedBy })
      const audit = { accountId: preparedBy, action: 'revenue_plan.drafted', subjectId: plan.planId }
      yield* recordAudit(ctx, { ...audit, why: note, after: body })
      return showPlan(plan)
    }),
  )
  registerRoute(app, contract.approveRevenuePlan, ({ params, account }) =>
    database.run(function* (ctx) {
      const plan = yield* approveRevenuePlan(ctx, params.planId, account.accountId)
      const audit = { accountId: account.accountId, action: 'revenue_plan.approved', subjectId: plan.planId }
      const { state, effectiveFromMs } = plan
      yield* recordAudit(ctx, { ...audit, before: { state: 'draft' }, after: { state, effectiveFromMs } })
      return showPlan(plan)
    }),
  )
}
