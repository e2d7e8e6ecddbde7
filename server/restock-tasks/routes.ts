// HTTP routes of restock tasks.
import * as contract from '#shared/contracts/http/restock-tasks.ts'
import type { NounRoutes } from '../context.ts'
import { registerRoute } from '../http/register-route.ts'
import { walletPayments } from '../payments/wallet-payments.ts'
import { runOnce } from '../sessions/run-once.ts'
import { settingsOf } from '../sessions/settings.ts'
import { showSession } from '../sessions/show-session.ts'
import { addSteps } from './add-steps.ts'
import { explainLane } from './explain-lane.ts'
import { listConflicts } from './list-conflicts.ts'
import { openTask } from './open-task.ts'
import { orderTask } from './order-task.ts'
import { keepPhoto, showPhoto } from './photos.ts'
import { planDay } from './plan-day.ts'
import { changeSettings, findSettings } from './settings.ts'
import { listRoutes, showDay } from './show-day.ts'
import { listTasks, showTask, showTaskToWorker } from './show-tasks.ts'

export const restockTaskRoutes: NounRoutes = (app, server) => {
  const { database } = server
  const deps = { signer: server.signer, payments: walletPayments, settings: settingsOf(server.config) }
  registerRoute(app, contract.planRestockDay, ({ params: { day }, body, account }) =>
    database.run(function* (ctx) {
      yield* planDay(ctx, { day, ...body, by: { accountId: account.accountId, name: account.displayName } })
      return yield* showDay(ctx, day)
    }),
  )
  registerRoute(app, contract.getRestockDay, ({ params }) => database.read((ctx) => showDay(ctx, params.day)))
  registerRoute(app, contract.listRestockRoutes, async ({ params, account }) => ({
    rows: await database.read((ctx) => listRoutes(ctx, account, params.day)),
  }))
  registerRoute(app, contract.listRestockTasks, ({ query, account }) =>
    database.read((ctx) => listTasks(ctx, account, query)),
  )
  registerRoute(app, contract.orderRestockTask, ({ body, account }) =>
    database.run(function* (ctx) {
      const taskId = yield* orderTask(ctx, { ...body, byAccountId: account.accountId })
      return yield* showTask(ctx, account, taskId)
    }),
  )
  registerRoute(app, contract.getRestockTask, ({ params, account }) =>
    database.read((ctx) => showTask(ctx, account, params.taskId)),
  )
  registerRoute(app, contract.addRestockSteps, async ({ params: { taskId }, body, account: worker }) => {
    const { effects, ...told } = await database.run(function* (ctx) {
      const { outcomes, effects } = yield* addSteps(ctx, { taskId, worker, ...body })
      return { outcomes, effects, task: yield* showTaskToWorker(ctx, taskId) }
    })
    server.perform(effects)
    return told
  })
  registerRoute(app, contract.openRestockTask, async ({ params: { taskId }, body, account: worker }) => {
    const request = { taskId, worker, ...body }
    const { session, effects } = await runOnce(database, (ctx) => openTask(ctx, deps, request))
    server.perform(effects)
    return showSession(session)
  })
  registerRoute(app, contract.addRestockPhoto, ({ params, query, body: bytes, account: worker }) =>
    database.run((ctx) => keepPhoto(ctx, { ...params, ...query, bytes, worker })),
  )
  registerRoute(app, contract.getRestockPhoto, ({ params, account }) =>
    database.read((ctx) => showPhoto(ctx, account, params)),
  )
  registerRoute(app, contract.explainRestockLane, ({ params, body, account: worker }) =>
    database.run(function* (ctx) {
      yield* explainLane(ctx, { ...params, ...body, worker })
      return yield* showTask(ctx, worker, params.taskId)
    }),
  )
  registerRoute(app, contract.listRestockConflicts, ({ query }) => database.read((ctx) => listConflicts(ctx, query)))
  registerRoute(app, contract.getRestockSettings, () => database.read(findSettings))
  registerRoute(app, contract.putRestockSettings, ({ body, account: { accountId: byAccountId } }) =>
    database.run((ctx) => changeSettings(ctx, { ...body, byAccountId })),
  )
}
