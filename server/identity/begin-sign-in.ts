// Begins a sign-in once a password was checked, which takes a while: the hash that was checked must still be the account's, and the
// second factor is looked at in the same unit. A password changed or a factor added meanwhile ends the sign-ins that there are; one
// that is under way comes to nothing.
import type { Role } from '#shared/contracts/http/route.ts'
import type { ServerContext } from '../context.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import type { SignedIn } from '../http/register-route.ts'
import { hasLiveFactor, takeFactorCode } from './second-factor.ts'
import { addSignIn, type SignInLife, whoHolds } from './sign-in.ts'
import { findAccount, findRoles } from './store.ts'

type Config = ServerContext['config']

export interface SignInProof {
  readonly accountId: string
  /** The account's hash by which its password was found good. */
  readonly checkedHash: string
  /** Of the second factor. */
  readonly code: string | undefined
}

/** Staff go home and leave a browser behind: theirs ends with the day, and before when nobody uses it. */
function lifeFor(roles: readonly Role[], config: Config): SignInLife {
  const { sessionLifetimeMs, staffSessionLifetimeMs, staffIdleMs, secondFactorRoles } = config
  if (!roles.some((role) => secondFactorRoles.has(role))) return { lifetimeMs: sessionLifetimeMs, idleMs: undefined }
  return { lifetimeMs: Math.min(staffSessionLifetimeMs, sessionLifetimeMs), idleMs: staffIdleMs }
}

/** Refuses with identity.second_factor_needed and identity.second_factor_wrong. */
function* requireCode(ctx: UnitContext, sealer: ServerContext['sealer'], { accountId, code }: SignInProof): Unit<void> {
  if (!(yield* hasLiveFactor(ctx, accountId))) return
  if (code === undefined) throw new RefusalError('identity.second_factor_needed')
  if (!(yield* takeFactorCode(ctx, sealer, accountId, code)))
    throw new RefusalError('identity.second_factor_wrong', undefined, { field: 'code' })
}

/** Refuses with identity.sign_in_failed when the account was closed or its password changed meanwhile, and as the code demands. */
export function* beginSignIn(
  ctx: UnitContext,
  { config, sealer }: Pick<ServerContext, 'config' | 'sealer'>,
  { token, ...proof }: SignInProof & { readonly token: string },
): Unit<{ readonly account: SignedIn; readonly lifetimeMs: number }> {
  const { accountId, checkedHash } = proof
  const known = yield* findAccount(ctx, accountId)
  if (known?.passwordHash !== checkedHash || !known.isActive) throw new RefusalError('identity.sign_in_failed')
  yield* requireCode(ctx, sealer, proof)
  const life = lifeFor((yield* findRoles(ctx, [accountId])).get(accountId) ?? [], config)
  yield* addSignIn(ctx, { ...life, accountId, token })
  const holder = yield* whoHolds(ctx, token, config.secondFactorRoles)
  if (holder === undefined) throw new RefusalError('identity.sign_in_failed')
  return { account: holder.account, lifetimeMs: life.lifetimeMs }
}
