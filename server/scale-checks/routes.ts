// HTTP routes of scale checks and verification certificates.
import * as contract from '#shared/contracts/http/scale-checks.ts'
import type { NounRoutes } from '../context.ts'
import type { SignedIn } from '../http/register-route.ts'
import { registerRoute } from '../http/register-route.ts'
import { enterCertificate, revokeCertificate } from './enter-certificate.ts'
import { recordCheck } from './record-check.ts'
import { listCertificates, listChecks } from './store.ts'

const personOf = ({ accountId, displayName }: SignedIn) => ({ accountId, name: displayName })

export const scaleCheckRoutes: NounRoutes = (app, server) => {
  const { database } = server
  registerRoute(app, contract.recordScaleCheck, async ({ params, body, account }) => {
    const order = { ...params, ...body, by: personOf(account) }
    const { effects, ...recorded } = await database.run((ctx) => recordCheck(ctx, order))
    server.perform(effects)
    return recorded
  })
  registerRoute(app, contract.listScaleChecks, ({ query }) => database.read((ctx) => listChecks(ctx, query)))
  registerRoute(app, contract.enterScaleCertificate, async ({ params, body, account }) => {
    const order = { ...params, ...body, by: personOf(account) }
    const { certificateId, effects } = await database.run((ctx) => enterCertificate(ctx, order))
    server.perform(effects)
    return { certificateId }
  })
  registerRoute(app, contract.listScaleCertificates, ({ query }) =>
    database.read((ctx) => listCertificates(ctx, query)),
  )
  registerRoute(app, contract.revokeScaleCertificate, async ({ params, body, account }) => {
    const order = { ...params, ...body, by: personOf(account) }
    server.perform(await database.run((ctx) => revokeCertificate(ctx, order)))
  })
}
