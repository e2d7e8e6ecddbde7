// HTTP routes of help for households: visits, six ones, income plans, welfare posts, instructors and coverage.
import * as contract from '#shared/contracts/http/assistance.ts'
import * as households from '#shared/contracts/http/households.ts'
import type { NounRoutes } from '../context.ts'
import { registerRoute } from '../http/register-route.ts'
import { listCoverage, listHelpers } from './helper-coverage.ts'
import { listHelperCandidates } from './helper-candidates.ts'
import { listIncomePlans, writeIncomePlan } from './income-plans.ts'
import { enterInstructor, listGuidances, listInstructors, recordGuidance, setInstructorActive } from './instructors.ts'
import { nameSixOnes, showSixOnes, tickSixOnes } from './six-ones.ts'
import { listVisits, logVisit } from './visits.ts'
import { endWelfarePost, giveWelfarePost, listWelfarePosts } from './welfare-posts.ts'

export const assistanceRoutes: NounRoutes = (app, { database }) => {
  registerRoute(app, contract.logVisit, ({ params, body, account: viewer }) =>
    database.run((ctx) => logVisit(ctx, { viewer, ...params, ...body })),
  )
  registerRoute(app, contract.listVisits, ({ query, account }) =>
    database.read((ctx) => listVisits(ctx, account, query)),
  )
  registerRoute(app, contract.getSixOnes, ({ params, query, account }) =>
    database.read((ctx) => showSixOnes(ctx, account, params.householdCode, query.year)),
  )
  registerRoute(app, contract.tickSixOnes, ({ params, body, account: viewer }) =>
    database.run((ctx) => tickSixOnes(ctx, { viewer, ...params, ...body })),
  )
  registerRoute(app, contract.nameSixOnes, ({ params, body, account: { accountId: byAccountId } }) =>
    database.run((ctx) => nameSixOnes(ctx, { byAccountId, ...params, ...body })),
  )
  registerRoute(app, contract.writeIncomePlan, ({ params, body, account: viewer }) =>
    database.run((ctx) => writeIncomePlan(ctx, { viewer, ...params, ...body })),
  )
  registerRoute(app, contract.listIncomePlans, ({ params, query, account }) =>
    database.read((ctx) => listIncomePlans(ctx, account, params.householdCode, query)),
  )
  registerRoute(app, contract.giveWelfarePost, ({ params, body, account: viewer }) =>
    database.run((ctx) => giveWelfarePost(ctx, { viewer, ...params, ...body })),
  )
  registerRoute(app, contract.endWelfarePost, ({ params, body, account: viewer }) =>
    database.run((ctx) => endWelfarePost(ctx, { viewer, ...params, ...body })),
  )
  registerRoute(app, contract.listWelfarePosts, ({ params, query, account }) =>
    database.read((ctx) => listWelfarePosts(ctx, account, params.householdCode, query)),
  )
  registerRoute(app, contract.listInstructors, ({ query }) => database.read((ctx) => listInstructors(ctx, query)))
  registerRoute(app, contract.enterInstructor, ({ body, account: { accountId: byAccountId } }) =>
    database.run((ctx) => enterInstructor(ctx, { ...body, byAccountId })),
  )
  registerRoute(app, contract.setInstructorActive, ({ params, body, account: { accountId: byAccountId } }) =>
    database.run((ctx) => setInstructorActive(ctx, { byAccountId, ...params, ...body })),
  )
  registerRoute(app, contract.recordGuidance, ({ params, body, account: viewer }) =>
    database.run((ctx) => recordGuidance(ctx, { viewer, ...params, ...body })),
  )
  registerRoute(app, contract.listGuidances, ({ query, account }) =>
    database.read((ctx) => listGuidances(ctx, account, query)),
  )
  registerRoute(app, households.listHelpers, ({ query, account }) =>
    database.read((ctx) => listHelpers(ctx, account, query)),
  )
  registerRoute(app, households.listHelperCandidates, ({ query, account }) =>
    database.read((ctx) => listHelperCandidates(ctx, account, query)),
  )
  registerRoute(app, households.listHelperCoverage, ({ query, account }) =>
    database.read((ctx) => listCoverage(ctx, account, query)),
  )
}
