// HTTP routes of harvest calls.
import * as contract from '#shared/contracts/http/harvest-calls.ts'
import type { NounRoutes } from '../context.ts'
import { registerRoute } from '../http/register-route.ts'
import { answerCall, deliverCall, withdrawCall } from './answer-call.ts'
import { raiseNeed } from './raise-needs.ts'
import { admitMembers, dismissMember, setTerms } from './set-terms.ts'
import { findCall, findCallToStaff, listCalls, listMembers, listNeeds, listTerms, showTerms } from './show-calls.ts'

export const harvestRoutes: NounRoutes = (app, { database }) => {
  registerRoute(app, contract.listHarvestTerms, ({ query }) => database.read((ctx) => listTerms(ctx, query)))
  registerRoute(app, contract.putHarvestTerms, ({ params, body, account: { accountId: byAccountId } }) =>
    database.run(function* (ctx) {
      yield* setTerms(ctx, { ...params, ...body, byAccountId })
      return yield* showTerms(ctx, params.skuId)
    }),
  )
  registerRoute(app, contract.listHarvestMembers, ({ params, query, account }) =>
    database.read((ctx) => listMembers(ctx, account, { ...params, ...query })),
  )
  registerRoute(app, contract.admitHarvestMembers, async ({ params, body, account: { accountId: byAccountId } }) => ({
    admitted: await database.run((ctx) => admitMembers(ctx, { ...params, ...body, byAccountId })),
  }))
  registerRoute(app, contract.dismissHarvestMember, ({ params, body, account: { accountId: byAccountId } }) =>
    database.run((ctx) => dismissMember(ctx, { ...params, ...body, byAccountId })),
  )
  registerRoute(app, contract.listHarvestNeeds, ({ query }) => database.read((ctx) => listNeeds(ctx, query)))
  registerRoute(app, contract.raiseHarvestNeed, ({ body, account: { accountId: byAccountId } }) =>
    database.run(function* (ctx) {
      const needId = yield* raiseNeed(ctx, { ...body, byAccountId })
      const [need] = (yield* listNeeds(ctx, { needIds: [needId], limit: 1 })).rows
      if (need === undefined) throw new Error('the need is gone')
      return need
    }),
  )
  registerRoute(app, contract.listHarvestCalls, ({ query, account }) =>
    database.read((ctx) => listCalls(ctx, account, query)),
  )
  registerRoute(app, contract.answerHarvestCall, ({ params: { callId }, body, account: viewer }) =>
    database.run(function* (ctx) {
      yield* answerCall(ctx, { viewer, callId, ...body })
      return yield* findCall(ctx, viewer, callId)
    }),
  )
  registerRoute(app, contract.deliverHarvestCall, ({ params: { callId }, body, account: viewer }) =>
    database.run(function* (ctx) {
      yield* deliverCall(ctx, { viewer, callId, ...body })
      return yield* findCallToStaff(ctx, callId)
    }),
  )
  registerRoute(app, contract.withdrawHarvestCall, ({ params: { callId }, body, account: viewer }) =>
    database.run(function* (ctx) {
      yield* withdrawCall(ctx, { viewer, callId, ...body })
      return yield* findCall(ctx, viewer, callId)
    }),
  )
}
