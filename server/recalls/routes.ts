// HTTP routes of recalls.
import * as contract from '#shared/contracts/http/recalls.ts'
import { recordAudit } from '../audit/record-audit.ts'
import type { NounRoutes } from '../context.ts'
import { registerRoute } from '../http/register-route.ts'
import type { SignedIn } from '../http/register-route.ts'
import { walletPayments } from '../payments/wallet-payments.ts'
import { closeRecall, recallLot } from './recall-lot.ts'
import { refundRecalled } from './refund-recalled.ts'
import { countBuyers, getRecall, listBuyers, listPlaces, listRecalls } from './show-recall.ts'

const actorOf = ({ accountId, displayName }: SignedIn) => ({ accountId, name: displayName })

export const recallRoutes: NounRoutes = (app, server) => {
  const { database } = server
  registerRoute(app, contract.openRecall, async ({ body, account }) => {
    const { effects, reach, ...opened } = await database.run(function* (ctx) {
      const recalled = yield* recallLot(ctx, { ...body, by: actorOf(account) })
      return { ...recalled, reach: yield* countBuyers(ctx, body.lotId) }
    })
    server.perform(effects)
    return { ...opened, ...reach }
  })
  registerRoute(app, contract.listRecalls, ({ query }) => database.read((ctx) => listRecalls(ctx, query)))
  registerRoute(app, contract.getRecall, ({ params }) => database.read((ctx) => getRecall(ctx, params.recallId)))
  registerRoute(app, contract.listRecallPlaces, ({ params, query }) =>
    database.read((ctx) => listPlaces(ctx, params.recallId, query)),
  )
  registerRoute(app, contract.listRecallBuyers, ({ params, query, account }) =>
    database.run(function* (ctx) {
      const page = yield* listBuyers(ctx, params.recallId, query)
      yield* recordAudit(ctx, {
        accountId: account.accountId,
        action: 'recall.buyers_seen',
        subjectId: params.recallId,
        detail: { rows: page.rows.length },
      })
      return page
    }),
  )
  registerRoute(app, contract.refundRecall, ({ params, account }) =>
    database.run(function* (ctx) {
      const part = yield* refundRecalled(ctx, walletPayments, { ...params, byAccountId: account.accountId })
      const { accountId } = account
      yield* recordAudit(ctx, { accountId, action: 'recall.refunded', subjectId: params.recallId, detail: { ...part } })
      return part
    }),
  )
  registerRoute(app, contract.closeRecall, async ({ params, body, account }) => {
    server.perform(await database.run((ctx) => closeRecall(ctx, { ...params, ...body, by: actorOf(account) })))
  })
}
