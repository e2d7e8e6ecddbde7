// HTTP routes of alerts, their rules and who is told.
import * as contract from '#shared/contracts/http/alerts.ts'
import type { NounRoutes } from '../context.ts'
import { RefusalError } from '../errors/refusal.ts'
import { registerRoute } from '../http/register-route.ts'
import { acknowledgeAlert, changeRule, escalateAlert, listAlerts, listRules } from './handle-alerts.ts'
import { isPlainlyClosed, type Reach } from './outward-reach.ts'
import { pushKeysOf } from './push.ts'
import { addRecipient, listRecipients, removeRecipient, testRecipient } from './recipients.ts'
import { subscribePush, unsubscribePush } from './subscribe-push.ts'

/** Refuses at once what would be refused when a message leaves; a name is resolved only then. */
function refuseClosed(url: string, field: string, reach: Reach): void {
  if (isPlainlyClosed(url, reach)) throw new RefusalError('alert.address_closed', undefined, { field })
}

export const alertRoutes: NounRoutes = (app, { database, sealer, config }) => {
  registerRoute(app, contract.listAlerts, ({ query }) => database.read((ctx) => listAlerts(ctx, query)))
  registerRoute(app, contract.acknowledgeAlert, ({ params, body, account: { accountId: byAccountId } }) =>
    database.run((ctx) => acknowledgeAlert(ctx, { byAccountId, ...params, ...body })),
  )
  registerRoute(app, contract.escalateAlert, ({ params, body, account: { accountId: byAccountId } }) =>
    database.run((ctx) => escalateAlert(ctx, { byAccountId, ...params, ...body })),
  )
  registerRoute(app, contract.listAlertRules, async () => ({ rows: await database.read(listRules) }))
  registerRoute(app, contract.changeAlertRule, ({ params, body, account: { accountId: byAccountId } }) =>
    database.run((ctx) => changeRule(ctx, { byAccountId, ...params, ...body })),
  )
  registerRoute(app, contract.listAlertRecipients, async () => ({ rows: await database.read(listRecipients) }))
  registerRoute(app, contract.addAlertRecipient, ({ body, account: { accountId: byAccountId } }) => {
    if (body.channel === 'webhook') refuseClosed(body.address, 'address', config.alertReach)
    const canMail = config.mail !== undefined
    return database.run((ctx) => addRecipient(ctx, { byAccountId, sealer, canMail, ...body }))
  })
  registerRoute(app, contract.removeAlertRecipient, ({ params, account: { accountId: byAccountId } }) =>
    database.run((ctx) => removeRecipient(ctx, { byAccountId, ...params })),
  )
  registerRoute(app, contract.testAlertRecipient, ({ params, account: { accountId: byAccountId } }) =>
    database.run((ctx) => testRecipient(ctx, { byAccountId, ...params })),
  )
  registerRoute(app, contract.getPushKey, () => ({ publicKey: pushKeysOf(sealer).publicKey }))
  registerRoute(app, contract.subscribePush, async ({ body, account: { accountId, displayName: name } }) => {
    refuseClosed(body.endpoint, 'endpoint', config.alertReach)
    const by = { accountId, name }
    return { recipientId: await database.run((ctx) => subscribePush(ctx, { ...body, by, sealer })) }
  })
  registerRoute(app, contract.unsubscribePush, ({ body, account: { accountId: byAccountId } }) =>
    database.run((ctx) => unsubscribePush(ctx, { ...body, byAccountId, sealer })),
  )
}
