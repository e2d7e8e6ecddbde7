// Queries of accounts and sign-ins, for this noun's use cases.
import { and, asc, desc, eq, gt, inArray, like, ne, or } from 'drizzle-orm'
import type { Role } from '#shared/contracts/http/route.ts'
import { countRows } from '../db/expressions.ts'
import { behindKey, keyOfCursor, type PageRequest } from '../db/keyset.ts'
import { one, rows, statement, type Unit, type UnitContext } from '../db/unit.ts'

export type AccountRow = UnitContext['tables']['accounts']['$inferSelect']

export function* findAccountByLogin({ db, tables: { accounts } }: UnitContext, login: string) {
  return yield* one(db.select().from(accounts).where(eq(accounts.login, login)))
}

export function* findAccount({ db, tables: { accounts } }: UnitContext, accountId: string) {
  return yield* one(db.select().from(accounts).where(eq(accounts.accountId, accountId)))
}

/** By the fingerprint of a number that was the login once. */
export function* findAccountByFingerprint({ db, tables: { accounts } }: UnitContext, fingerprint: string) {
  return yield* one(db.select().from(accounts).where(eq(accounts.loginFingerprint, fingerprint)))
}

/** Roles of each account, in the order of the contract's list. */
export function* findRoles(
  { db, tables: { accountRoles } }: UnitContext,
  accountIds: readonly string[],
): Unit<Map<string, Role[]>> {
  const byAccount = new Map<string, Role[]>()
  if (accountIds.length === 0) return byAccount
  const found = yield* rows(
    db
      .select()
      .from(accountRoles)
      .where(inArray(accountRoles.accountId, [...accountIds])),
  )
  for (const { accountId, role } of found) byAccount.set(accountId, [...(byAccount.get(accountId) ?? []), role])
  return byAccount
}

interface SignInRow {
  signInId: string
  endsAtMs: number
  idleMs: number | null
  expiresAtMs: number
  accountId: string
  login: string
  displayName: string
  hostSiteId: string | null
  householdCode: string | null
  areaCode: string | null
  mustChangePassword: boolean
  secondFactorAtMs: number | null
  role: Role | null
}

/** One row per role (or one with null) of a live sign-in of an open account; on every request. */
const liveSignIn = statement<{ tokenHash: string; nowMs: number }, SignInRow>(
  ({ db, tables: { accounts, accountRoles, secondFactors, signIns } }, p) =>
    db
      .select({
        signInId: signIns.signInId,
        endsAtMs: signIns.endsAtMs,
        idleMs: signIns.idleMs,
        expiresAtMs: signIns.expiresAtMs,
        accountId: accounts.accountId,
        login: accounts.login,
        displayName: accounts.displayName,
        hostSiteId: accounts.hostSiteId,
        householdCode: accounts.householdCode,
        areaCode: accounts.areaCode,
        mustChangePassword: accounts.mustChangePassword,
        secondFactorAtMs: secondFactors.confirmedAtMs,
        role: accountRoles.role,
      })
      .from(signIns)
      .innerJoin(accounts, eq(accounts.accountId, signIns.accountId))
      .leftJoin(accountRoles, eq(accountRoles.accountId, accounts.accountId))
      .leftJoin(secondFactors, eq(secondFactors.accountId, accounts.accountId))
      .where(and(eq(signIns.tokenHash, p.tokenHash), gt(signIns.expiresAtMs, p.nowMs), eq(accounts.isActive, true))),
)

export function* findSignIn(ctx: UnitContext, tokenHash: string): Unit<SignInRow[]> {
  return yield* rows(liveSignIn.with({ tokenHash, nowMs: ctx.now() }))
}

export function* countOtherAdmins(
  { db, tables: { accounts, accountRoles } }: UnitContext,
  accountId: string,
): Unit<number> {
  const found = yield* one(
    db
      .select({ count: countRows() })
      .from(accountRoles)
      .innerJoin(accounts, eq(accounts.accountId, accountRoles.accountId))
      .where(and(eq(accountRoles.role, 'admin'), eq(accounts.isActive, true), ne(accounts.accountId, accountId))),
  )
  return found?.count ?? 0
}

/** How the accounts are sorted: by when they were made, or by login. */
export interface AccountSorted {
  readonly order?: 'newest' | 'oldest' | 'login-ascending' | 'login-descending' | undefined
}

const isByLogin = ({ order }: AccountSorted) => order === 'login-ascending' || order === 'login-descending'

/** Where a row stands in the list. */
export const accountKey = (sorted: AccountSorted, { accountId, login }: Pick<AccountRow, 'accountId' | 'login'>) => [
  isByLogin(sorted) ? login : accountId,
]

/** Accounts, one more than the page holds. `%` and `_` in the search are taken as they are. */
export function* listAccountRows(
  { db, tables: { accounts, accountRoles } }: UnitContext,
  query: PageRequest &
    AccountSorted & {
      readonly search?: string | undefined
      readonly role?: Role | undefined
      readonly isActive?: boolean | undefined
    },
): Unit<AccountRow[]> {
  const holders =
    query.role === undefined
      ? undefined
      : db.select({ id: accountRoles.accountId }).from(accountRoles).where(eq(accountRoles.role, query.role))
  const column = isByLogin(query) ? accounts.login : accounts.accountId
  const isAscending = query.order === 'oldest' || query.order === 'login-ascending'
  const text = query.search?.replace(/[%_\\]/g, '')
  return yield* rows(
    db
      .select()
      .from(accounts)
      .where(
        and(
          behindKey([column], keyOfCursor(query.cursor, 1), isAscending ? 'ascending' : 'descending'),
          holders === undefined ? undefined : inArray(accounts.accountId, holders),
          query.isActive === undefined ? undefined : eq(accounts.isActive, query.isActive),
          text === undefined || text === ''
            ? undefined
            : or(like(accounts.login, `%${text.toLowerCase()}%`), like(accounts.displayName, `%${text}%`)),
        ),
      )
      .orderBy(isAscending ? asc(column) : desc(column))
      .limit(query.limit + 1),
  )
}
