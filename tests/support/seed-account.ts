// An open account with one role, for tests that need a person but no sign-in.
import type { Role } from '#shared/contracts/http/route.ts'
import type { Unit, UnitContext } from '#server/db/unit.ts'
import { addAccounts } from '#server/identity/add-accounts.ts'

/** Returns the account's id; the login is the name. */
export function* seedAccount(
  ctx: UnitContext,
  name: string,
  role: Exclude<Role, 'farmer'>,
  areaCode?: string,
): Unit<string> {
  const account = { login: name, displayName: name, roles: [role], passwordHash: 'none', mustChangePassword: false }
  const [accountId = ''] = yield* addAccounts(ctx, [{ ...account, areaCode }])
  return accountId
}
