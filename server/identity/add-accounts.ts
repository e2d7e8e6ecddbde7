// Makes accounts, all or none. The one way accounts come to be: import, joining a site, the first administrator, demo data.
import { inArray } from 'drizzle-orm'
import type { Role } from '#shared/contracts/http/route.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { insertRows, rows, type Unit, type UnitContext } from '../db/unit.ts'
import { InvalidRequestError } from '../http/problem.ts'

export interface NewAccount {
  readonly login: string
  readonly displayName: string
  readonly roles: readonly Role[]
  /** From hashPassword. */
  readonly passwordHash: string
  readonly mustChangePassword: boolean
  readonly hostSiteId?: Id | undefined
  readonly householdCode?: string | undefined
  /** A desk's district (6 digits), town (9) or village (12). */
  readonly areaCode?: string | undefined
}

/** Logins are compared without regard to case. */
export function foldLogin(login: string): string {
  return login.toLowerCase()
}

/** Queries name at most this many values at once. */
const maxNames = 500

function* findTaken({ db, tables: { accounts } }: UnitContext, logins: readonly string[]): Unit<Set<string>> {
  const taken = new Set<string>()
  for (let from = 0; from < logins.length; from += maxNames) {
    const part = logins.slice(from, from + maxNames)
    const found = yield* rows(db.select({ login: accounts.login }).from(accounts).where(inArray(accounts.login, part)))
    for (const { login } of found) taken.add(login)
  }
  return taken
}

/**
 * Adds the accounts and returns their ids in the same order. Refuses the whole list with one error per row
 * (`accounts.3.login`) when a login is taken, named twice, or an account is inconsistent in itself.
 */
export function* addAccounts(ctx: UnitContext, accounts: readonly NewAccount[]): Unit<Id[]> {
  const logins = accounts.map((account) => foldLogin(account.login))
  const taken = yield* findTaken(ctx, logins)
  const siteIds = [...new Set(accounts.flatMap(({ hostSiteId }) => (hostSiteId === undefined ? [] : [hostSiteId])))]
  const { hostSites } = ctx.tables
  const sites = new Set(
    (yield* rows(
      ctx.db.select({ id: hostSites.hostSiteId }).from(hostSites).where(inArray(hostSites.hostSiteId, siteIds)),
    )).map(({ id }) => id),
  )
  const errors: Array<{ field: string; message: string }> = []
  const seen = new Set<string>()
  for (const [index, account] of accounts.entries()) {
    const login = foldLogin(account.login)
    const at = `accounts.${index}`
    if (taken.has(login)) errors.push({ field: `${at}.login`, message: 'there is an account with this login' })
    else if (seen.has(login)) errors.push({ field: `${at}.login`, message: 'this login is in the list twice' })
    seen.add(login)
    if (account.hostSiteId !== undefined && !sites.has(account.hostSiteId))
      errors.push({ field: `${at}.hostSiteId`, message: 'there is no such host site' })
    if (account.roles.includes('farmer') && !/^\d{16}$/.test(account.householdCode ?? ''))
      errors.push({ field: `${at}.householdCode`, message: 'a farmer needs a household code of 16 digits' })
    if (account.roles.includes('desk') && account.areaCode === undefined)
      errors.push({ field: `${at}.areaCode`, message: 'a desk needs the code of its district, town or village' })
  }
  if (errors.length > 0) throw new InvalidRequestError(errors)
  const made = accounts.map((account) => ({ accountId: ctx.newId(), ...account }))
  yield* insertRows(
    ctx.tables.accounts,
    made.map((account) => ({
      accountId: account.accountId,
      login: foldLogin(account.login),
      displayName: account.displayName,
      passwordHash: account.passwordHash,
      mustChangePassword: account.mustChangePassword,
      hostSiteId: account.hostSiteId,
      householdCode: account.householdCode,
      areaCode: account.areaCode,
      isActive: true,
      createdAtMs: ctx.now(),
    })),
  )
  yield* insertRows(
    ctx.tables.accountRoles,
    made.flatMap(({ accountId, roles }) => [...new Set(roles)].map((role) => ({ accountId, role }))),
  )
  return made.map(({ accountId }) => accountId)
}
