// HTTP route of restocks.
import { openForRestock as contract } from '#shared/contracts/http/sessions.ts'
import type { NounRoutes } from '../context.ts'
import { registerRoute } from '../http/register-route.ts'
import { runOnce } from '../sessions/run-once.ts'
import { settingsOf } from '../sessions/settings.ts'
import { showSession } from '../sessions/show-session.ts'
import { walletPayments } from '../payments/wallet-payments.ts'
import { openForRestock } from './open-for-restock.ts'

export const restockRoutes: NounRoutes = (app, server) => {
  const { database } = server
  const deps = { signer: server.signer, payments: walletPayments, settings: settingsOf(server.config) }
  registerRoute(app, contract, async ({ body, account }) => {
    const { accountId, displayName } = account
    const request = { ...body, accountId, accountName: displayName }
    const { session, effects } = await runOnce(database, (ctx) => openForRestock(ctx, deps, request))
    server.perform(effects)
    return showSession(session)
  })
}
