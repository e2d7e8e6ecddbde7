// HTTP of staged roll-outs.
import {
  getRollout,
  listRolloutCabinets,
  listRollouts,
  moveRollout as moveRolloutRoute,
  startRollout as startRolloutRoute,
} from '#shared/contracts/http/rollouts.ts'
import type { NounRoutes } from '../context.ts'
import { registerRoute } from '../http/register-route.ts'
import { moveRollout } from './move-rollout.ts'
import { startRollout } from './start-rollout.ts'
import { listCabinetPage, listRolloutPage, requireRollout, showRollout } from './store.ts'

/** A list of 10,000 cabinets. */
const bodyLimitBytes = 1_048_576

export const rolloutRoutes: NounRoutes = (app, { database }) => {
  registerRoute(
    app,
    startRolloutRoute,
    ({ body, account }) =>
      database.run(function* (unit) {
        const order = { ...body, byAccountId: account.accountId, createdBy: account.displayName }
        const rolloutId = yield* startRollout(unit, order)
        return yield* showRollout(unit, yield* requireRollout(unit, rolloutId))
      }),
    { bodyLimitBytes },
  )
  registerRoute(app, listRollouts, ({ query }) => database.read((unit) => listRolloutPage(unit, query)))
  registerRoute(app, getRollout, ({ params: { rolloutId } }) =>
    database.read(function* (unit) {
      return yield* showRollout(unit, yield* requireRollout(unit, rolloutId))
    }),
  )
  registerRoute(app, listRolloutCabinets, ({ params: { rolloutId }, query }) =>
    database.read(function* (unit) {
      yield* requireRollout(unit, rolloutId)
      return yield* listCabinetPage(unit, rolloutId, query)
    }),
  )
  registerRoute(app, moveRolloutRoute, ({ params: { rolloutId }, body, account: { accountId: byAccountId } }) =>
    database.run(function* (unit) {
      yield* moveRollout(unit, { rolloutId, ...body, byAccountId })
      return yield* showRollout(unit, yield* requireRollout(unit, rolloutId))
    }),
  )
}
