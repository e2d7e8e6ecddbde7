// HTTP routes of lane locks and of the school list.
import * as contract from '#shared/contracts/http/lane-locks.ts'
import type { NounRoutes } from '../context.ts'
import type { SignedIn } from '../http/register-route.ts'
import { registerRoute } from '../http/register-route.ts'
import { listLocks } from './list-locks.ts'
import { lockByHand, releaseByHand } from './lock-by-hand.ts'
import type { Actor } from './lock-lanes.ts'
import { findSchoolList, setSchoolList } from './set-school-list.ts'

const actorOf = ({ accountId, displayName }: SignedIn): Actor => ({ accountId, name: displayName })

export const laneLockRoutes: NounRoutes = (app, server) => {
  const { database } = server
  registerRoute(app, contract.listLaneLocks, ({ query }) => database.read((ctx) => listLocks(ctx, query)))
  registerRoute(app, contract.lockLanesByHand, async ({ params, body, account }) => {
    const order = { ...params, ...body, by: actorOf(account) }
    const { lockIds, effects } = await database.run((ctx) => lockByHand(ctx, order))
    server.perform(effects)
    return { lockIds: [...lockIds] }
  })
  registerRoute(app, contract.releaseLaneLock, async ({ params, body, account }) => {
    const order = { ...params, ...body, by: actorOf(account) }
    server.perform(await database.run((ctx) => releaseByHand(ctx, order)))
  })
  registerRoute(app, contract.getSchoolList, () =>
    database.read(function* (ctx) {
      return { skus: yield* findSchoolList(ctx) }
    }),
  )
  registerRoute(app, contract.putSchoolList, async ({ body, account }) => {
    const order = { ...body, by: actorOf(account) }
    const effects = await database.run((ctx) => setSchoolList(ctx, order))
    server.perform(effects)
    return { cabinetsChanged: effects.length }
  })
}
