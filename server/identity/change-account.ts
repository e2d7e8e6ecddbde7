// Changes of an account: its password by its owner, its roles and whether it is open by an administrator.
import { eq } from 'drizzle-orm'
import type { Role } from '#shared/contracts/http/route.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import type { Effect } from '../context.ts'
import { exec, insertRows, type Unit, type UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { recordAudit } from '../audit/record-audit.ts'
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
    isActive?: boolean | undefined
  },
): Unit<readonly Effect[]> {
  const { accounts, accountRoles } = ctx.tables
  const { accountId, roles, areaCode, isActive } = input
  const account = yield* findAccount(ctx, accountId)
  if (account === undefined) throw new RefusalError('identity.account_unknown')
  if (roles?.includes('desk') === true && (areaCode ?? account.areaCode) === null)
    throw new RefusalError('identity.area_missing', undefined, { field: 'areaCode' })
  const before = {
    roles: (yield* findRoles(ctx, [accountId])).get(accountId) ?? [],
    areaCode: account.areaCode,
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
  if (isActive !== undefined)
    yield* exec(ctx.db.update(accounts).set({ isActive }).where(eq(accounts.accountId, accountId)))
  yield* endSignIns(ctx, accountId)
  yield* recordAudit(ctx, {
    accountId: input.byAccountId,
    action: 'identity.access_changed',
    subjectId: accountId,
    before,
    after: {
      roles: roles ?? before.roles,
      areaCode: areaCode ?? before.areaCode,
      isActive: isActive ?? before.isActive,
    },
  })
  return [{ kind: 'sign-out', accountId }]
}
