// Changes of an account: its password by its owner; by an administrator its roles, whether it is open, its sign-ins, and a
// one-time password in place of a forgotten one.
import { eq } from 'drizzle-orm'
import { subscribePush } from '#shared/contracts/http/alerts.ts'
import type { Role } from '#shared/contracts/http/route.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { unsubscribeAccount } from '../alerts/subscribe-push.ts'
import type { Effect } from '../context.ts'
import { exec, insertRows, type Unit, type UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { findTakenOutHouseholds } from '../households/find-unknown-household.ts'
import { endSignIns } from './sign-in.ts'
import { countOtherAdmins, findAccount, findRoles } from './store.ts'

/** Stores the new hash, provided the old one is still the one that was checked; ends the account's other sign-ins. */
export function* changePasswordHash(
  ctx: UnitContext,
  input: { accountId: Id; signInId: Id; checkedHash: string; newHash: string },
): Unit<readonly Effect[]> {
  const { accounts } = ctx.tables
  const account = yield* findAccount(ctx, input.accountId)
  if (account === undefined) throw new RefusalError('identity.account_unknown')
  if (account.passwordHash !== input.checkedHash) throw new RefusalError('request.conflict')
  yield* exec(
    ctx.db
      .update(accounts)
      .set({ passwordHash: input.newHash, mustChangePassword: false })
      .where(eq(accounts.accountId, input.accountId)),
  )
  yield* endSignIns(ctx, input.accountId, input.signInId)
  yield* recordAudit(ctx, {
    accountId: input.accountId,
    action: 'identity.password_changed',
    subjectId: input.accountId,
  })
  return [{ kind: 'sign-out', accountId: input.accountId, exceptSessionId: input.signInId }]
}

/** Sets roles or closes an account and ends its sign-ins. Somebody must remain who can administer. */
export function* changeAccess(
  ctx: UnitContext,
  input: {
    byAccountId: Id
    accountId: Id
    roles?: readonly Role[] | undefined
    areaCode?: string | undefined
    householdCode?: string | undefined
    isActive?: boolean | undefined
  },
): Unit<readonly Effect[]> {
  const { accounts, accountRoles } = ctx.tables
  const { accountId, roles, areaCode, householdCode, isActive } = input
  const account = yield* findAccount(ctx, accountId)
  if (account === undefined) throw new RefusalError('identity.account_unknown')
  if (roles?.includes('desk') === true && (areaCode ?? account.areaCode) === null)
    throw new RefusalError('identity.area_missing', undefined, { field: 'areaCode' })
  if (roles?.includes('farmer') === true && (householdCode ?? account.householdCode) === null)
    throw new RefusalError('identity.household_missing', undefined, { field: 'householdCode' })
  if (householdCode !== undefined && (yield* findTakenOutHouseholds(ctx, [householdCode])).size > 0)
    throw new RefusalError('household.code_taken_out', undefined, { field: 'householdCode' })
  const before = {
    roles: (yield* findRoles(ctx, [accountId])).get(accountId) ?? [],
    areaCode: account.areaCode,
    householdCode: account.householdCode,
    isActive: account.isActive,
  }
  const losesAdmin = isActive === false || (roles !== undefined && !roles.includes('admin'))
  if (losesAdmin && (yield* countOtherAdmins(ctx, accountId)) === 0) throw new RefusalError('identity.last_admin')
  if (roles !== undefined) {
    yield* exec(ctx.db.delete(accountRoles).where(eq(accountRoles.accountId, accountId)))
    yield* insertRows(
      accountRoles,
      [...new Set(roles)].map((role) => ({ accountId, role })),
    )
  }
  if (areaCode !== undefined)
    yield* exec(ctx.db.update(accounts).set({ areaCode }).where(eq(accounts.accountId, accountId)))
  if (householdCode !== undefined)
    yield* exec(ctx.db.update(accounts).set({ householdCode }).where(eq(accounts.accountId, accountId)))
  if (isActive !== undefined && isActive !== account.isActive) {
    const closedAtMs = isActive ? null : ctx.now()
    yield* exec(ctx.db.update(accounts).set({ isActive, closedAtMs }).where(eq(accounts.accountId, accountId)))
  }
  yield* endSignIns(ctx, accountId)
  const isOpen = isActive ?? account.isActive
  if (!isOpen || !(roles ?? before.roles).some((role) => subscribePush.access.includes(role as never)))
    yield* unsubscribeAccount(ctx, {
      accountId,
      byAccountId: input.byAccountId,
      why: 'the account may be told no more',
    })
  yield* recordAudit(ctx, {
    accountId: input.byAccountId,
    action: 'identity.access_changed',
    subjectId: accountId,
    before,
    after: {
      roles: roles ?? before.roles,
      areaCode: areaCode ?? before.areaCode,
      householdCode: householdCode ?? before.householdCode,
      isActive: isActive ?? before.isActive,
    },
  })
  return [{ kind: 'sign-out', accountId }]
}

/** Puts a one-time password in place of a forgotten one and ends the account's sign-ins. */
export function* resetPasswordHash(
  ctx: UnitContext,
  input: { byAccountId: Id; accountId: Id; newHash: string },
): Unit<{ login: string; effects: readonly Effect[] }> {
  const { accounts } = ctx.tables
  const { accountId, newHash } = input
  const account = yield* findAccount(ctx, accountId)
  if (account === undefined) throw new RefusalError('identity.account_unknown')
  yield* exec(
    ctx.db
      .update(accounts)
      .set({ passwordHash: newHash, mustChangePassword: true })
      .where(eq(accounts.accountId, accountId)),
  )
  yield* endSignIns(ctx, accountId)
  yield* recordAudit(ctx, {
    accountId: input.byAccountId,
    action: 'identity.password_reset',
    subjectId: accountId,
  })
  return { login: account.login, effects: [{ kind: 'sign-out', accountId }] }
}

/** Ends every sign-in of an account, which stays open. */
export function* endSessions(
  ctx: UnitContext,
  { byAccountId, accountId }: { byAccountId: Id; accountId: Id },
): Unit<{ ended: number; effects: readonly Effect[] }> {
  if ((yield* findAccount(ctx, accountId)) === undefined) throw new RefusalError('identity.account_unknown')
  const ended = yield* endSignIns(ctx, accountId)
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'identity.sessions_ended',
    subjectId: accountId,
    detail: { ended },
  })
  return { ended, effects: [{ kind: 'sign-out', accountId }] }
}
