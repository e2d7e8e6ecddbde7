// HTTP of the fleet as a whole: the roll-out against its target, each cabinet's twin with what is not as it should be, and
// self-tests.
import {
  enterFleetTarget as enterTargetRoute,
  getFleetGrid,
  getFleetProgress,
  getTwin,
  listSelfTests,
  runSelfTest,
} from '#shared/contracts/http/fleet.ts'
import type { NounRoutes } from '../context.ts'
import { RefusalError } from '../errors/refusal.ts'
import { registerRoute } from '../http/register-route.ts'
import { findTwin } from './change-twin.ts'
import { showFleetGrid } from './fleet-grid.ts'
import { enterFleetTarget, showFleetProgress } from './fleet-targets.ts'
import { listSelfTestPage, startSelfTest } from './self-tests.ts'
import { findCabinet } from './store.ts'
import { diffTwin } from './twin-diff.ts'

export const fleetRoutes: NounRoutes = (app, ctx) => {
  const { database, config, signer } = ctx
  registerRoute(app, getFleetGrid, ({ query }) => database.read((unit) => showFleetGrid(unit, query)))
  registerRoute(app, getFleetProgress, () => database.read((unit) => showFleetProgress(unit, config.fleetTarget)))
  registerRoute(app, enterTargetRoute, ({ body, account: { accountId: byAccountId } }) =>
    database.run((unit) => enterFleetTarget(unit, { ...body, byAccountId })),
  )
  registerRoute(app, getTwin, ({ params: { cabinetId } }) =>
    database.read(function* (unit) {
      const row = yield* findCabinet(unit, { cabinetId })
      if (row === undefined) throw new RefusalError('cabinet.unknown')
      const desired = yield* findTwin(unit, cabinetId)
      const { reported } = row
      const parts = diffTwin(desired, reported ?? undefined)
      const diff = { ...parts, parts: parts.parts.map((part) => ({ ...part, differences: [...part.differences] })) }
      return { desired, ...(reported === null ? {} : { reported }), diff }
    }),
  )
  registerRoute(app, runSelfTest, async ({ params: { cabinetId }, account: { accountId, displayName: name } }) => {
    const order = { cabinetId, by: { accountId, name } }
    const { effect, commandId, expiresAtMs } = await database.run((unit) => startSelfTest(unit, signer, order))
    ctx.perform([effect])
    return { commandId, expiresAtMs }
  })
  registerRoute(app, listSelfTests, ({ query }) => database.read((unit) => listSelfTestPage(unit, query)))
}
