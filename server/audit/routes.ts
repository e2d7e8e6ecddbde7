// HTTP routes of the audit trail; reading only.
import * as contract from '#shared/contracts/http/audit.ts'
import type { NounRoutes } from '../context.ts'
import { registerRoute } from '../http/register-route.ts'
import { checkAudit } from './check-audit.ts'
import { listAudit } from './list-audit.ts'

export const auditRoutes: NounRoutes = (app, { database }) => {
  registerRoute(app, contract.listAudit, ({ query }) => database.read((ctx) => listAudit(ctx, query)))
  registerRoute(app, contract.checkAudit, async () => {
    const { checkedRows, checkedChains, broken } = await checkAudit(database)
    return { isWhole: broken.length === 0, checkedRows, checkedChains, broken: [...broken] }
  })
}
