// HTTP routes of stock.
import * as losses from '#shared/contracts/http/stock-losses.ts'
import * as contract from '#shared/contracts/http/stock.ts'
import type { NounRoutes } from '../context.ts'
import type { UnitContext } from '../db/unit.ts'
import { registerRoute } from '../http/register-route.ts'
import { closeLot } from './close-lot.ts'
import { countLane } from './count-lane.ts'
import { recordLoss } from './record-loss.ts'
import { confirmLoss, requestLoss, withdrawLoss } from './request-loss.ts'
import type { LossRequestRow } from './request-loss.ts'
import { listLosses, listLossRequests, showLosses, showLossRequests } from './show-losses.ts'
import { listMoves, showLotStock } from './show-stock.ts'
import { takeOffStock, transferStock } from './transfer-stock.ts'

export const stockRoutes: NounRoutes = (app, server) => {
  const { database, config } = server
  const dayLimitFen = config.lossAloneFen
  registerRoute(app, contract.getLotStock, ({ params }) => database.read((ctx) => showLotStock(ctx, params.lotId)))
  registerRoute(app, contract.listStockMoves, ({ params, query }) =>
    database.read((ctx) => listMoves(ctx, params.lotId, query)),
  )
  registerRoute(app, contract.closeLot, ({ params, body, account }) =>
    database.run((ctx) => closeLot(ctx, { ...params, ...body, by: account.accountId })),
  )
  registerRoute(app, contract.transferStock, async ({ body, account }) => {
    const transfer = { ...body, by: account.accountId }
    const { moveId, effects } = await database.run((ctx) => transferStock(ctx, transfer))
    server.perform(effects)
    return { moveId }
  })
  registerRoute(app, contract.takeOffStock, async ({ body, account }) => {
    const takeOff = { ...body, by: account.accountId }
    const { moveId, effects } = await database.run((ctx) => takeOffStock(ctx, takeOff))
    server.perform(effects)
    return { moveId }
  })
  registerRoute(app, contract.countLane, async ({ body, account }) => {
    const count = { ...body, by: account.accountId }
    const { differences, effects } = await database.run((ctx) => countLane(ctx, count))
    server.perform(effects)
    return { differences }
  })
  registerRoute(app, losses.recordLoss, async ({ body, account }) => {
    const { shown, effects } = await database.run(function* (ctx) {
      const recorded = yield* recordLoss(ctx, { ...body, by: account.accountId, dayLimitFen })
      const [loss] = yield* showLosses(ctx, [recorded.loss])
      return { shown: loss, effects: recorded.effects }
    })
    server.perform(effects)
    return shown as NonNullable<typeof shown>
  })
  registerRoute(app, losses.listLosses, ({ query }) => database.read((ctx) => listLosses(ctx, query)))
  registerRoute(app, losses.requestLoss, ({ body, account }) =>
    database.run(function* (ctx) {
      return yield* showRequest(ctx, yield* requestLoss(ctx, { ...body, by: account.accountId }))
    }),
  )
  registerRoute(app, losses.confirmLoss, async ({ params, account }) => {
    const decision = { ...params, by: account.accountId }
    const { shown, effects } = await database.run(function* (ctx) {
      const confirmed = yield* confirmLoss(ctx, decision, dayLimitFen)
      return { shown: yield* showRequest(ctx, confirmed.request), effects: confirmed.effects }
    })
    server.perform(effects)
    return shown
  })
  registerRoute(app, losses.withdrawLoss, ({ params, account }) =>
    database.run(function* (ctx) {
      return yield* showRequest(ctx, yield* withdrawLoss(ctx, { ...params, by: account.accountId }))
    }),
  )
  registerRoute(app, losses.listLossRequests, ({ query }) => database.read((ctx) => listLossRequests(ctx, query)))
}

function* showRequest(ctx: UnitContext, request: LossRequestRow) {
  const [shown] = yield* showLossRequests(ctx, [request])
  return shown as NonNullable<typeof shown>
}
