// What administrators and auditors see of an account: never its password's hash or a session's token.
import { and, desc, eq, gt } from 'drizzle-orm'
import type { z } from 'zod'
import type { getAccount, ListedAccount } from '#shared/contracts/http/identity.ts'
import type { Role } from '#shared/contracts/http/route.ts'
import { one, rows, type Unit, type UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { type AccountRow, findAccount, findRoles } from './store.ts'

/** Sign-ins listed of one account. */
const listedSignIns = 100

export function showListed(account: AccountRow, roles: readonly Role[]): z.input<typeof ListedAccount> {
  const { accountId, login, displayName, hostSiteId, areaCode, isActive } = account
  return {
    accountId,
    login,
    displayName,
    roles: [...roles],
    isActive,
    ...(hostSiteId === null ? {} : { hostSiteId }),
    ...(areaCode === null ? {} : { areaCode }),
  }
}

/** Refuses with identity.account_unknown. */
export function* showAccount(ctx: UnitContext, accountId: string): Unit<z.input<(typeof getAccount)['reply']>> {
  const { signIns: s, hostSites } = ctx.tables
  const account = yield* findAccount(ctx, accountId)
  if (account === undefined) throw new RefusalError('identity.account_unknown')
  const roles = (yield* findRoles(ctx, [accountId])).get(accountId) ?? []
  const signIns = yield* rows(
    ctx.db
      .select({ createdAtMs: s.createdAtMs, expiresAtMs: s.expiresAtMs })
      .from(s)
      .where(and(eq(s.accountId, accountId), gt(s.expiresAtMs, ctx.now())))
      .orderBy(desc(s.createdAtMs))
      .limit(listedSignIns),
  )
  const { hostSiteId, householdCode, mustChangePassword, createdAtMs } = account
  const isThere = eq(hostSites.hostSiteId, hostSiteId ?? '')
  const site = yield* one(ctx.db.select({ name: hostSites.name }).from(hostSites).where(isThere))
  return {
    ...showListed(account, roles),
    ...(site === undefined ? {} : { hostSiteName: site.name }),
    ...(householdCode === null ? {} : { householdCode }),
    mustChangePassword,
    createdAtMs,
    signIns,
  }
}
