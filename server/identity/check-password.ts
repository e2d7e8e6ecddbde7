// Proves that the person at the keyboard knows the account's password, for changes that a borrowed session must not make.
import type { ServerContext } from '../context.ts'
import { RefusalError } from '../errors/refusal.ts'
import type { SignedIn } from '../http/register-route.ts'
import { type AttemptLimits, countAttempt } from './attempt-limits.ts'
import { isPassword } from './password.ts'
import { findAccountByLogin } from './store.ts'

/** Checked when there is no such login, so that the answer takes as long. */
export const nobodysHash = `scrypt$15$8$1$${Buffer.alloc(16).toString('base64')}$${Buffer.alloc(32).toString('base64')}`

/** Refuses a wrong password, counted as a failed attempt; returns the hash that was checked. */
export async function checkOwnPassword(
  ctx: Pick<ServerContext, 'database'>,
  limits: AttemptLimits,
  { account, password }: { readonly account: SignedIn; readonly password: string },
): Promise<string> {
  return await countAttempt(limits, account.login, async () => {
    const known = await ctx.database.read((unit) => findAccountByLogin(unit, account.login))
    const checkedHash = known?.passwordHash ?? nobodysHash
    if (!(await isPassword(password, checkedHash)))
      throw new RefusalError('identity.password_wrong', undefined, { field: 'currentPassword' })
    return checkedHash
  })
}
