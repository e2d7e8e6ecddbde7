// HTTP routes of disputes.
import * as contract from '#shared/contracts/http/disputes.ts'
import type { NounRoutes, ServerContext } from '../context.ts'
import { RefusalError } from '../errors/refusal.ts'
import { registerRoute } from '../http/register-route.ts'
import { walletPayments } from '../payments/wallet-payments.ts'
import { requireVisible } from '../sessions/routes.ts'
import { answerDispute } from './answer-dispute.ts'
import { findWeights } from './find-weights.ts'
import { raiseDispute } from './raise-dispute.ts'
import { findDispute, listDisputes } from './show-disputes.ts'

async function requireDispute({ database }: ServerContext, sessionId: string) {
  const dispute = await database.read((ctx) => findDispute(ctx, sessionId))
  if (dispute === undefined) throw new RefusalError('dispute.unknown')
  return dispute
}

export const disputeRoutes: NounRoutes = (app, server) => {
  const { database } = server
  registerRoute(app, contract.getSessionWeights, async ({ params, account }) => {
    await requireVisible(server, params.sessionId, account)
    return await database.read((ctx) => findWeights(ctx, params.sessionId))
  })
  registerRoute(app, contract.raiseDispute, async ({ params, body, account }) => {
    await database.run((ctx) => raiseDispute(ctx, { ...params, ...body, accountId: account.accountId }))
    return await requireDispute(server, params.sessionId)
  })
  registerRoute(app, contract.listDisputes, ({ query }) => database.read((ctx) => listDisputes(ctx, query)))
  registerRoute(app, contract.answerDispute, async ({ params, body, account }) => {
    const answer = { ...params, ...body, byAccountId: account.accountId }
    return await requireDispute(server, await database.run((ctx) => answerDispute(ctx, walletPayments, answer)))
  })
}
