// HTTP routes of distributions: preview, draft, publication, resolution, run and reversal.
import * as contract from '#shared/contracts/http/distributions.ts'
import { recordAudit } from '../audit/record-audit.ts'
import type { Facts } from '../audit/schema.ts'
import type { NounRoutes } from '../context.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { registerRoute } from '../http/register-route.ts'
import { publishDistribution, recordResolution, withdrawDistribution } from './decide-distribution.ts'
import { draftDistribution, workOutDistribution } from './draft-distribution.ts'
import { reverseDistribution } from './reverse-distribution.ts'
import { runDistribution } from './run-distribution.ts'
import { listLines, listPlans, listTradedLots, showDistribution, showPlan, showPreview } from './show-distribution.ts'
import { requirePlan } from './store.ts'
import type { PlanRow } from './store.ts'

/** A second distribution may name 5,000 payees. */
const requestBodyBytes = 1_048_576

export const distributionRoutes: NounRoutes = (app, server) => {
  const { database } = server
  registerRoute(
    app,
    contract.previewDistribution,
    async ({ params: { organisationId }, body }) => {
      const request = { organisationId, ...body }
      return showPreview(await database.read((ctx) => workOutDistribution(ctx, request)), request)
    },
    { bodyLimitBytes: requestBodyBytes },
  )
  registerRoute(
    app,
    contract.draftDistribution,
    ({ params: { organisationId }, body, account: { accountId } }) =>
      database.run(function* (ctx) {
        const plan = yield* draftDistribution(ctx, { organisationId, ...body }, accountId)
        const { planId, template, totalFen, basisHash } = plan
        const audit = { accountId, action: 'distribution.drafted', subjectId: planId }
        yield* recordAudit(ctx, { ...audit, after: { organisationId, template, totalFen, basisHash } })
        return showPlan(plan)
      }),
    { bodyLimitBytes: requestBodyBytes },
  )
  registerRoute(app, contract.listDistributions, ({ query }) => database.read((ctx) => listPlans(ctx, query)))
  registerRoute(app, contract.getDistribution, ({ params }) =>
    database.read((ctx) => showDistribution(ctx, params.planId)),
  )
  registerRoute(app, contract.listDistributionLines, ({ params, query }) =>
    database.read((ctx) => listLines(ctx, params.planId, query)),
  )
  registerRoute(app, contract.listTradedLots, ({ params, query }) =>
    database.read((ctx) => listTradedLots(ctx, params.planId, query)),
  )
  decisionRoutes(app, server)
  bookingRoutes(app, server)
}

/** Moves a plan with its row in the trail: as it was, and as it is. */
function* moveAudited(
  ctx: UnitContext,
  audit: { readonly accountId: string; readonly planId: string; readonly why?: string; readonly after?: Facts },
  move: Unit<PlanRow>,
): Unit<PlanRow> {
  const { accountId, planId, why, after } = audit
  const { state: before } = yield* requirePlan(ctx, planId)
  const plan = yield* move
  yield* recordAudit(ctx, {
    accountId,
    action: `distribution.${plan.state}`,
    subjectId: planId,
    why,
    before: { state: before },
    after: { state: plan.state, ...after },
  })
  return plan
}

const decisionRoutes: NounRoutes = (app, { database }) => {
  registerRoute(app, contract.publishDistribution, async ({ params: { planId }, body, account: { accountId } }) => {
    const publication = { planId, ...body, publishedBy: accountId }
    const audit = { accountId, planId, after: body }
    return showPlan(await database.run((ctx) => moveAudited(ctx, audit, publishDistribution(ctx, publication))))
  })
  registerRoute(app, contract.recordResolution, async ({ params: { planId }, body, account: { accountId } }) => {
    const resolution = { ...body, resolvedBy: accountId }
    const audit = { accountId, planId, after: body }
    return showPlan(await database.run((ctx) => moveAudited(ctx, audit, recordResolution(ctx, planId, resolution))))
  })
  registerRoute(app, contract.withdrawDistribution, async ({ params: { planId }, body, account: { accountId } }) => {
    const audit = { accountId, planId, why: body.reason }
    return showPlan(
      await database.run((ctx) => moveAudited(ctx, audit, withdrawDistribution(ctx, planId, body.reason))),
    )
  })
}

const bookingRoutes: NounRoutes = (app, { database }) => {
  registerRoute(app, contract.runDistribution, ({ params: { planId }, account: { accountId } }) =>
    database.run(function* (ctx) {
      const { plan } = yield* runDistribution(ctx, planId, accountId)
      return showPlan(plan)
    }),
  )
  registerRoute(app, contract.reverseDistribution, ({ params: { planId }, body, account: { accountId } }) =>
    database.run(function* (ctx) {
      const { plan, takenFen, borneFen } = yield* reverseDistribution(ctx, {
        planId,
        byAccountId: accountId,
        reason: body.reason,
      })
      return { plan: showPlan(plan), takenFen, borneFen }
    }),
  )
}
