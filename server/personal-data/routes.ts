// HTTP routes of personal data: consents, reveals, and the copy that a household may have of all that is held on it.
import { and, eq } from 'drizzle-orm'
import * as contract from '#shared/contracts/http/personal-data.ts'
import type { NounRoutes } from '../context.ts'
import { one, type Unit, type UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { registerRoute } from '../http/register-route.ts'
import { consentTexts } from './consent-texts.ts'
import { findConsents, recordConsent } from './consents.ts'
import { copyAsCsv } from './copy-as-csv.ts'
import { exportPersonalData } from './export-personal-data.ts'
import { revealPhone } from './reveal-phone.ts'
import { householdScope, type Viewer } from './row-scope.ts'

/** A household out of scope looks like none at all. */
function* requireInScope(ctx: UnitContext, viewer: Viewer, householdCode: string): Unit<void> {
  const { households: h } = ctx.tables
  const found = yield* one(
    ctx.db
      .select({ householdCode: h.householdCode })
      .from(h)
      .where(and(eq(h.householdCode, householdCode), householdScope(ctx, viewer))),
  )
  if (found === undefined) throw new RefusalError('household.not_found')
}

export const personalDataRoutes: NounRoutes = (app, server) => {
  const { database } = server
  registerRoute(app, contract.listConsentTexts, () => ({ rows: [...consentTexts] }))
  registerRoute(app, contract.listConsents, ({ params: { householdCode }, account }) =>
    database.read(function* (ctx) {
      yield* requireInScope(ctx, account, householdCode)
      return { rows: yield* findConsents(ctx, householdCode) }
    }),
  )
  registerRoute(app, contract.recordConsent, ({ params: { householdCode }, body, account }) =>
    database.run(function* (ctx) {
      yield* requireInScope(ctx, account, householdCode)
      return yield* recordConsent(ctx, householdCode, body, account.accountId)
    }),
  )
  registerRoute(app, contract.revealPhone, async ({ params: { householdCode }, body: { reason }, account }) => ({
    phone: await revealPhone(server, account, { householdCode, reason }),
  }))
  /** For the household itself, or an administrator on its behalf. */
  const takeCopy = ({ accountId, roles, householdCode: own }: Viewer, householdCode: string, reason: string) => {
    if (!roles.includes('admin') && own !== householdCode) throw new RefusalError('household.not_found')
    return exportPersonalData(server, { householdCode, accountId, reason })
  }
  registerRoute(app, contract.exportPersonalData, async ({ params: { householdCode }, body: { reason }, account }) =>
    takeCopy(account, householdCode, reason),
  )
  registerRoute(
    app,
    contract.downloadPersonalData,
    async ({ params: { householdCode }, body: { reason }, account }) => ({
      bytes: copyAsCsv(await takeCopy(account, householdCode, reason)),
      mediaType: 'application/zip',
      fileName: `personal-data-${householdCode}.zip`,
    }),
  )
}
