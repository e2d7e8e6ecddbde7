// Makes accounts, all or none. The one way accounts come to be: import, joining a site, the first administrator, demo data.
import { inArray } from 'drizzle-orm'
import type { Role } from '#shared/contracts/http/route.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { insertRows, rows, type Unit, type UnitContext } from '../db/unit.ts'
import { findTakenOutHouseholds } from '../households/find-unknown-household.ts'
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

/** What is wrong with an account of a list; `index` is its place in it. */
export interface AccountFault {
  readonly index: number
  readonly field: 'login' | 'hostSiteId' | 'householdCode' | 'areaCode'
  readonly message: string
}

type Named = Pick<NewAccount, 'login' | 'roles' | 'hostSiteId' | 'householdCode' | 'areaCode'>

/** Logins that are taken or named twice, sites that there are not, households that were taken out, and roles that lack what they need. */
export function* findAccountFaults(ctx: UnitContext, accounts: readonly Named[]): Unit<AccountFault[]> {
  const logins = accounts.map((account) => foldLogin(account.login))
  const taken = yield* findTaken(ctx, logins)
  const siteIds = [...new Set(accounts.flatMap(({ hostSiteId }) => (hostSiteId === undefined ? [] : [hostSiteId])))]
  const { hostSites } = ctx.tables
  const sites = new Set(
    (yield* rows(
      ctx.db.select({ id: hostSites.hostSiteId }).from(hostSites).where(inArray(hostSites.hostSiteId, siteIds)),
    )).map(({ id }) => id),
  )
  const codes = accounts.flatMap(({ householdCode }) => (householdCode === undefined ? [] : [householdCode]))
  const takenOut = yield* findTakenOutHouseholds(ctx, codes)
  const faults: AccountFault[] = []
  const seen = new Set<string>()
  for (const [index, account] of accounts.entries()) {
    const login = foldLogin(account.login)
    if (taken.has(login)) faults.push({ index, field: 'login', message: 'there is an account with this login' })
    else if (seen.has(login)) faults.push({ index, field: 'login', message: 'this login is in the list twice' })
    seen.add(login)
    if (account.hostSiteId !== undefined && !sites.has(account.hostSiteId))
      faults.push({ index, field: 'hostSiteId', message: 'there is no such host site' })
    if (account.roles.includes('farmer') && !/^\d{16}$/.test(account.householdCode ?? ''))
      faults.push({ index, field: 'householdCode', message: 'a farmer needs a household code of 16 digits' })
    if (takenOut.has(account.householdCode ?? ''))
      faults.push({ index, field: 'householdCode', message: 'this household was taken out of the register' })
    if (account.roles.includes('desk') && account.areaCode === undefined)
      faults.push({
        index,
        field: 'areaCode',
        message: 'a desk needs the code of its district, town or village',
      })
  }
  return faults
}

/**
 * Adds the accounts and returns their ids in the same order. Refuses the whole list with one error per row
 * (`accounts.3.login`) when a login is taken, named twice, or an account is inconsistent in itself.
 */
export function* addAccounts(ctx: UnitContext, accounts: readonly NewAccount[]): Unit<Id[]> {
  const faults = yield* findAccountFaults(ctx, accounts)
  if (faults.length > 0)
    throw new InvalidRequestError(
      faults.map(({ index, field, message }) => ({ field: `accounts.${index}.${field}`, message })),
    )
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
