// HTTP routes of offline passes.
import * as contract from '#shared/contracts/http/offline-passes.ts'
import type { NounRoutes } from '../context.ts'
import { registerRoute } from '../http/register-route.ts'
import { walletPayments } from '../payments/wallet-payments.ts'
import { runOnce } from '../sessions/run-once.ts'
import { issuePass } from './issue-pass.ts'
import { setOfflineSelling } from './offline-selling.ts'
import { PassSigner } from './pass-signer.ts'
import { revokePass } from './revoke-pass.ts'
import { defaultPassSettings } from './settings.ts'
import { listPasses, showPasses } from './show-passes.ts'

export const offlinePassRoutes: NounRoutes = (app, server) => {
  const { database, signer, clock } = server
  const settings = defaultPassSettings
  const deps = { passSigner: new PassSigner(signer, clock), payments: walletPayments, settings }
  const { graceMs } = settings
  registerRoute(app, contract.issueOfflinePass, async ({ body, account }) => {
    const request = { ...body, accountId: account.accountId, accountName: account.displayName }
    return await runOnce(database, function* (ctx) {
      const pass = yield* issuePass(ctx, deps, request)
      const [view] = yield* showPasses(ctx, [pass], { graceMs, hasCode: true })
      if (view === undefined) throw new Error('the pass just made is shown')
      return view
    })
  })
  registerRoute(app, contract.listMyOfflinePasses, ({ query, account }) =>
    database.read((ctx) => listPasses(ctx, { ...query, accountId: account.accountId, graceMs })),
  )
  registerRoute(app, contract.listOfflinePasses, ({ query }) =>
    database.read((ctx) => listPasses(ctx, { ...query, graceMs })),
  )
  registerRoute(app, contract.revokeOfflinePass, async ({ params, account }) => {
    const { accountId: byAccountId, displayName: byName, roles } = account
    const isStaff = roles.includes('operator') || roles.includes('admin')
    const { view, effects } = await database.run(function* (ctx) {
      const revoked = yield* revokePass(ctx, signer, { ...params, byAccountId, byName, isStaff })
      const [shown] = yield* showPasses(ctx, [revoked.pass], { graceMs, hasCode: false })
      if (shown === undefined) throw new Error('the pass just revoked is shown')
      return { view: shown, effects: revoked.effects }
    })
    server.perform(effects)
    return view
  })
  registerRoute(app, contract.setOfflineSelling, async ({ params, body, account }) => {
    const change = { ...params, ...body, byAccountId: account.accountId, byName: account.displayName }
    const { twin, effects } = await database.run((ctx) => setOfflineSelling(ctx, change))
    server.perform(effects)
    return { version: twin.version }
  })
}
