// Proves that the person at the keyboard knows the account's password, for changes that a borrowed session must not make.
import type { ServerContext } from '../context.ts'
import { RefusalError } from '../errors/refusal.ts'
import type { SignedIn } from '../http/register-route.ts'
import { type AttemptLimits, countAttempt } from './attempt-limits.ts'
import { isPassword } from './password.ts'
import { findAccountByLogin } from './store.ts'

/** No password's; it costs as much as one that a person chose. */
const nobodysHash = `scrypt$15$8$1$${Buffer.alloc(16).toString('base64')}$${Buffer.alloc(32).toString('base64')}`
const costOf = (hash: string) => hash.split('$', 4).join('$')

/**
 * Whether the password is the account's; `stored` is undefined where there is no such account. The answer takes as long for nobody's
 * login, and for a one-time password, whose hash costs less: else time would tell which accounts there are and which were never used.
 */
export async function isPasswordOf(
  stored: string | undefined,
  password: string,
  check: typeof isPassword = isPassword,
): Promise<boolean> {
  const isFull = stored !== undefined && costOf(stored) === costOf(nobodysHash)
  const [isGood = false] = await Promise.all([
    ...(stored === undefined ? [false] : [check(password, stored)]),
    ...(isFull ? [] : [check(password, nobodysHash)]),
  ])
  return isGood
}

/** Refuses a wrong password, counted as a failed attempt; returns the hash that was checked. */
export async function checkOwnPassword(
  ctx: Pick<ServerContext, 'database'>,
  limits: AttemptLimits,
  { account, password }: { readonly account: SignedIn; readonly password: string },
): Promise<string> {
  return await countAttempt(limits, account.login, async () => {
    const known = await ctx.database.read((unit) => findAccountByLogin(unit, account.login))
    if (known === undefined || !(await isPassword(password, known.passwordHash)))
      throw new RefusalError('identity.password_wrong', undefined, { field: 'currentPassword' })
    return known.passwordHash
  })
}
